#pragma once

#include "relay/delivery/courier.hpp"
#include "relay/delivery/rate.hpp"
#include "relay/net/threads.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace delivery {

/// Opens connections to the upstream; called on the courier's thread.
using Connect = std::function<std::unique_ptr<UpstreamConnection>(net::asio::any_io_executor)>;

/// Picks what goes next, within the rate and the connections of the upstream. Its state lives on
/// thread 0 and is asked by message; it holds a bounded number of messages in memory, all leased
/// from the store, and fetches more when few are left.
class Scheduler final : public Dispatch {
 public:
  static constexpr std::size_t most_jobs = 1000;
  static constexpr std::uint64_t most_octets = 16ULL << 20;

  Scheduler(CourierServices& services, net::Threads& threads, Connect connect);

  /// Begins with what the store holds.
  void start();

  // What sessions call (thread-safe).
  [[nodiscard]] bool reserve(std::uint64_t octets);
  void unreserve(std::uint64_t octets);
  void deliver(spool::Job job, bool leased);

  /// Something in the store may be due now: after a release or a reload. Thread-safe.
  void look();

  /// Ends a pause: what caused it may be mended by the configuration that was just reloaded.
  /// Thread-safe.
  void resume();

  /// Delivers what is due and then calls `done` once, when nothing is ready or under way; new mail
  /// is still taken.
  void drain(std::function<void()> done);
  /// Ends every courier now; what is under way stays in doubt. `done` is called when all have
  /// ended.
  void stop(std::function<void()> done);

  // What couriers call (thread-safe).
  void settled(Report report) override;
  void unemployed(std::shared_ptr<Courier> courier) override;
  void due(std::chrono::system_clock::time_point when) override;

 private:
  using Time = std::chrono::steady_clock::time_point;
  void pump();
  [[nodiscard]] bool may_send();
  void employ(spool::Job job);
  void refill();
  void leased(std::vector<spool::Job> jobs);
  void ask_next_due();
  void wake_at(std::chrono::system_clock::time_point when);
  void wake_in(std::chrono::milliseconds delay);
  void after(const Report& report);
  void ended(const std::shared_ptr<Courier>& courier);
  void check_drained();
  [[nodiscard]] unsigned connections_allowed() const;

  CourierServices& services_;
  net::Threads& threads_;
  net::asio::io_context& context_;
  Connect connect_;

  std::atomic<std::size_t> held_jobs_{0};
  std::atomic<std::uint64_t> held_octets_{0};
  std::atomic<bool> backlog_{true};  ///< the store may hold due entries that are not in memory

  // Touched on thread 0 only.
  std::deque<spool::Job> ready_;
  std::vector<std::shared_ptr<Courier>> idle_;
  std::set<std::shared_ptr<Courier>> couriers_;
  std::optional<Rate> rate_;
  net::asio::steady_timer pause_timer_;
  net::asio::steady_timer due_timer_;
  Time paused_until_{};
  std::optional<std::chrono::system_clock::time_point> next_due_;
  std::chrono::milliseconds connect_backoff_{0};
  unsigned fewer_connections_ = 0;  ///< given up because the upstream counts too many
  std::size_t next_thread_ = 0;
  bool leasing_ = false;
  bool account_held_ = false;  ///< an account-wide hold is on: one message at a time probes
  bool stopping_ = false;
  std::function<void()> drained_;
  std::function<void()> stopped_;
};

}  // namespace delivery
