#pragma once

#include "mail/result.hpp"
#include "relay/domains/examiner.hpp"
#include "relay/domains/registry.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace domains {

/// Looks at every domain that DNS verifies, again and again: each when its state says
/// (policy::until_next_round), a new one at once, on demand at once. The keys of the others, which
/// somebody vouches for, come to their next stage with time. Everything runs on one executor.
class Verification {
 public:
  static constexpr std::size_t rounds_at_once = 8;
  /// Beside them, of those that are asked for: neither kind waits for the other.
  static constexpr std::size_t asked_at_once = 4;

  struct Parts {
    boost::asio::any_io_executor executor;
    Registry& registry;
    Examiner& examiner;
    net::Clock& clock;
    net::ExceptionSink sink;
    std::function<void(const Domain& before, const Domain& after)> looked;  ///< after each round
  };

  explicit Verification(Parts parts);

  /// Begins; ends with stop().
  void start();
  /// No further round begins; those under way end by themselves.
  void stop();

  /// A round now, at the authoritative servers too. A Failure says why there is none: no such
  /// domain, somebody vouches for it so that nothing is asked, or asked_at_once are under way.
  net::asio::awaitable<mail::Result<void>> verify_now(std::string domain);

 private:
  class Asked;
  net::asio::awaitable<void> run();
  net::asio::awaitable<void> round(std::string domain, bool thorough);
  void begin_due_rounds();
  net::asio::awaitable<void> age_keys(std::string domain);
  [[nodiscard]] std::chrono::steady_clock::time_point due_at(const Domain& domain);

  Parts parts_;
  boost::asio::steady_timer wake_;
  std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> due_;
  std::set<std::string, std::less<>> under_way_;
  std::shared_ptr<std::size_t> asked_ = std::make_shared<std::size_t>(0);
  bool stopped_ = false;
};

}  // namespace domains
