#pragma once

#include "relay/delivery/account.hpp"
#include "relay/delivery/doubts.hpp"
#include "relay/delivery/prepare.hpp"
#include "relay/delivery/reporter.hpp"
#include "relay/delivery/upstream.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/published.hpp"
#include "relay/proto/settlement.hpp"
#include "relay/spool/store.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace observe {
class Log;
class Metrics;
class Recorder;
}  // namespace observe

namespace delivery {

/// Told on thread 0 of what an operator or a site must know of held mail; each may be empty.
struct HoldListeners {
  /// All mail of an upstream account, or of a domain there, begins or ceases to be held.
  std::function<void(const std::string& upstream, const Hold& hold, bool begins)> changed{};
  /// A message, and so many held alike, are held past a limit, and given up at `end`.
  std::function<void(
      const spool::Entry& entry, policy::Reason reason, std::uint64_t alike, spool::WallTime end)>
      too_long{};
};

/// What every courier shares. Outlives all of them; each member is thread-safe.
struct CourierServices {
  spool::Store& store;
  observe::Recorder& recorder;
  observe::Metrics& metrics;
  observe::Log& log;
  net::Clock& clock;
  const net::Published<Keyring>& keyring;
  const net::Published<smtp::RetryRules>& rules;
  const Reporter& reporter;
  Doubts& doubts;
  std::atomic<bool> clock_steady{true};  ///< false: the wall clock jumped lately, nothing expires
  HoldListeners holds{};
};

/// Opens connections to an upstream; called on the courier's thread.
using Connect = std::function<std::unique_ptr<UpstreamConnection>(net::asio::any_io_executor)>;

/// One upstream, as its couriers see it.
struct Route {
  const net::Published<config::Upstream>& settings;
  Connect connect;
  Account account{};
};

class Courier;

/// What a courier tells the scheduler after each message.
struct Report {
  std::shared_ptr<Courier> courier;
  spool::QueueId id;
  spool::Lane lane;
  std::uint64_t octets = 0;
  std::size_t recipients = 0;
  Consequence consequence;
  smtp::ReplyClass result{};
  std::chrono::steady_clock::time_point began{};
  bool unsignable = false;  ///< says nothing of the upstream
  bool connected = false;   ///< the connection had become ready for a transaction
  bool available = false;   ///< takes another message; else the courier ends
};

/// The scheduler as couriers know it; called on their threads.
class Dispatch {
 public:
  virtual ~Dispatch() = default;
  virtual void settled(Report report) = 0;
  /// Nothing came within the idle limit: dismisses the courier, or has just assigned it a message.
  virtual void unemployed(std::shared_ptr<Courier> courier) = 0;
  /// A courier's coroutine is over, in whatever way.
  virtual void ended(std::shared_ptr<Courier> courier) = 0;
  /// An entry went back to the store and falls due then. Called on a thread of the store.
  virtual void due(std::chrono::system_clock::time_point when) = 0;
};

/// Owns one connection to the upstream for its life: opens it for its first message, delivers,
/// settles each message in the store, takes the next, and ends when nothing comes within the idle
/// limit. Lives on one thread.
class Courier : public std::enable_shared_from_this<Courier> {
 public:
  Courier(CourierServices& services,
          Route& route,
          net::asio::any_io_executor executor,
          Dispatch& dispatch,
          spool::Job first);

  net::asio::awaitable<void> run();
  void assign(spool::Job job);  ///< to an idle courier; thread-safe
  void dismiss();               ///< end when the message under way is settled; thread-safe
  void abort();                 ///< end now, at worst in doubt, and begin nothing more; thread-safe
  /// After run() ended by an exception: what was under way, or was to be next, is sent again later.
  void put_back();
  [[nodiscard]] const Route& route() const noexcept { return route_; }

 private:
  class Transaction;
  net::asio::awaitable<Attempt> attempt(const spool::Job& job);
  net::asio::awaitable<std::optional<Attempt>> ensure_open();
  net::asio::awaitable<bool> next_job();
  Report settle_current(const Attempt& outcome);
  [[nodiscard]] smtp::Settlement settle(const Attempt& attempt, smtp::ReplyClass result);
  [[nodiscard]] bool settled_by_known_event();
  void commit(const Attempt& attempt, const smtp::Settlement& settlement);
  void store(spool::Change change, bool was_in_doubt = false);

  CourierServices& services_;
  Route& route_;
  net::asio::any_io_executor executor_;
  Dispatch& dispatch_;
  std::unique_ptr<UpstreamConnection> connection_;  ///< null: to be opened
  std::shared_ptr<const config::Upstream> opened_with_;
  net::asio::steady_timer idle_;
  std::optional<spool::Job> job_;      ///< the next message
  std::optional<spool::Job> current_;  ///< the message under way
  std::chrono::steady_clock::time_point began_{};
  bool dismissed_ = false;
};

/// The upstream's event says that it has this message: settles it where it is in doubt, and tells a
/// courier that still waits for the reply. `done` says whether an entry was settled by it now.
void settle_by_event(CourierServices& services,
                     spool::QueueId id,
                     std::string upstream_id,
                     std::function<void(bool)> done);

}  // namespace delivery
