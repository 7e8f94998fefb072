#include "tests/unit/spf/checks.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <utility>

namespace spf_tests {

domains::SpfChildCommand hostile(const std::string& way) {
  domains::SpfChildCommand command;
  command.arguments = {"spf_tests", "hostile-child", way};
  return command;
}

domains::SpfQuestion question(const std::string& domain) {
  domains::SpfQuestion asked;
  asked.ip = "192.0.2.1";
  asked.helo = "mail.example.org";
  asked.mail_from = "foo@" + domain;
  return asked;
}

Checked check(domains::Resolver& resolver,
              domains::SpfQuestion question,
              domains::SpfLimits limits,
              domains::SpfChildCommand command) {
  Checked checked;
  boost::asio::io_context context;
  domains::SpfEvaluator evaluator(
      context.get_executor(),
      resolver,
      [&](domains::SpfCheckEnd end) { checked.ends.push_back(end); },
      limits,
      std::move(command));
  start(context, [&]() -> boost::asio::awaitable<void> {
    checked.verdict = co_await evaluator.evaluate(question);
  });
  context.run();
  return checked;
}

bool has_no_children() { return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

std::size_t open_descriptors() {
  // The listing's own descriptor counts, each time.
  const std::filesystem::directory_iterator open("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

}  // namespace spf_tests
