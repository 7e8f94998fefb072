#include "relay/feedback/sqs_reader.hpp"

#include "relay/feedback/sns_message.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace feedback {

namespace asio = net::asio;
using namespace std::chrono_literals;

namespace {

/// An empty answer comes after the long poll; one that comes sooner must not make a busy loop.
constexpr auto shortest_round = 1s;
/// How often the log is told that the queue has several readers.
constexpr auto told_again = 10min;

/// A message of another relay that we have received so often.
std::chrono::seconds hidden_from_us(unsigned received) {
  if (received <= SqsReader::given_back_at_once) return 0s;
  const unsigned doublings = std::min(received - SqsReader::given_back_at_once - 1, 4U);
  return std::min(SqsReader::hidden * (1U << doublings), SqsReader::longest_hidden);
}

}  // namespace

/// What is to be done with a batch once all of it was handed over.
struct SqsReader::Settling {
  std::vector<std::string> deletions;
  std::vector<aws::Hiding> returns;
  std::string trouble;  ///< a sentence; empty: all went well
};

SqsReader::SqsReader(Parts parts) : parts_(std::move(parts)), wake_(parts_.executor) {}

void SqsReader::start(std::function<void()> ended) {
  auto next = [this, ended = std::move(ended)]() mutable {
    if (stopping_.stop_requested()) return ended();
    broken_ = true;  // by an exception, which the sink was told: the feed must not end with it
    start(std::move(ended));
  };
  net::spawn(
      parts_.executor, [this] { return run(); }, parts_.sink, std::move(next));
}

void SqsReader::stop() {
  stopping_.request_stop();
  wake_.cancel();
}

asio::awaitable<void> SqsReader::run() {
  if (broken_) co_await pause(parts_.backoff.failed(parts_.clock.random()));
  while (!stopping_.stop_requested()) {
    const auto began = parts_.clock.monotonic();
    const std::uint64_t had = handed_over();
    std::string trouble = co_await round();
    if (stopping_.stop_requested()) co_return;
    const bool troubled = !trouble.empty();
    note(std::move(trouble));
    if (troubled) {
      co_await pause(parts_.backoff.failed(parts_.clock.random()));
      continue;
    }
    parts_.backoff.succeeded();
    if (handed_over() == had && parts_.clock.monotonic() - began < shortest_round)
      co_await pause(shortest_round);
  }
}

/// One poll and what follows from it; the trouble it had, empty if none.
asio::awaitable<std::string> SqsReader::round() {
  // After trouble one at a time: an answer of ten may have been over the bound.
  const unsigned most = standing_.last_error.empty() ? aws::max_batch : 1;
  aws::Received received =
      co_await parts_.sqs.receive(most, long_poll, hidden, stopping_.get_token());
  if (received.answer.outcome != aws::SqsOutcome::done)
    co_return std::move(received.answer.sentence);
  standing_.last_success = parts_.clock.now();
  Settling settling;
  for (aws::SqsMessage& message : received.messages) {
    if (stopping_.stop_requested()) break;
    co_await take(std::move(message), settling);
  }
  co_await settle(settling);
  co_return std::move(settling.trouble);
}

asio::awaitable<void> SqsReader::take(aws::SqsMessage message, Settling& settling) {
  Reading reading = read_queued(message.body);
  Event* const event = std::get_if<Event>(&reading);
  if (event == nullptr) {
    pass_over(reading, message.body);
    settling.deletions.push_back(std::move(message.receipt_handle));
    co_return;
  }
  Event handed = std::move(*event);
  const Taken taken = co_await parts_.intake(std::move(handed));
  count(taken);
  switch (taken) {
    case Taken::booked:
    case Taken::duplicate:
    case Taken::foreign:
      settling.deletions.push_back(std::move(message.receipt_handle));
      break;
    case Taken::other_relay:
      settling.returns.emplace_back(std::move(message.receipt_handle),
                                    hidden_from_us(message.received));
      break;
    case Taken::failed:
      settling.trouble = "An event could not be made durable: it is read again in a minute";
      break;
  }
}

/// What is no event is deleted, because it would come again until the queue forgets it.
void SqsReader::pass_over(const Reading& reading, const std::string& body) {
  const auto* const unreadable = std::get_if<Unreadable>(&reading);
  if (unreadable == nullptr) {
    ++standing_.setup;
    return;
  }
  ++standing_.unreadable;
  parts_.log.warn(
      "a message of the queue is no event of SES and was deleted: see who may write "
      "to the queue",
      {{"why", unreadable->sentence}, {"octets", body.size()}, {"begins", body}});
}

asio::awaitable<void> SqsReader::settle(Settling& settling) {
  const auto keep = [&](const aws::BatchAnswer& answer) {
    if (!answer.answer.sentence.empty()) settling.trouble = answer.answer.sentence;
  };
  if (stopping_.stop_requested()) co_return;
  if (!settling.deletions.empty()) {
    const auto removed =
        co_await parts_.sqs.remove(std::move(settling.deletions), stopping_.get_token());
    keep(removed);
  }
  if (!settling.returns.empty()) {
    const auto hid = co_await parts_.sqs.hide(std::move(settling.returns), stopping_.get_token());
    keep(hid);
  }
}

asio::awaitable<void> SqsReader::pause(std::chrono::milliseconds duration) {
  if (stopping_.stop_requested()) co_return;
  wake_.expires_after(duration);
  co_await wake_.async_wait(net::tup);
}

/// Messages that were this relay's, or nobody's.
std::uint64_t SqsReader::handed_over() const {
  return standing_.booked + standing_.duplicate + standing_.foreign + standing_.setup +
         standing_.unreadable;
}

void SqsReader::count(Taken taken) {
  const WallTime now = parts_.clock.now();
  switch (taken) {
    case Taken::booked:
      ++standing_.booked;
      standing_.last_event = now;
      break;
    case Taken::duplicate:
      ++standing_.duplicate;
      standing_.last_event = now;
      break;
    case Taken::foreign:
      ++standing_.foreign;
      break;
    case Taken::other_relay:
      if (!standing_.last_of_other_relay || now - *standing_.last_of_other_relay > told_again)
        parts_.log.warn(
            "this queue has several readers: an event of another relay was given "
            "back; give each store a queue of its own");
      ++standing_.other_relay;
      standing_.last_of_other_relay = now;
      break;
    case Taken::failed:
      ++standing_.failed;
      break;
  }
}

void SqsReader::note(std::string trouble) {
  if (trouble == standing_.last_error) return;
  if (trouble.empty()) {
    parts_.log.info("the queue is read again");
  } else {
    parts_.log.warn("the queue cannot be read as it should", {{"why", trouble}});
  }
  standing_.last_error = std::move(trouble);
}

}  // namespace feedback
