#include "relay/domains/spf/evaluator.hpp"

#include "tests/unit/spf/checks.hpp"

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using domains::SpfCheckEnd;
using policy::SpfResult;

namespace {

/// Answers nothing before it is opened; then that there is no such name.
class Gate final : public domains::Resolver {
 public:
  explicit Gate(asio::io_context& context)
      : opened_(context, asio::steady_timer::time_point::max()) {}

  void open() { opened_.expires_at(asio::steady_timer::time_point::min()); }
  void open_after(std::chrono::milliseconds time) { opened_.expires_after(time); }
  /// Whatever ends the wait from now on, opens it.
  void open_on_cancellation() { open_ = true; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

  asio::awaitable<policy::DnsAnswer> resolve(policy::DnsQuestion /*question*/) override {
    ++waiting_;
    while (!open_ && opened_.expiry() > asio::steady_timer::clock_type::now())
      co_await opened_.async_wait(net::tup);
    --waiting_;
    policy::DnsAnswer answer;
    answer.outcome = policy::DnsOutcome::no_name;
    co_return answer;
  }
  asio::awaitable<std::vector<policy::DnsAnswer>> ask_authorities(policy::DnsQuestion) override {
    co_return std::vector<policy::DnsAnswer>();
  }

 private:
  asio::steady_timer opened_;
  std::size_t waiting_ = 0;
  bool open_ = false;
};

struct Checks {
  asio::io_context context;
  Gate gate{context};
  std::vector<policy::SpfVerdict> verdicts;
  std::vector<SpfCheckEnd> ends;
  std::optional<domains::SpfEvaluator> evaluator;

  void use(domains::SpfLimits limits, domains::SpfChildCommand command = {}) {
    evaluator.emplace(
        context.get_executor(),
        gate,
        [this](SpfCheckEnd end) { ends.push_back(end); },
        limits,
        std::move(command));
  }
  void start() {
    spf_tests::start(context, [this]() -> asio::awaitable<void> {
      const policy::SpfVerdict verdict =
          co_await evaluator->evaluate(spf_tests::question("example.org"));
      verdicts.push_back(verdict);
    });
  }
  template <class Condition>
  void run_until(Condition reached) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!reached() && std::chrono::steady_clock::now() < deadline) context.run_one_for(20s);
    REQUIRE(reached());
  }
};

}  // namespace

TEST_CASE("no more children live at once than may, and the others wait for their turn") {
  Checks checks;
  domains::SpfLimits limits;
  limits.children = 2;
  checks.use(limits);
  for (int i = 0; i < 5; ++i) checks.start();
  checks.run_until([&] { return checks.gate.waiting() == 2; });
  checks.context.run_for(200ms);  // long enough for a third child to ask, were there one
  CHECK(checks.gate.waiting() == 2);
  CHECK(checks.verdicts.empty());
  checks.gate.open();
  checks.context.run();
  CHECK(checks.ends == std::vector(5, SpfCheckEnd::verdict));
  CHECK(spf_tests::has_no_children());
}

TEST_CASE("beyond the bound of those that wait a check is unknown at once") {
  Checks checks;
  domains::SpfLimits limits;
  limits.children = 1;
  limits.waiting = 1;
  checks.use(limits);
  for (int i = 0; i < 3; ++i) checks.start();
  checks.run_until([&] { return !checks.verdicts.empty(); });
  CHECK(checks.ends == std::vector{SpfCheckEnd::not_started});
  CHECK(checks.verdicts.front().result == SpfResult::unknown);
  checks.gate.open();
  checks.context.run();
  CHECK(std::count(checks.ends.begin(), checks.ends.end(), SpfCheckEnd::verdict) == 2);
}

