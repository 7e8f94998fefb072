#include "relay/delivery/change.hpp"
#include "relay/delivery/scheduler.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace delivery {
namespace {

using namespace std::chrono_literals;
namespace asio = net::asio;
using std::chrono::milliseconds;

constexpr std::size_t few_ready = 50;  ///< in a lane: more is fetched
constexpr std::size_t lease_page = 200;
constexpr std::uint64_t lease_octets = 8ULL << 20U;
constexpr auto look_again = 20ms;  ///< at the earliest after a look that found nothing
constexpr auto look_soon = 15min;  ///< at a hold of its own while another one stands

/// Holds that only an operator or another part of the relay ends, not a message that probes.
bool probes_itself(std::optional<policy::Reason> reason) {
  using policy::Reason;
  return reason == Reason::signing || reason == Reason::domain ||
         reason == Reason::account_paused || reason == Reason::credentials ||
         reason == Reason::daily_quota || reason == Reason::ses_sandbox ||
         reason == Reason::blocked;
}

}  // namespace

/// Fetches due entries of the lanes of which few are in memory. When there is much in all, a little
/// of those that have nothing: what cannot go must not keep out what can.
void Scheduler::refill() {
  const LaneBounds& bounds = lanes_.bounds();
  const bool crowded = lanes_.jobs() >= 2 * bounds.jobs || lanes_.octets() >= bounds.octets;
  const bool packed = lanes_.jobs() >= 4 * bounds.jobs || lanes_.octets() >= 3 * bounds.octets;
  const auto full = crowded ? lanes_.in_memory() : queue_.lanes_with(few_ready);
  if (stopping_ || leasing_ || packed || (!look_wanted_ && !lanes_.any_behind(full))) return;
  leasing_ = true;
  look_wanted_ = false;
  auto asked = lanes_.take_behind(full);  // what is accepted from here on sets them again
  for (const spool::Lane& lane : full) lanes_.behind(lane);
  spool::Wanted wanted;
  wanted.now = services_.clock.now();
  wanted.most = lease_page;
  wanted.most_per_lane = crowded ? few_ready / 5 : few_ready;
  wanted.most_octets = crowded ? lease_octets / 4 : lease_octets;
  wanted.full = full;
  auto found = [this,
                asked = std::move(asked),
                most = wanted.most_per_lane,
                octets = wanted.most_octets](std::vector<spool::Job> jobs) {
    asio::post(context_, [this, asked, most, octets, jobs = std::move(jobs)]() mutable {
      leased(asked, most, octets, std::move(jobs));
    });
  };
  services_.store.lease(std::move(wanted), std::move(found));
}

void Scheduler::leased(const std::set<spool::Lane>& asked,
                       std::size_t most_per_lane,
                       std::uint64_t most_octets,
                       std::vector<spool::Job> jobs) {
  leasing_ = false;
  std::uint64_t octets = 0;
  std::map<spool::Lane, std::size_t> found;
  for (spool::Job& job : jobs) {
    const spool::Lane lane{job.entry.app, job.entry.urgent};
    octets += job.entry.size;
    lanes_.add(lane, job.entry.size);
    if (++found[lane] >= most_per_lane) lanes_.behind(lane);
    take_in(std::move(job));
  }
  if (jobs.size() >= lease_page || octets >= most_octets) {  // cut short: nobody had all of his
    look_wanted_ = true;
    for (const spool::Lane& lane : asked) lanes_.behind(lane);
  }
  refill();
  pump();
  if (!leasing_) ask_next_due();
  check_drained();
}

/// What the store or a session gave: into the queue, unless it must wait.
void Scheduler::take_in(spool::Job job) {
  if (job.entry.state == spool::State::in_doubt) return look_at_doubt(std::move(job));
  if (job.entry.held_since) return look_at_held(std::move(job));
  if (const auto reason = standing(job.entry))
    return put_away(job, hold_of(job.entry, *reason, standard_look(job.entry)));
  push(std::move(job));
}

