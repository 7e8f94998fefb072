#include "relay/delivery/scheduler.hpp"

#include "relay/delivery/change.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace delivery {
namespace {

using namespace std::chrono_literals;
namespace asio = net::asio;
using std::chrono::milliseconds;

constexpr auto ask_again = 1s;

void sooner(std::optional<milliseconds>& first, std::optional<milliseconds> other) {
  if (other && (!first || *other < *first)) first = other;
}

std::shared_ptr<const Apportionment> shared(Apportionment apportionment) {
  return std::make_shared<const Apportionment>(std::move(apportionment));
}

}  // namespace

Scheduler::Scheduler(CourierServices& services,
                     net::Threads& threads,
                     const std::vector<Route*>& routes,
                     Apportionment apportionment)
    : services_(services),
      context_(threads.context(0)),
      apportionment_(shared(std::move(apportionment))),
      keeper_(services, [this] { look(); }),
      pause_timer_(context_),
      due_timer_(context_),
      quota_timer_(context_) {
  for (Route* route : routes)
    outlets_.push_back(std::make_unique<Outlet>(services, *route, threads, *this));
  queue_.weights(apportionment_.get()->weights);
}

void Scheduler::start(const std::map<std::string, std::string, std::less<>>& notes) {
  recall(notes);
  look();
}

bool Scheduler::reserve(const spool::Lane& lane, std::uint64_t octets) {
  return lanes_.reserve(lane, octets);
}

void Scheduler::unreserve(const spool::Lane& lane, std::uint64_t octets) {
  lanes_.remove(lane, octets);
}

void Scheduler::deliver(spool::Job job, bool leased) {
  asio::post(context_, [this, leased, job = std::move(job)]() mutable {
    if (job.entry.state == spool::State::held) return release_if_free(job.entry);
    if (leased) {
      take_in(std::move(job));
    } else {
      lanes_.behind({job.entry.app, job.entry.urgent});
      refill();
    }
    pump();
  });
}

/// It was stored as held; the hold may have ended meanwhile, and nobody else would look at it.
void Scheduler::release_if_free(const spool::Entry& entry) {
  if (standing(entry) == entry.reason) return;
  spool::Order order;
  order.operation = spool::Operation::release;
  order.which.id = entry.id;
  order.now = services_.clock.now();
  order.detail = "what held it is over";
  services_.store.order(std::move(order), [this](const spool::Ordered&) { look(); });
}

std::optional<policy::Reason> Scheduler::held(std::string_view app, std::string_view domain) const {
  const auto reason = services_.keyring.get()->standing(app, domain, 0);
  return reason ? reason : refused(app, domain);
}

/// What the upstream says.
std::optional<policy::Reason> Scheduler::refused(std::string_view app,
                                                 std::string_view domain) const {
  return outlets_[outlets_of(app).front()]->account().held(domain);
}

/// A report is the relay's own mail, which no block of its app stops.
std::optional<policy::Reason> Scheduler::standing_here(const spool::Entry& entry) const {
  const std::string_view app = entry.notice ? std::string_view() : entry.app;
  return services_.keyring.get()->standing(app, entry.domain, entry.association);
}

/// Held for what the relay itself knows of app, domain and key; by what the upstream says it may
/// still go as a probe.
bool Scheduler::held_here(const spool::Job& job) {
  const auto reason = standing_here(job.entry);
  if (reason) put_away(job, hold_of(job.entry, *reason, standard_look(job.entry)));
  return reason.has_value();
}

bool Scheduler::refused_by_upstream(std::string_view domain) const {
  return std::ranges::any_of(outlets_, [&](const auto& outlet) {
    return outlet->account().held(domain) == policy::Reason::domain;
  });
}

/// The same for an entry, which is tied to the right under which it was accepted.
std::optional<policy::Reason> Scheduler::standing(const spool::Entry& entry) const {
  const auto reason = standing_here(entry);
  return reason ? reason : refused(entry.app, entry.domain);
}

void Scheduler::look() {
  asio::post(context_, [this] {
    look_at_clock();
    look_wanted_ = true;
    refill();
    pump();
  });
}

void Scheduler::order(spool::Order order, std::function<void(spool::Ordered)> done) {
  asio::post(context_, [this, order = std::move(order), done = std::move(done)]() mutable {
    give_back(order.which);
    const bool changes = !order.dry_run;
    order.until = std::min(order.until, held_until({}, *services_.rules.get(), order.now));
    services_.store.order(std::move(order),
                          [this, changes, done = std::move(done)](const spool::Ordered& ordered) {
                            if (changes) {
                              services_.metrics.in_doubt("resent", ordered.resent);
                              asio::post(context_, [this] { try_anew(); });
                            }
                            look();
                            done(ordered);
                          });
  });
}

