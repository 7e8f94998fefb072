#pragma once

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
/// (policy::until_next_round), a new one at once, on demand at once. Everything runs on one
/// executor.
class Verification {
 public:
  static constexpr std::size_t rounds_at_once = 8;

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

  /// A round now, at the authoritative servers too. False where there is no such domain, or where
  /// somebody vouches for it so that nothing is asked.
  net::asio::awaitable<bool> verify_now(std::string domain);

 private:
  net::asio::awaitable<void> run();
  net::asio::awaitable<void> round(std::string domain, bool thorough);
  void begin_due_rounds();
  [[nodiscard]] std::chrono::steady_clock::time_point due_at(const Domain& domain);

  Parts parts_;
  boost::asio::steady_timer wake_;
  std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> due_;
  std::set<std::string, std::less<>> under_way_;
  bool stopped_ = false;
};

}  // namespace domains