/// Its time to be looked at has come: it tries itself whether its hold is over, or is given up, or
/// stays as it is; its site may have to be warned.
void Scheduler::look_at_held(spool::Job job) {
  look_at_clock();
  const auto now = services_.clock.now();
  const HoldTimes times(*job.entry.held_since, services_.rules.get()->hold_expire);
  const bool over = now >= times.end;
  const bool steady = services_.clock_steady;
  if (over && steady) return give_up(job, policy::ReportKind::hold_expired);
  if (steady) warn_if_due(job, times, now);
  auto look = steady ? times.next(now) : now + ClockGuard::pause;
  if (!over && probes_itself(job.entry.reason)) {
    const auto reason = standing(job.entry);
    if (!reason) return push(std::move(job));
    // By the hold that stands it is released with the others; from one of its own nobody releases
    // it.
    look = std::min(look, reason == job.entry.reason ? standard_look(job.entry) : now + look_soon);
  }
  auto change = hold_of(job.entry, job.entry.reason.value_or(policy::Reason::by_hand), look);
  change.quiet = true;
  put_away(job, std::move(change));
}

/// That its site was told is kept in the transaction that stores the warning.
void Scheduler::warn_if_due(const spool::Job& job, const HoldTimes& times, spool::WallTime now) {
  const auto reason = job.entry.reason.value_or(policy::Reason::by_hand);
  const auto stage = warnings_.due(job.entry.app, reason, times, now);
  if (!stage) return;
  if (job.entry.notice) return;
  const auto alike = services_.store.held(job.entry.app, reason);
  auto warning = services_.reporter.warning(job, reason, times.end, alike);
  warnings_.told(job.entry.app, reason, *stage, now);
  if (services_.holds.too_long) services_.holds.too_long(job.entry, reason, alike, times.end);
  if (!warning) return services_.store.note(std::string(warnings_note), warnings_.kept());
  auto change = hold_of(job.entry, reason, job.entry.next_attempt);
  change.keeps_lease = true;
  change.event.detail = "its site is warned, for " + std::to_string(alike) +
                        " held alike: report " + warning->entry.id.text();
  change.notice = std::move(warning);
  change.note = spool::Note{std::string(warnings_note), warnings_.kept()};
  services_.recorder.record(change.event);
  services_.store.change(std::move(change), [this, now](bool) { due(now); });
}

spool::WallTime Scheduler::standard_look(const spool::Entry& entry) const {
  return held_until(entry, *services_.rules.get(), services_.clock.now());
}

/// No event has settled it in its time.
void Scheduler::look_at_doubt(spool::Job job) {
  look_at_clock();
  const auto now = services_.clock.now();
  const auto rules = services_.rules.get();
  smtp::DoubtFacts facts;
  facts.attempts = job.entry.attempts;
  facts.age = spool::unheld_age(job.entry, now);
  facts.urgent = job.entry.urgent;
  facts.feed_proven = services_.doubts.feed_proven(now);
  facts.clock_steady = services_.clock_steady;
  // The mark before the final dot said how long to wait; that time is over.
  facts.waited = std::max(1ms, smtp::doubt_wait(rules->doubt, job.entry.urgent, true));
  const smtp::Settlement settlement = smtp::settle_doubt(*rules, facts);
  if (settlement.fate == smtp::Fate::fail) return give_up(job, policy::ReportKind::expired);
  auto change = change_of(job.entry, settlement, now);
  change.last_reply = job.entry.last_reply;
  change.event.detail = "its final dot got no reply, and no event of the upstream came";
  observe::Circumstances more;
  more.was_in_doubt = true;
  services_.recorder.record(change.event, more);
  if (settlement.fate == smtp::Fate::hold)
    change.next_attempt = std::min(change.next_attempt, standard_look(job.entry));
  if (settlement.fate != smtp::Fate::retry) return put_away(job, std::move(change));
  change.keeps_lease = true;
  services_.store.change(std::move(change), [](bool) {});
  services_.doubts.begin(job.entry.id);  // its event may still come while it waits for its turn
  job.entry.state = spool::State::queued;
  job.entry.held =
      std::chrono::duration_cast<milliseconds>(now - job.entry.accepted_at) - facts.age;
  job.entry.held_since.reset();
  take_in(std::move(job));
}

spool::Change Scheduler::hold_of(const spool::Entry& entry,
                                 policy::Reason reason,
                                 spool::WallTime look) const {
  auto change =
      change_of(entry, spool::State::held, policy::EventKind::held, services_.clock.now());
  change.reason = change.event.reason = reason;
  change.next_attempt = look;
  return change;
}

/// The event of an earlier attempt came while it waited for its turn.
bool Scheduler::settled_meanwhile(const spool::Job& job) {
  const auto upstream_id = services_.doubts.known(job.entry.id);
  if (!upstream_id) return false;
  auto change = settled_by_event(job.entry.id, *upstream_id, services_.clock.now());
  change.only_from = 0;
  services_.recorder.record(change.event);
  put_away(job, std::move(change));
  return true;
}

