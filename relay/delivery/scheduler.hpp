#pragma once

#include "relay/delivery/clock_guard.hpp"
#include "relay/delivery/fair_queue.hpp"
#include "relay/delivery/hold_keeper.hpp"
#include "relay/delivery/hold_warnings.hpp"
#include "relay/delivery/lanes.hpp"
#include "relay/delivery/outlet.hpp"
#include "relay/net/threads.hpp"

#include <boost/asio/steady_timer.hpp>

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
#include <string_view>
#include <utility>
#include <vector>

namespace delivery {

/// What each app has of the upstreams: an immutable snapshot, replaced whole on reload.
struct Apportionment {
  std::map<std::string, double, std::less<>> weights;
  /// The route of those that have one of their own; others take the first that can be reached.
  std::map<std::string, std::size_t, std::less<>> routes;
  std::vector<std::string> apps;  ///< all of them
};

/// Picks what goes next, fairly among apps and urgent mail first, within what each upstream allows.
/// Its state lives on thread 0 and is asked by message; it holds a bounded number of messages in
/// memory, all leased from the store, and fetches more of a lane when few are left.
class Scheduler final : public Dispatch {
 public:
  Scheduler(CourierServices& services,
            net::Threads& threads,
            const std::vector<Route*>& routes,
            Apportionment apportionment);

  /// Begins with what the store holds; `notes` are what it kept over the restart.
  void start(const std::map<std::string, std::string, std::less<>>& notes);

  // What sessions call (thread-safe).
  [[nodiscard]] bool reserve(const spool::Lane& lane, std::uint64_t octets);
  void unreserve(const spool::Lane& lane, std::uint64_t octets);
  void deliver(spool::Job job, bool leased);
  /// Why mail of this app and domain has to wait now.
  [[nodiscard]] std::optional<policy::Reason> held(std::string_view app,
                                                   std::string_view domain) const;
  /// The upstream's replies have it that the domain is not verified there.
  [[nodiscard]] bool refused_by_upstream(std::string_view domain) const;

  /// Something in the store may be due now: after a release, and now and then. Thread-safe.
  void look();
  /// Carries out an operator's order: what is only waiting in memory goes back to the store first,
  /// and afterwards holds are tried anew. Thread-safe; `done` is called on a thread of the store.
  void order(spool::Order order, std::function<void(spool::Ordered)> done);
  /// Keeps over a restart what it cannot find out again at once. Thread-safe.
  void keep_notes();
  /// The configuration was changed: what kept mail may be mended. Thread-safe.
  void reloaded(Apportionment apportionment);

  /// What the account of an upstream (by its place in the list) tells of itself; nothing: it does
  /// not tell any more. Thread-safe.
  void told(std::size_t outlet, std::optional<AccountFigures> figures);

  /// Delivers what is due and then calls `done` once, when nothing is ready or under way; new mail
  /// is still taken.
  void drain(std::function<void()> done);
  /// Begins nothing more; what is under way is finished, so that it is not in doubt. `done` is
  /// called when every courier has ended.
  void finish(std::function<void()> done);
  /// Ends every courier now, after finish(); what is under way stays in doubt.
  void abort();

  /// Sets the gauges of the upstreams. On thread 0 only.
  void show(observe::Metrics& metrics);

  // What couriers call (thread-safe).
  void settled(Report report) override;
  void unemployed(std::shared_ptr<Courier> courier) override;
  void ended(std::shared_ptr<Courier> courier) override;
  void due(std::chrono::system_clock::time_point when) override;

 private:
  static constexpr std::string_view clock_note = "clock";
  static constexpr std::string_view warnings_note = "warnings";
  using Time = std::chrono::steady_clock::time_point;
  using Wait = std::optional<std::chrono::milliseconds>;
  struct Probe {
    std::size_t outlet;
    spool::Job job;
  };
  /// How a hold was probed last.
  struct Asked {
    spool::QueueId by;         ///< by which message
    std::optional<Time> open;  ///< since when nothing is known of it
    std::optional<Time>
        again;  ///< none was found: asked once more then, for it may have been leased
  };