TEST_CASE("time that runs out while DNS is asked is a temporary error") {
  Checks checks;
  domains::SpfLimits limits;
  limits.time = 200ms;
  checks.use(limits);
  checks.gate.open_after(400ms);
  checks.start();
  checks.context.run();
  CHECK(checks.ends == std::vector{SpfCheckEnd::dns_too_slow});
  REQUIRE(checks.verdicts.size() == 1);
  CHECK(checks.verdicts.front().result == SpfResult::temp_error);
  CHECK(spf_tests::has_no_children());
}

TEST_CASE("a check that is cancelled leaves no child, and its room to the next") {
  Checks checks;
  domains::SpfLimits limits;
  limits.children = 1;
  checks.use(limits, spf_tests::hostile("is stuck"));
  asio::cancellation_signal cancel;
  bool ended = false;
  bool knows = false;
  asio::co_spawn(
      checks.context,
      [&]() -> asio::awaitable<void> {
        co_await checks.evaluator->evaluate(spf_tests::question("example.org"));
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        knows = state.cancelled() == asio::cancellation_type::terminal;
      },
      asio::bind_cancellation_slot(cancel.slot(),
                                   [&](const std::exception_ptr&) { ended = true; }));
  checks.context.run_for(100ms);
  REQUIRE(!ended);
  cancel.emit(asio::cancellation_type::terminal);
  checks.run_until([&] { return ended; });
  CHECK(spf_tests::has_no_children());
  CHECK(checks.ends == std::vector{SpfCheckEnd::cancelled});
  CHECK_MESSAGE(knows, "the caller is still to find out that it is cancelled");

  domains::SpfLimits short_limits = limits;
  short_limits.time = 100ms;
  checks.use(short_limits, spf_tests::hostile("is stuck"));
  checks.start();
  checks.context.restart();
  checks.context.run();
  CHECK(checks.verdicts.size() == 1);
}

TEST_CASE("a check that is cancelled while DNS is asked leaves no child either") {
  Checks checks;
  checks.use({});
  asio::cancellation_signal cancel;
  bool ended = false;
  asio::co_spawn(checks.context,
                 checks.evaluator->evaluate(spf_tests::question("example.org")),
                 asio::bind_cancellation_slot(
                     cancel.slot(),
                     [&](const std::exception_ptr&, const policy::SpfVerdict&) { ended = true; }));
  checks.run_until([&] { return checks.gate.waiting() == 1; });
  checks.gate.open_on_cancellation();
  cancel.emit(asio::cancellation_type::terminal);
  checks.run_until([&] { return ended; });
  CHECK(checks.ends == std::vector{SpfCheckEnd::cancelled});
  CHECK(spf_tests::has_no_children());
}

TEST_CASE("an executor that goes away during a check takes the child with it") {
  {
    Checks checks;
    checks.use({}, spf_tests::hostile("is stuck"));
    checks.start();
    checks.context.run_for(100ms);
    REQUIRE(!spf_tests::has_no_children());
  }
  CHECK(spf_tests::has_no_children());
}

TEST_CASE("a hostile child does not disturb a good one beside it") {
  spf_tests::Zone zone;
  zone.add("example.org", policy::RecordType::txt, "v=spf1 ip4:192.0.2.1 -all");
  asio::io_context context;
  domains::SpfLimits limits;
  limits.time = 500ms;
  const auto ignore = [](SpfCheckEnd) {};
  domains::SpfEvaluator bad(
      context.get_executor(), zone, ignore, limits, spf_tests::hostile("asks for ever"));
  domains::SpfEvaluator good(context.get_executor(), zone, ignore);
  std::size_t passed = 0;
  for (int i = 0; i < 5; ++i) {
    spf_tests::start(context, [&]() -> asio::awaitable<void> {
      co_await bad.evaluate(spf_tests::question("example.org"));
    });
    spf_tests::start(context, [&]() -> asio::awaitable<void> {
      const auto verdict = co_await good.evaluate(spf_tests::question("example.org"));
      if (verdict.result == SpfResult::pass) ++passed;
    });
  }
  context.run();
  CHECK(passed == 5);
  CHECK(spf_tests::has_no_children());
}