/// Messages of such an order that wait in memory.
void Scheduler::give_back(const spool::Filter& filter) {
  const auto waiting = queue_.take_if([&](const spool::Entry& entry) {
    return (!filter.id || entry.id == *filter.id) &&
           (filter.app.empty() || entry.app == filter.app) &&
           (filter.domain.empty() || entry.domain == filter.domain);
  });
  for (const spool::Job& job : waiting) {
    const spool::Lane lane{job.entry.app, job.entry.urgent};
    lanes_.remove(lane, job.entry.size);
    lanes_.behind(lane);
    services_.doubts.end(job.entry.id);
    services_.store.give_back(job.entry.id);
  }
}

void Scheduler::try_anew() {
  for (const auto& outlet : outlets_) outlet->account().probe_now(services_.clock.monotonic());
}

void Scheduler::reloaded(Apportionment apportionment) {
  apportionment_.set(shared(std::move(apportionment)));
  asio::post(context_, [this] {
    queue_.weights(apportionment_.get()->weights);
    weigh_anew();
    for (const auto& outlet : outlets_) outlet->try_anew(services_.clock.monotonic());
    pump();
  });
}

void Scheduler::drain(std::function<void()> done) {
  asio::post(context_, [this, done = std::move(done)]() mutable {
    drained_.push_back(std::move(done));
    look_wanted_ = true;
    refill();
    check_drained();
  });
}

void Scheduler::finish(std::function<void()> done) {
  asio::post(context_, [this, done = std::move(done)]() mutable {
    stopping_ = true;
    stopped_ = std::move(done);
    pause_timer_.cancel();
    due_timer_.cancel();
    quota_timer_.cancel();
    for (const auto& outlet : outlets_) outlet->dismiss();
    check_stopped();
  });
}

void Scheduler::abort() {
  asio::post(context_, [this] {
    for (const auto& outlet : outlets_) outlet->abort();
  });
}

void Scheduler::settled(Report report) {
  asio::post(context_, [this, report = std::move(report)] {
    lanes_.remove(report.lane, report.octets);
    probe_told(report.id);
    const std::size_t outlet = outlet_of(*report.courier);
    outlets_[outlet]->learn(report, services_.clock.monotonic(), stopping_);
    if (report.result == smtp::ReplyClass::taken) keep_quota_soon();
    follow(outlet, report.consequence);
    refill();
    pump();
    check_drained();
  });
}

void Scheduler::unemployed(std::shared_ptr<Courier> courier) {
  asio::post(context_, [this, courier = std::move(courier)] {
    outlets_[outlet_of(*courier)]->let_go(courier);
  });
}

void Scheduler::ended(std::shared_ptr<Courier> courier) {
  asio::post(context_, [this, courier = std::move(courier)] {
    outlets_[outlet_of(*courier)]->ended(courier);
    if (stopping_) return check_stopped();
    pump();
    check_drained();
  });
}

void Scheduler::due(std::chrono::system_clock::time_point when) {
  asio::post(context_, [this, when] { wake_at(when); });
}

/// Hands out what is ready as far as the upstreams allow.
void Scheduler::pump() {
  if (stopping_) return;
  Wait again;
  const Time now = services_.clock.monotonic();
  send_probes(now, again);
  send_ready(now, again);
  if (again) wake_in(std::max(*again, 1ms));
}

void Scheduler::send_probes(Time now, Wait& again) {
  for (const auto& [which, asked] : std::map(asked_)) {
    if (!asked.again || asked.open) continue;
    if (*asked.again <= now) ask_for_probe(which.first, which.second, now);
    sooner(again, std::max(0ms, std::chrono::ceil<milliseconds>(*asked.again - now)));
  }
  for (std::size_t i = 0; i < outlets_.size(); ++i) {
    for (const Hold& hold : outlets_[i]->account().probes(now)) ask_for_probe(i, hold, now);
    if (const auto next = outlets_[i]->account().next_probe())
      sooner(again, std::max(0ms, std::chrono::ceil<milliseconds>(*next - now)));
  }
  std::erase_if(probes_, [&](Probe& probe) {
    Outlet& outlet = *outlets_[probe.outlet];
    auto wait = outlet.wait(probe.job.entry, now, true);
    if (wait)
      wait =
          std::max(*wait, outlet.wait_for_rate(probe.job.entry.envelope.forward_paths.size(), now));
    if (!wait || *wait > 0ms) {
      sooner(again, wait);
      return false;
    }
    outlet.employ(std::move(probe.job), now);
    return true;
  });
}

/// One of the messages held shows whether the others must still wait: each time another one, and
/// one at a time.
void Scheduler::ask_for_probe(std::size_t outlet, const Hold& hold, Time now) {
  Asked& asked = asked_[{outlet, hold}];
  if (asked.open && now - *asked.open < probe_patience) return;
  asked.open = now;
  const auto apps = apps_of(outlet);
  if (apps && apps->empty()) return probe_found(outlet, hold, {});
  auto found = [this, outlet, hold](std::vector<spool::Job> jobs) {
    asio::post(context_, [this, outlet, hold, jobs = std::move(jobs)]() mutable {
      probe_found(outlet, hold, std::move(jobs));
      pump();
    });
  };
  services_.store.lease_held(hold.reason,
                             hold.domain,
                             apps.value_or(std::vector<std::string>()),
                             asked.by,
                             std::move(found));
}