  void pump();
  void send_probes(Time now, Wait& again);
  void ask_for_probe(std::size_t outlet, const Hold& hold, Time now);
  void probe_found(std::size_t outlet, const Hold& hold, std::vector<spool::Job> jobs);
  void probe_told(spool::QueueId id);
  void send_ready(Time now, Wait& again);
  [[nodiscard]] bool any_room(Time now, Wait& again);
  [[nodiscard]] Outlet* ready_outlet(const spool::Entry& entry, Time now, Wait& again);
  [[nodiscard]] std::vector<std::size_t> outlets_of(std::string_view app) const;
  [[nodiscard]] HoldKeeper::Apps apps_of(std::size_t outlet) const;
  [[nodiscard]] std::size_t outlet_of(const Courier& courier) const;

  void give_back(const spool::Filter& filter);
  void try_anew();
  void release_if_free(const spool::Entry& entry);
  void refill();
  void leased(const std::set<spool::Lane>& asked,
              std::size_t most_per_lane,
              std::uint64_t most_octets,
              std::vector<spool::Job> jobs);
  void take_in(spool::Job job);
  /// What may be done with a message that may leave.
  using Go = std::function<void(spool::Job)>;
  void go_if_reached(spool::Job job, Go go);
  void push(spool::Job job);
  void weighed(spool::Job job, const std::vector<bool>& reached, const Go& go);
  void weigh_anew();
  [[nodiscard]] std::optional<policy::Reason> standing(const spool::Entry& entry) const;
  [[nodiscard]] std::optional<policy::Reason> standing_here(const spool::Entry& entry) const;
  [[nodiscard]] std::optional<policy::Reason> refused(std::string_view app,
                                                      std::string_view domain) const;
  [[nodiscard]] bool held_here(const spool::Job& job);
  void look_at_held(spool::Job job);
  void warn_if_due(const spool::Job& job, const HoldTimes& times, spool::WallTime now);
  void look_at_doubt(spool::Job job);
  [[nodiscard]] spool::Change hold_of(const spool::Entry& entry,
                                      policy::Reason reason,
                                      spool::WallTime look) const;
  [[nodiscard]] spool::WallTime standard_look(const spool::Entry& entry) const;
  bool settled_meanwhile(const spool::Job& job);
  bool give_up_if_expired(const spool::Job& job);
  void give_up(const spool::Job& job, policy::ReportKind kind);
  void put_away(const spool::Job& job, spool::Change change);
  void follow(std::size_t outlet, const Consequence& consequence);

  void look_at_clock();
  void recall(const std::map<std::string, std::string, std::less<>>& notes);
  void keep_quota_soon();
  void keep_quotas();
  void compare_with_last_run(std::string_view note);
  void ask_next_due();
  void wake_at(std::chrono::system_clock::time_point when);
  void wake_in(std::chrono::milliseconds delay);
  void check_drained();
  void check_stopped();

  CourierServices& services_;
  net::asio::io_context& context_;
  Lanes lanes_;
  net::Published<Apportionment> apportionment_;
  std::vector<std::unique_ptr<Outlet>> outlets_;  ///< by route; never changes

  // Touched on thread 0 only.
  HoldKeeper keeper_;
  HoldWarnings warnings_;
  FairQueue queue_;
  std::deque<Probe> probes_;  ///< go before the queue, holds or not; at most one a hold
  std::map<std::pair<std::size_t, Hold>, Asked> asked_;  ///< by outlet
  ClockGuard clock_guard_;
  net::asio::steady_timer pause_timer_;
  net::asio::steady_timer due_timer_;
  net::asio::steady_timer quota_timer_;
  bool quota_kept_soon_ = false;
  std::optional<std::chrono::system_clock::time_point> next_due_;
  bool look_wanted_ = true;  ///< the store may hold due entries of any lane
  bool leasing_ = false;
  std::size_t weighing_ = 0;  ///< messages of restricted apps whose recipients the store looks up
  std::set<std::string, std::less<>> restricted_;  ///< apps, when that was looked at last
  bool stopping_ = false;
  std::vector<std::function<void()>> drained_;
  std::function<void()> stopped_;
};

}  // namespace delivery
