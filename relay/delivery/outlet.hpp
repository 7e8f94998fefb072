#pragma once

#include "relay/delivery/adaptive_rate.hpp"
#include "relay/delivery/circuit_breaker.hpp"
#include "relay/delivery/courier.hpp"
#include "relay/net/threads.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace delivery {

/// One upstream with its connections, as the scheduler deals with it: how fast, how many at once,
/// and whether it can be reached at all. Lives on the scheduler's thread.
class Outlet {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Outlet(CourierServices& services, Route& route, net::Threads& threads, Dispatch& dispatch);

  [[nodiscard]] Route& route() noexcept { return route_; }
  [[nodiscard]] Account& account() noexcept { return route_.account; }

  /// How long until this entry can go by this outlet, the rate left out: 0 now, nothing: when a
  /// report comes. A probe does not wait for the quota's sake.
  [[nodiscard]] std::optional<std::chrono::milliseconds> wait(const spool::Entry& entry,
                                                              Time now,
                                                              bool probe = false);
  /// The same for anything at all.
  [[nodiscard]] std::optional<std::chrono::milliseconds> wait(Time now);
  /// How long until the rate lets a message of so many recipients go; to be asked only for one that
  /// would go else, because that it has to wait is what lets the rate grow.
  [[nodiscard]] std::chrono::milliseconds wait_for_rate(std::size_t recipients, Time now);
  /// It cannot be reached now: the next of the list is to be used.
  [[nodiscard]] bool unreachable(Time now) const;
  /// Hands it to a courier. To be called only when both waits are 0.
  void employ(spool::Job job, Time now);

  /// What an attempt says of the upstream; the courier may be idle now.
  void learn(const Report& report, Time now, bool stopping);
  /// Lets an idle courier go; nothing if it is no longer idle.
  void let_go(const std::shared_ptr<Courier>& courier);
  /// A courier has ended, in whatever way.
  void ended(const std::shared_ptr<Courier>& courier);
  void dismiss();  ///< couriers end when the message under way is settled
  void abort();
  /// What kept it from sending may be mended: a changed configuration.
  void try_anew(Time now);
  /// What the account tells of itself; nothing: it does not tell any more.
  void told(std::optional<AccountFigures> figures, Time now);

  [[nodiscard]] bool employs(const Courier& courier) const { return &courier.route() == &route_; }
  [[nodiscard]] bool empty() const noexcept { return couriers_.empty(); }
  [[nodiscard]] std::size_t busy() const noexcept { return couriers_.size() - idle_.size(); }
  /// What is worth keeping over a restart, and back; empty: nothing.
  [[nodiscard]] std::string learned() const { return rate_ ? rate_->learned() : std::string(); }
  void recall(const std::string& learned) {
    if (rate_) rate_->recall(learned);
  }
  /// Recipients a second; infinity for no limit.
  [[nodiscard]] double limit() const noexcept;

 private:
  [[nodiscard]] std::size_t connections_allowed(Time now) const;
  [[nodiscard]] std::uint64_t under_way() const;
  void limit_rate(Time now);
  void start(spool::Job job, Time now);

  CourierServices& services_;
  Route& route_;
  net::Threads& threads_;
  Dispatch& dispatch_;
  std::optional<AdaptiveRate> rate_;  ///< none: an upstream that counts nothing
  CircuitBreaker breaker_;
  std::set<std::shared_ptr<Courier>> couriers_;
  std::vector<std::shared_ptr<Courier>> idle_;
  std::set<const Courier*> opening_;                   ///< nothing is known of their connection yet
  std::map<const Courier*, std::uint64_t> under_way_;  ///< recipients of what each has in hand
  std::size_t fewer_connections_ = 0;  ///< given up because the upstream counts too many
  Time fewer_since_{};
  std::size_t next_thread_ = 0;
};

}  // namespace delivery
