#include "relay/delivery/fair_queue.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace delivery {
namespace {

constexpr double least_weight = 0.01;
constexpr double most_weight = 1000;
constexpr double deficit_rounding = 1e-6;  // of deficits, after many sums

double cost(const spool::Entry& entry) {
  return static_cast<double>(std::max<std::size_t>(1, entry.envelope.forward_paths.size()));
}

/// How many rounds of credit pay for a message.
double rounds_missing(double cost, double deficit, double weight) {
  return std::max(0.0, std::ceil((cost - deficit) / weight - deficit_rounding));
}

}  // namespace

double FairQueue::weight_of(const std::string& app) const {
  const auto found = weights_.find(app);
  return found == weights_.end() ? 1 : std::clamp(found->second, least_weight, most_weight);
}

void FairQueue::weights(std::map<std::string, double, std::less<>> by_app) {
  weights_ = std::move(by_app);
  for (auto& [name, app] : apps_) app.weight = weight_of(name);
}

void FairQueue::push(spool::Job job) {
  const auto [app, fresh] = apps_.try_emplace(job.entry.app);
  if (fresh) app->second.weight = weight_of(app->first);
  const bool urgent = job.entry.urgent;
  (urgent ? app->second.urgent : app->second.normal).push_back(std::move(job));
  ++size_;
  if (urgent) ++urgent_;
}

template <class F>
void FairQueue::in_turn(const std::string& behind, F f) {
  const auto first = apps_.upper_bound(behind);
  for (auto app = first; app != apps_.end(); ++app) {
    if (f(app)) return;
  }
  for (auto app = apps_.begin(); app != first; ++app) {
    if (f(app)) return;
  }
}

/// The first message of the app that may go, urgent before normal.
std::optional<FairQueue::Choice> FairQueue::head(Apps::iterator app, const MaySend& may_send) {
  for (Jobs* lane : {&app->second.urgent, &app->second.normal}) {
    const auto job =
        std::ranges::find_if(*lane, [&](const spool::Job& it) { return may_send(it.entry); });
    if (job != lane->end()) return Choice{.app = app, .lane = lane, .job = job};
  }
  return std::nullopt;
}

std::optional<FairQueue::Choice> FairQueue::choose(const MaySend& may_send) {
  auto chosen = urgent_ > 0 ? choose_ahead(may_send) : std::nullopt;
  return chosen ? chosen : choose_in_turn(may_send);
}

std::optional<FairQueue::Choice> FairQueue::choose_ahead(const MaySend& may_send) {
  std::optional<Choice> chosen;
  in_turn(last_ahead_, [&](Apps::iterator app) {
    if (app->second.urgent.empty()) return false;
    if (app->second.deficit <= -most_debt * app->second.weight) return false;
    const auto found = head(app, may_send);
    if (!found || found->lane != &app->second.urgent) return false;
    chosen = found;
    chosen->ahead = true;
    return true;
  });
  return chosen;
}

/// The app that the fewest rounds enable to pay, the next in turn among equals.
std::optional<FairQueue::Choice> FairQueue::choose_in_turn(const MaySend& may_send) {
  std::optional<Choice> chosen;
  in_turn(last_, [&](Apps::iterator app) {
    auto found = head(app, may_send);
    if (!found) return false;
    found->rounds =
        rounds_missing(cost(found->job->entry), app->second.deficit, app->second.weight);
    if (!chosen || found->rounds < chosen->rounds) chosen = found;
    return chosen->rounds == 0;
  });
  return chosen;
}

const spool::Entry* FairQueue::next(const MaySend& may_send) {
  const auto chosen = choose(may_send);
  return chosen ? &chosen->job->entry : nullptr;
}

std::optional<spool::Job> FairQueue::pop(const MaySend& may_send) {
  const auto chosen = choose(may_send);
  if (!chosen) return std::nullopt;
  if (chosen->rounds > 0) credit(chosen->rounds, may_send);
  (chosen->ahead ? last_ahead_ : last_) = chosen->app->first;
  spool::Job job = take(*chosen->lane, chosen->job);
  chosen->app->second.deficit -= cost(job.entry);
  forget_idle();
  return job;
}

/// Rounds for all that may send, and for debts.
void FairQueue::credit(double rounds, const MaySend& may_send) {
  for (auto app = apps_.begin(); app != apps_.end(); ++app) {
    if (app->second.empty() || head(app, may_send)) {
      app->second.deficit += rounds * app->second.weight;
    }
  }
}

spool::Job FairQueue::take(Jobs& lane, const Jobs::iterator& job) {
  spool::Job taken = std::move(*job);
  lane.erase(job);
  --size_;
  if (taken.entry.urgent) --urgent_;
  return taken;
}

void FairQueue::forget_idle() {
  if (size_ == 0) return apps_.clear();
  std::erase_if(apps_, [](const auto& app) {
    return app.second.empty() && app.second.deficit >= -deficit_rounding;
  });
}

std::vector<spool::Job> FairQueue::take_if(const std::function<bool(const spool::Entry&)>& fits) {
  std::vector<spool::Job> taken;
  for (auto& [name, app] : apps_) {
    for (Jobs* lane : {&app.urgent, &app.normal}) {
      for (auto job = lane->begin(); job != lane->end();) {
        if (!fits(job->entry)) {
          ++job;
          continue;
        }
        const auto at = std::distance(lane->begin(), job);
        taken.push_back(take(*lane, job));
        job = lane->begin() + at;
      }
    }
  }
  forget_idle();
  return taken;
}

std::size_t FairQueue::size(const spool::Lane& lane) const {
  const auto app = apps_.find(lane.app);
  if (app == apps_.end()) return 0;
  return (lane.urgent ? app->second.urgent : app->second.normal).size();
}

std::set<spool::Lane> FairQueue::lanes_with(std::size_t least) const {
  std::set<spool::Lane> lanes;
  for (const auto& [name, app] : apps_) {
    if (app.urgent.size() >= least) lanes.insert({.app = name, .urgent = true});
    if (app.normal.size() >= least) lanes.insert({.app = name, .urgent = false});
  }
  return lanes;
}

}  // namespace delivery
