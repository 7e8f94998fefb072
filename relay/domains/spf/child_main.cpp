#include "relay/domains/spf/child_main.hpp"

#include "relay/domains/spf/confinement.hpp"
#include "relay/domains/spf/library_evaluation.hpp"
#include "relay/domains/spf/messages.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace domains {
namespace {

constexpr int pair = 0;  ///< our end of it

/// Nothing is left to be told: whoever started us sees the pair close. No destructor, no exit
/// handler runs, as none could do anything in here.
[[noreturn]] void end(int status) { _exit(status); }

void say(const std::string& message) {
  if (send(pair, message.data(), message.size(), MSG_NOSIGNAL) < 0) end(EXIT_FAILURE);
}

std::string hear() {
  std::string message(spf::max_to_child + 1, '\0');
  const ssize_t size = recv(pair, message.data(), message.size(), 0);
  if (size <= 0) end(EXIT_FAILURE);
  message.resize(static_cast<std::size_t>(size));
  return message;
}

policy::DnsAnswer ask(const policy::DnsQuestion& question) {
  say(encode(spf::FromChild(question)));
  auto answer = spf::decode_answer(hear());
  if (!answer) end(EXIT_FAILURE);
  return *answer;
}

}  // namespace

int spf_child_main() {
  if (auto why = spf::confine()) {
    spf::Unconfined unconfined;
    unconfined.why = *why;
    say(encode(spf::FromChild(unconfined)));
    return EXIT_FAILURE;
  }
  say(encode(spf::FromChild(spf::Ready{})));
  const auto question = spf::decode_question(hear());
  if (!question) end(EXIT_FAILURE);
  const auto verdict = spf::evaluate_by_library(*question, &ask);
  if (!verdict) end(EXIT_FAILURE);
  say(encode(spf::FromChild(*verdict)));
  end(EXIT_SUCCESS);
}

}  // namespace domains
