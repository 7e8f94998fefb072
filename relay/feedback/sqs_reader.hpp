#pragma once

#include "relay/aws/sqs_api.hpp"
#include "relay/feedback/backoff.hpp"
#include "relay/feedback/event.hpp"
#include "relay/feedback/event_reader.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/observe/log.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace feedback {

/// What became of an event that was handed over.
enum class Taken : std::uint8_t {
  booked,       ///< durable
  duplicate,    ///< it was durable already
  foreign,      ///< of a message without our tags: nobody here will ever want it
  other_relay,  ///< of another relay's message: it must get it
  failed        ///< not durable; to be handed over again
};

/// Makes an event durable, and tells when it is.
using Intake = std::function<net::asio::awaitable<Taken>(Event event)>;

/// How the reading goes, for metrics and the doctor. The counts are those since the start.
struct SqsStanding {
  std::optional<WallTime> last_success;         ///< of a poll, empty or not
  std::optional<WallTime> last_event;           ///< that was booked or known already
  std::optional<WallTime> last_of_other_relay;  ///< this queue has several readers
  std::string last_error;                       ///< a sentence; empty once all goes well
  std::uint64_t booked = 0, duplicate = 0, foreign = 0, other_relay = 0, failed = 0;
  std::uint64_t setup = 0, unreadable = 0;
};

/// Reads SES's events from a queue of SQS, again and again, and deletes each once the intake has
/// it. Any number of readers and relays on one queue are harmless: what is read twice is a
/// duplicate, what is another's is given back. Everything runs on one executor.
class SqsReader {
 public:
  /// How long a message is hidden that was read: until it is deleted, or comes again.
  static constexpr std::chrono::seconds hidden{60};
  static constexpr std::chrono::seconds long_poll{20};
  /// A message of another relay is given back this often at once, and then ever more slowly, for
  /// that relay may be no more.
  static constexpr unsigned given_back_at_once = 5;
  static constexpr std::chrono::seconds longest_hidden{900};

  struct Parts {
    boost::asio::any_io_executor executor;
    aws::SqsApi& sqs;
    net::Clock& clock;
    observe::Log& log;
    net::ExceptionSink sink;
    Intake intake;
    Backoff backoff{};  ///< between polls that fail
  };

  explicit SqsReader(Parts parts);
  SqsReader(const SqsReader&) = delete;
  SqsReader& operator=(const SqsReader&) = delete;

  /// Begins; `ended` is called on the executor once nothing refers to the reader any more.
  void start(std::function<void()> ended = [] {});
  /// Ends the poll and every wait at once, and hands over no further event; what was received and
  /// not deleted by then comes again. A fetch of credentials ends by HttpClient::close(). For the
  /// executor.
  void stop();

  [[nodiscard]] const SqsStanding& standing() const noexcept { return standing_; }

 private:
  struct Settling;
  net::asio::awaitable<void> run();
  net::asio::awaitable<std::string> round();
  net::asio::awaitable<void> take(aws::SqsMessage message, Settling& settling);
  void pass_over(const Reading& reading, const std::string& body);
  net::asio::awaitable<void> settle(Settling& settling);
  net::asio::awaitable<void> pause(std::chrono::milliseconds duration);
  [[nodiscard]] std::uint64_t handed_over() const;
  void count(Taken taken);
  void note(std::string trouble);

  Parts parts_;
  SqsStanding standing_;
  boost::asio::steady_timer wake_;
  std::stop_source stopping_;
  bool broken_ = false;
};

}  // namespace feedback