void Scheduler::probe_found(std::size_t outlet, const Hold& hold, std::vector<spool::Job> jobs) {
  Asked& asked = asked_[{outlet, hold}];
  if (jobs.empty() && !asked.again) {
    asked.open.reset();
    asked.again = services_.clock.monotonic() + ask_again;
  } else if (jobs.empty()) {  // released by hand, say; what was put on hold meanwhile goes too
    asked_.erase({outlet, hold});
    outlets_[outlet]->account().nothing_held(hold);
    keeper_.end(outlets_[outlet]->route(), hold, apps_of(outlet));
  }
  for (spool::Job& job : jobs) {
    asked.by = job.entry.id;
    asked.again.reset();
    lanes_.add({job.entry.app, job.entry.urgent}, job.entry.size);
    if (held_here(job))
      asked.open.reset();  // it can show nothing: the next one is asked
    else
      go_if_reached(std::move(job), [this, outlet](spool::Job probe) {
        probes_.push_back({outlet, std::move(probe)});
      });
  }
}

/// Something is known of a message that may have been a probe.
void Scheduler::probe_told(spool::QueueId id) {
  for (auto& [hold, asked] : asked_)
    if (asked.by == id) asked.open.reset();
}

/// The rate is not part of the choice: who goes next waits for it, however many recipients it has.
void Scheduler::send_ready(Time now, Wait& again) {
  std::set<const Outlet*> waiting;
  const auto may_send = [&](const spool::Entry& entry) {
    const Outlet* outlet = ready_outlet(entry, now, again);
    return outlet && !waiting.contains(outlet);
  };
  while (!queue_.empty() && any_room(now, again)) {
    const spool::Entry* next = queue_.next(may_send);
    if (!next) return;
    Outlet* outlet = ready_outlet(*next, now, again);
    const auto wait = outlet->wait_for_rate(next->envelope.forward_paths.size(), now);
    if (wait > 0ms) {
      sooner(again, wait);
      waiting.insert(outlet);
      if (waiting.size() == outlets_.size()) return;
      continue;
    }
    spool::Job job = std::move(*queue_.pop(may_send));
    if (!settled_meanwhile(job) && !give_up_if_expired(job) && !held_here(job))
      outlet->employ(std::move(job), now);
  }
}

/// Spares the search through the queue while nothing at all can go.
bool Scheduler::any_room(Time now, Wait& again) {
  Wait soonest;
  for (const auto& outlet : outlets_) sooner(soonest, outlet->wait(now));
  if (soonest && *soonest <= 0ms) return true;
  sooner(again, soonest);
  return false;
}

/// The upstream by which it can go now: of those it may use the first that can be reached.
Outlet* Scheduler::ready_outlet(const spool::Entry& entry, Time now, Wait& again) {
  const auto choices = outlets_of(entry.app);
  for (const std::size_t index : choices) {
    Outlet& outlet = *outlets_[index];
    if (index != choices.front() && outlet.account().held(entry.domain)) continue;
    const auto wait = outlet.wait(entry, now);
    if (wait && *wait <= 0ms) return &outlet;
    sooner(again, wait);
    if (!outlet.unreachable(now)) return nullptr;
  }
  return nullptr;
}

std::vector<std::size_t> Scheduler::outlets_of(std::string_view app) const {
  const auto apportionment = apportionment_.get();
  const auto own = apportionment->routes.find(app);
  if (own != apportionment->routes.end()) return {own->second};
  std::vector<std::size_t> all(outlets_.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Whose mail an outlet's holds concern.
HoldKeeper::Apps Scheduler::apps_of(std::size_t outlet) const {
  if (outlets_.size() == 1) return std::nullopt;
  std::vector<std::string> apps;
  for (const std::string& app : apportionment_.get()->apps)
    if (outlets_of(app).front() == outlet) apps.push_back(app);
  return apps;
}

std::size_t Scheduler::outlet_of(const Courier& courier) const {
  const auto found =
      std::ranges::find_if(outlets_, [&](const auto& outlet) { return outlet->employs(courier); });
  return static_cast<std::size_t>(found - outlets_.begin());
}

void Scheduler::wake_in(milliseconds delay) {
  pause_timer_.expires_after(delay);
  pause_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) pump();
  });
}

void Scheduler::check_drained() {
  const bool busy =
      std::ranges::any_of(outlets_, [](const auto& each) { return each->busy() > 0; });
  if (drained_.empty() || busy || leasing_ || look_wanted_ || lanes_.any_behind({}) ||
      !queue_.empty() || !probes_.empty() || weighing_ > 0)
    return;
  for (const auto& done : std::exchange(drained_, {})) done();
}

void Scheduler::check_stopped() {
  const bool all = std::ranges::all_of(outlets_, [](const auto& each) { return each->empty(); });
  if (all && stopped_) std::exchange(stopped_, nullptr)();
}

}  // namespace delivery
