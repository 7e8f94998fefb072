// Reads a queue as the relay does, and says what it took: read_queue ENDPOINT QUEUE_URL RELAY.
//
// A line of JSON for each event, `{"message_id": …, "taken": "booked"}`, and one for the standing
// at the end. Booked are events with the tag of RELAY, kept in memory alone; those of another tag
// are another relay's. SIGTERM ends it.

#include "relay/feedback/sqs_reader.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <random>
#include <set>
#include <string>

namespace {

namespace asio = boost::asio;
using feedback::Taken;

class RealClock : public net::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::now();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::now();
  }
  std::uint32_t random() override { return random_(); }

 private:
  std::random_device random_;
};

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

/// The events that were taken, told apart as the relay does.
class Books {
 public:
  explicit Books(std::string relay) : relay_(std::move(relay)) {}

  Taken take(const feedback::Event& event) {
    if (event.relay.empty()) return told(event, Taken::foreign, "foreign");
    if (event.relay != relay_) return Taken::other_relay;
    const bool first = seen_.insert(feedback::fingerprint(event)).second;
    return first ? told(event, Taken::booked, "booked")
                 : told(event, Taken::duplicate, "duplicate");
  }

 private:
  static Taken told(const feedback::Event& event, Taken taken, const char* word) {
    say(fmt::format(R"({{"message_id": "{}", "taken": "{}"}})", event.message_id, word));
    return taken;
  }

  std::string relay_;
  std::set<spool::Fingerprint> seen_;
};

void say_standing(const feedback::SqsStanding& standing) {
  say(fmt::format(
      R"({{"booked": {}, "duplicate": {}, "foreign": {}, "other_relay": {}, "unreadable": {}, "last_error": "{}"}})",
      standing.booked,
      standing.duplicate,
      standing.foreign,
      standing.other_relay,
      standing.unreadable,
      standing.last_error));
}

int run(const std::string& endpoint, const std::string& queue, const std::string& relay) {
  RealClock clock;
  observe::Log log({});
  const auto http = aws::HttpClient::start().value();
  aws::CredentialSource::Settings settings;
  settings.configured.region = "eu-central-1";
  settings.configured.access_key_id = config::Secret("AKIDEXAMPLE");
  settings.configured.secret_access_key = config::Secret("secret");
  const auto credentials = aws::CredentialSource::make(*http, clock, std::move(settings)).value();
  aws::SqsApi sqs(*http, *credentials, {queue, "eu-central-1", endpoint});

  asio::io_context context(1);
  Books books(relay);
  bool failed = false;
  feedback::SqsReader reader(feedback::SqsReader::Parts{
      context.get_executor(),
      sqs,
      clock,
      log,
      [&](std::string_view what) {
        log.error("an exception", {{"what", what}});
        failed = true;
      },
      [&](feedback::Event event) -> asio::awaitable<Taken> { co_return books.take(event); }});
  asio::signal_set signals(context, SIGTERM);
  signals.async_wait([&](boost::system::error_code, int) { reader.stop(); });
  reader.start();
  context.run();
  say_standing(reader.standing());
  return failed ? 1 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    fmt::print(stderr, "usage: read_queue ENDPOINT QUEUE_URL RELAY\n");
    return 2;
  }
  return run(arguments[1], arguments[2], arguments[3]);
}
