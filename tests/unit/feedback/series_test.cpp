// How many series a scrape has, whatever SES, sites and strangers send.
#include "relay/feedback/booker.hpp"
#include "relay/feedback/event_reader.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"
#include "tests/unit/aws/stepped_clock.hpp"
#include "tests/unit/http/fake_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;

/// A store that books each event as one of the app's mail.
class BookingStore final : public FakeStore {
 public:
  std::string app, domain;
  void book(spool::Booking, std::function<void(spool::Booked)> done) override {
    spool::Booked booked;
    booked.outcome = spool::Booked::Outcome::booked;
    booked.app = app;
    booked.domain = domain;
    done(booked);
  }
};

std::size_t series(const observe::Metrics& metrics) {
  std::istringstream lines(metrics.text());
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.starts_with('#') ? 0 : 1;
  return count;
}

/// Everything that the relay counts, of whatever kind, about random recipients.
class World {
 public:
  World() : log_(log_options()) { metrics.declare_listener("127.0.0.1:2525"); }

  /// A domain of an app, all of whose checks were answered once and are silent now, and that has
  /// signed.
  void add(const std::string& app, const std::string& domain) {
    metrics.declare(app, domain);
    metrics.app_blocked(app, false);
    metrics.feedback().ratios(app, 0, 0);
    policy::DomainState state;
    state.last_round = now_;
    for (policy::CheckState& check : state.checks) {
      check.last = policy::CheckResult::good;
      check.silent_since = now_;
    }
    metrics.domain_checked(domain, state);
    metrics.dkim_signature(domain, "rsa-sha256", 0.0003);
  }

  /// Each refusal, acceptance and reply that there is.
  void mail(const std::string& app, const std::string& domain) {
    observe::Recorder recorder(log_, metrics);
    for (const policy::ReasonRow& reason : policy::reasons()) {
      policy::Event event;
      event.app = app;
      event.domain = domain;
      event.kind = reason.status ? policy::EventKind::refused : policy::EventKind::held;
      event.reason = reason.reason;
      recorder.record(event, {.forward_path = address()});
      event.kind = policy::EventKind::accepted;
      recorder.record(event, {.forward_path = address()});
    }
    metrics.upstream_reply(static_cast<int>(random_() % 1000));
  }

  /// So many events about random addresses, of types known and unknown, through the reader and the
  /// booker.
  void events(const std::string& app, const std::string& domain, int count) {
    BookingStore store;
    store.app = app;
    store.domain = domain;
    feedback::SuppressionList list(feedback::SuppressionScope::app);
    feedback::Booker::Parts parts{store, list, metrics.feedback(), log_, clock_, "", {}};
    parts.prove = [](auto, auto, bool, const std::function<void(bool)>& done) { done(false); };
    feedback::Booker booker(std::move(parts));
    asio::io_context context;
    for (int i = 0; i < count; ++i) {
      auto reading = feedback::read_event(record());
      auto* event = std::get_if<feedback::Event>(&reading);
      if (event == nullptr) continue;
      ++booked;
      auto taken = asio::co_spawn(context, booker.take(std::move(*event)), asio::use_future);
      context.run();
      REQUIRE(taken.get() == feedback::Taken::booked);
      context.restart();
    }
  }

  observe::Metrics metrics{"1.2.3"};
  int booked = 0;

 private:
  static observe::LogOptions log_options() {
    observe::LogOptions options;
    options.descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return options;
  }

  std::string word() { return fmt::format("w{:x}", random_()); }
  std::string address() { return fmt::format("{}@{}.example", word(), word()); }
  template <std::size_t size>
  std::string one_of(const std::array<std::string_view, size>& words) {
    const std::size_t chosen = random_() % (size + 1);
    return chosen == size ? word() : std::string(words[chosen]);
  }

  std::string record() {
    constexpr auto types = std::to_array<std::string_view>({"Send",
                                                            "Delivery",
                                                            "Bounce",
                                                            "Bounce",
                                                            "Bounce",
                                                            "Complaint",
                                                            "Complaint",
                                                            "Reject",
                                                            "DeliveryDelay",
                                                            "Rendering Failure",
                                                            "Subscription"});
    constexpr auto bounce_types =
        std::to_array<std::string_view>({"Permanent", "Transient", "Undetermined"});
    constexpr auto subtypes = std::to_array<std::string_view>({"General",
                                                               "NoEmail",
                                                               "Suppressed",
                                                               "OnAccountSuppressionList",
                                                               "OnTenantSuppressionList",
                                                               "EmailValidationSuppressed",
                                                               "UnsubscribedRecipient",
                                                               "MailboxFull",
                                                               "MessageTooLarge",
                                                               "ContentRejected",
                                                               "AttachmentRejected",
                                                               "CustomTimeoutExceeded",
                                                               "Undetermined"});
    constexpr auto kinds = std::to_array<std::string_view>(
        {"abuse", "auth-failure", "fraud", "not-spam", "other", "virus"});
    const std::string to = address();
    return fmt::format(
        R"({{"eventType":"{}","mail":{{"timestamp":"2026-09-14T09:30:15.482Z","messageId":"{}",)"
        R"("destination":["{}"],"tags":{{}}}},)"
        R"("bounce":{{"bounceType":"{}","bounceSubType":"{}","feedbackId":"{}",)"
        R"("timestamp":"2026-09-14T09:30:16Z","bouncedRecipients":[{{"emailAddress":"{}"}}]}},)"
        R"("complaint":{{"complaintFeedbackType":"{}","feedbackId":"{}",)"
        R"("timestamp":"2026-09-14T09:30:16Z","complainedRecipients":[{{"emailAddress":"{}"}}]}},)"
        R"("delivery":{{"timestamp":"2026-09-14T09:30:16Z","recipients":["{}"]}}}})",
        one_of(types),
        word(),
        to,
        one_of(bounce_types),
        one_of(subtypes),
        word(),
        to,
        one_of(kinds),
        word(),
        to,
        to);
  }

  SteppedClock clock_;
  observe::Log log_;
  policy::WallTime now_{std::chrono::seconds(1'800'000'000)};
  std::mt19937_64 random_{7};
};

}  // namespace

TEST_SUITE("the series of a scrape") {
  TEST_CASE("stay within their bounds after 100,000 events about random addresses") {
    World world;
    world.add("shop", "example.com");
    for (int i = 0; i < 100; ++i) world.mail("shop", "example.com");
    world.events("shop", "example.com", 100'000);
    CHECK(world.booked > 80'000);
    const std::size_t one = series(world.metrics);
    MESSAGE("series of one app and one domain: " << one);
    CHECK(one < 400);

    world.add("blog", "example.net");
    world.mail("blog", "example.net");
    world.events("blog", "example.net", 20'000);
    const std::size_t two = series(world.metrics);
    MESSAGE("of another app with its own domain: " << two - one);
    CHECK(two - one <= 60 + 20);

    world.add("blog", "example.org");
    world.mail("blog", "example.org");
    const std::size_t three = series(world.metrics);
    MESSAGE("of a further domain: " << three - two);
    CHECK(three - two <= 20);

    world.add("wiki", "example.org");
    world.mail("wiki", "example.org");
    world.events("wiki", "example.org", 20'000);
    const std::size_t four = series(world.metrics);
    MESSAGE("of a further app: " << four - three);
    CHECK(four - three <= 60);
    CHECK(world.metrics.text().find('@') == std::string::npos);
  }
}