bool Scheduler::give_up_if_expired(const spool::Job& job) {
  const auto age = spool::unheld_age(job.entry, services_.clock.now());
  if (!smtp::expired(*services_.rules.get(), job.entry.urgent, age)) return false;
  look_at_clock();
  if (!services_.clock_steady) return false;
  give_up(job, policy::ReportKind::expired);
  return true;
}

void Scheduler::give_up(const spool::Job& job, policy::ReportKind kind) {
  auto change =
      change_of(job.entry, spool::State::failed, policy::EventKind::expired, services_.clock.now());
  change.reason = change.event.reason = job.entry.reason;
  change.event.detail = job.entry.last_reply;
  change.notice = services_.reporter.about(job, kind, job.entry.reason, job.entry.last_reply);
  observe::Circumstances more;
  more.attempts = job.entry.attempts;
  services_.recorder.record(change.event, more);
  put_away(job, std::move(change));
}

/// Out of memory, into the store.
void Scheduler::put_away(const spool::Job& job, spool::Change change) {
  lanes_.remove({job.entry.app, job.entry.urgent}, job.entry.size);
  services_.doubts.end(job.entry.id);
  const auto when = change.notice ? change.event.at : change.next_attempt;
  const bool comes_back =
      change.notice || (change.to != spool::State::failed && change.to != spool::State::sent);
  services_.store.change(std::move(change), [this, comes_back, when](bool) {
    if (comes_back) due(when);
  });
}

/// Holds begin and end for all mail that they concern. What another courier has ended meanwhile
/// does not begin.
void Scheduler::follow(std::size_t outlet, const Consequence& consequence) {
  const auto apps = apps_of(outlet);
  const auto standing = outlets_[outlet]->account().holds();
  for (const Hold& hold : consequence.ended) {
    asked_.erase({outlet, hold});
    keeper_.end(outlets_[outlet]->route(), hold, apps);
  }
  for (const Hold& hold : consequence.begun) {
    if (std::ranges::find(standing, hold) == standing.end()) continue;
    keeper_.begin(outlets_[outlet]->route(), hold, apps);
    const auto concerned = queue_.take_if([&](const spool::Entry& entry) {
      return outlets_of(entry.app).front() == outlet &&
             (hold.domain.empty() || entry.domain == hold.domain);
    });
    for (const spool::Job& job : concerned)
      put_away(job, hold_of(job.entry, hold.reason, standard_look(job.entry)));
  }
}

/// When the wall clock jumps, nothing expires for a while, and nothing waits for a time that has
/// moved away.
void Scheduler::look_at_clock() {
  const auto wall = services_.clock.now();
  const Time now = services_.clock.monotonic();
  if (const auto jumped = clock_guard_.look(wall, now)) {
    services_.log.warn("the clock jumped: nothing expires for ten minutes",
                       {{"seconds", std::to_string(jumped->count())}});
    services_.metrics.clock_jump();
    spool::Order order;
    order.operation = spool::Operation::retry;
    order.which.state = spool::State::queued;
    order.now = wall;
    order.detail = "the clock jumped";
    services_.store.order(std::move(order), [this](const spool::Ordered&) { look(); });
  }
  services_.clock_steady = clock_guard_.steady(now);
}

void Scheduler::ask_next_due() {
  services_.store.next_due([this](std::optional<std::chrono::system_clock::time_point> due) {
    // The store looked a while ago: what due() has said since then may be earlier, and stays.
    asio::post(context_, [this, due] {
      if (!due) return;
      const auto soon = services_.clock.now() + look_again;
      // More of a lane that has enough is fetched when there is less of it, not by the clock.
      if (*due < soon && lanes_.any_behind({})) return;
      wake_at(std::max(*due, soon));
    });
  });
}

void Scheduler::wake_at(std::chrono::system_clock::time_point when) {
  if (next_due_ && *next_due_ <= when) return;
  next_due_ = when;
  const auto delay = std::chrono::ceil<milliseconds>(when - services_.clock.now());
  due_timer_.expires_after(std::clamp<milliseconds>(delay, 0ms, 1h));
  due_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || stopping_) return;
    next_due_.reset();
    look();
  });
}

}  // namespace delivery
