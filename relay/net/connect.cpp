#include "relay/net/connect.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

namespace net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

}  // namespace

std::vector<tcp::endpoint> by_turns(std::span<const tcp::endpoint> found) {
  std::deque<tcp::endpoint> turn;
  std::deque<tcp::endpoint> other;
  for (const tcp::endpoint& address : found)
    (address.address().is_v6() ? turn : other).push_back(address);
  std::vector<tcp::endpoint> order;
  while (order.size() < std::min(found.size(), tried_addresses)) {
    if (!turn.empty()) {
      order.push_back(turn.front());
      turn.pop_front();
    }
    turn.swap(other);
  }
  return order;
}

/// What is known so far. Handlers write it down and stir; the one coroutine, run(), decides.
class Connecting::Race : public std::enable_shared_from_this<Race> {
 public:
  Race(const asio::any_io_executor& executor, std::chrono::milliseconds attempt_delay)
      : resolver_(executor), stirred_(executor), delay_(attempt_delay) {}

  void look_up(const std::string& host, std::uint16_t port);
  void enter(const std::vector<tcp::endpoint>& addresses);
  asio::awaitable<mail::Result<tcp::socket>> run(Steady::time_point deadline);
  void abort();

 private:
  struct Attempt {
    Attempt(const asio::any_io_executor& executor, const tcp::endpoint& to)
        : address(to), socket(executor) {}
    tcp::endpoint address;
    tcp::socket socket;
    std::string trouble = "no answer in time";
  };
  [[nodiscard]] bool decided() const noexcept {
    return aborted_ || winner_ || (entered_ && under_way_ == 0 && begun_ == attempts_.size());
  }
  void advance(Steady::time_point now);
  void ended(Attempt& attempt, const error_code& failed);
  mail::Result<tcp::socket> finish();

  tcp::resolver resolver_;
  asio::steady_timer stirred_;
  std::chrono::milliseconds delay_;
  std::string not_found_ = "no address was found for it in time";
  std::deque<Attempt> attempts_;  ///< a deque: handlers refer to them
  bool entered_ = false;          ///< attempts_ is complete
  std::size_t begun_ = 0;
  std::size_t under_way_ = 0;
  Steady::time_point next_at_{};  ///< when the next attempt is due
  Attempt* winner_ = nullptr;
  bool aborted_ = false;
};

/// By a handler and not by co_await: a name server that hangs holds back even the answer to
/// cancel(), beyond every deadline.
void Connecting::Race::look_up(const std::string& host, std::uint16_t port) {
  const auto answered = [self = shared_from_this()](const error_code& failed,
                                                    const tcp::resolver::results_type& all) {
    if (failed) {
      self->not_found_ = "no address was found for it (" + failed.message() +
                         "): check the name and this machine's name servers";
    }
    std::vector<tcp::endpoint> found;
    for (const auto& one : all) found.push_back(one.endpoint());
    self->enter(by_turns(found));
    self->stirred_.cancel();
  };
  resolver_.async_resolve(host, std::to_string(port), answered);
}

void Connecting::Race::enter(const std::vector<tcp::endpoint>& addresses) {
  for (const tcp::endpoint& address : addresses)
    attempts_.emplace_back(resolver_.get_executor(), address);
  entered_ = true;
}

asio::awaitable<mail::Result<tcp::socket>> Connecting::Race::run(Steady::time_point deadline) {
  for (;;) {
    const auto now = Steady::now();
    if (decided() || now >= deadline) break;
    advance(now);
    stirred_.expires_at(begun_ < attempts_.size() ? std::min(next_at_, deadline) : deadline);
    co_await stirred_.async_wait(tup);
  }
  co_return finish();
}

/// Starts the next attempt if it is due.
void Connecting::Race::advance(Steady::time_point now) {
  if (begun_ == attempts_.size() || now < next_at_) return;
  Attempt& attempt = attempts_[begun_++];
  ++under_way_;
  next_at_ = now + delay_;
  attempt.socket.async_connect(attempt.address,
                               [self = shared_from_this(), &attempt](const error_code& failed) {
                                 self->ended(attempt, failed);
                               });
}

void Connecting::Race::ended(Attempt& attempt, const error_code& failed) {
  --under_way_;
  if (failed) {
    attempt.trouble = failed.message();
    next_at_ = {};  // at once
  } else if (!winner_) {
    winner_ = &attempt;
  }
  stirred_.cancel();
}

/// Closes all but the winner, which it gives, or tells what became of each attempt.
mail::Result<tcp::socket> Connecting::Race::finish() {
  resolver_.cancel();
  std::string troubles;
  error_code ignored;  // a socket that is not closed well is closed all the same
  for (std::size_t i = 0; i < begun_; ++i) {
    Attempt& attempt = attempts_[i];
    troubles +=
        (i == 0 ? "" : "; ") + attempt.address.address().to_string() + " " + attempt.trouble;
    if (&attempt != winner_ || aborted_) attempt.socket.close(ignored);
  }
  if (aborted_) return mail::failure("the relay is stopping");
  if (!winner_) return mail::failure(begun_ == 0 ? not_found_ : troubles);
  winner_->socket.set_option(tcp::no_delay(true), ignored);  // without it: only slower
  return std::move(winner_->socket);
}

void Connecting::Race::abort() {
  aborted_ = true;
  stirred_.cancel();
}

Connecting::Connecting(const asio::any_io_executor& executor,
                       std::chrono::milliseconds within,
                       std::chrono::milliseconds attempt_delay)
    : race_(std::make_shared<Race>(executor, attempt_delay)), within_(within) {}

asio::awaitable<mail::Result<tcp::socket>> Connecting::to(std::string host, std::uint16_t port) {
  const auto deadline = Steady::now() + within_;
  race_->look_up(host, port);
  auto connected = co_await race_->run(deadline);
  if (connected) co_return connected;
  co_return mail::failure("cannot connect to " + host + ":" + std::to_string(port) + ": " +
                          connected.error().sentence());
}

asio::awaitable<mail::Result<tcp::socket>> Connecting::to_first_of(
    const std::vector<tcp::endpoint>& addresses) {
  race_->enter(addresses);
  return race_->run(Steady::now() + within_);
}

void Connecting::abort() { race_->abort(); }

}  // namespace net
