#include "relay/app/standing_keeper.hpp"

#include "relay/net/ask.hpp"
#include "relay/observe/feedback_metrics.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace app {
namespace {

using namespace std::chrono_literals;
namespace asio = net::asio;

constexpr auto store_answers_within = 30s;
constexpr auto shortest_pause = 1s;
constexpr int share_of_time = 20;  ///< looks that events ask for take one part of so many
/// From normal over warned to restricted, and seen that nothing more is to do.
constexpr int most_steps = 3;

using Windows = std::vector<policy::Counts>;

/// All of an app's domains together.
std::map<std::string, Windows, std::less<>> by_app(const std::vector<spool::SentSums>& sums,
                                                   Windows spool::SentSums::*which) {
  std::map<std::string, Windows, std::less<>> apps;
  for (const spool::SentSums& each : sums) {
    Windows& windows = apps[each.app];
    windows.resize((each.*which).size());
    for (std::size_t i = 0; i < windows.size(); ++i) windows[i] += (each.*which)[i];
  }
  return apps;
}

policy::Level level_of(std::string_view word) {
  for (const auto level : {policy::Level::warn, policy::Level::over})
    if (policy::word(level) == word) return level;
  return policy::Level::ok;
}

}  // namespace

StandingKeeper::StandingKeeper(Parts parts, policy::ReputationRules rules, std::string_view account)
    : parts_(std::move(parts)),
      rules_(std::move(rules)),
      account_(level_of(account)),
      soon_(parts_.executor),
      pause_(shortest_pause) {}

void StandingKeeper::rules(policy::ReputationRules rules) { rules_ = std::move(rules); }

void StandingKeeper::look() {
  if (std::exchange(looking_, true)) return;
  const auto began = parts_.clock.monotonic();
  net::spawn(
      parts_.executor,
      [this] { return look_at_all(); },
      parts_.sink,
      [this, began] { looked(began); });
}

void StandingKeeper::looked(std::chrono::steady_clock::time_point began) {
  looking_ = false;
  pause_ = std::max<std::chrono::steady_clock::duration>(
      shortest_pause, share_of_time * (parts_.clock.monotonic() - began));
}

void StandingKeeper::look_soon() {
  if (std::exchange(soon_asked_, true)) return;
  soon_.expires_after(pause_);
  soon_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    soon_asked_ = false;
    if (looking_) return look_soon();
    look();
  });
}

void StandingKeeper::stop() { soon_.cancel(); }

asio::awaitable<void> StandingKeeper::look_at_all() {
  for (int steps = 0; steps < most_steps; ++steps)
    if (!co_await step_once()) co_return;
}

/// Whether any app took a step.
asio::awaitable<bool> StandingKeeper::step_once() {
  spool::SumsWanted wanted{rules_.windows, parts_.clock.now(), {}};
  for (const auto& [name, app] : parts_.registry.catalog()->apps)
    wanted.counted_from.emplace(name, app->standing.record.counted_from);
  using Sums = std::optional<std::vector<spool::SentSums>>;
  const auto question = [&](std::function<void(Sums)> done) {
    parts_.store.sums(wanted, std::move(done));
  };
  const auto answer = co_await net::ask<Sums>(question, store_answers_within);
  const bool reloaded = wanted.windows != rules_.windows;
  if (!answer || !*answer || reloaded) co_return false;  // the next look finds out
  show(**answer);
  if (!parts_.clock_steady()) co_return false;
  judge_account(**answer);
  co_return co_await judge_apps(**answer);
}

/// Raw, of the longest window.
void StandingKeeper::show(const std::vector<spool::SentSums>& sums) {
  const auto longest = std::ranges::max_element(rules_.windows) - rules_.windows.begin();
  for (const auto& [app, windows] : by_app(sums, &spool::SentSums::whole)) {
    const policy::Counts& counts = windows[static_cast<std::size_t>(longest)];
    parts_.metrics.feedback().ratios(app,
                                     policy::ratio(counts.bounces, counts.sent),
                                     policy::ratio(counts.complaints, counts.sent));
  }
}

void StandingKeeper::judge_account(const std::vector<spool::SentSums>& sums) {
  const auto apps = by_app(sums, &spool::SentSums::whole);
  std::vector<policy::AppCounts> counts;
  counts.reserve(apps.size());
  for (const auto& [app, windows] : apps) counts.push_back({app, windows});
  const auto judged = policy::judge_account(rules_, counts);
  const auto level = policy::account_level(account_, judged.judgement);
  if (level == account_) return;
  account_ = level;
  parts_.store.note(std::string(account_note), std::string(policy::word(level)));
  parts_.alert({.kind = notices::AlertKind::account,
                .app = {},
                .about = {},
                .sentence = level == policy::Level::ok
                                ? "The bounces and complaints of the whole account are well below "
                                  "what Amazon reviews again."
                                : judged.sentence});
}

asio::awaitable<bool> StandingKeeper::judge_apps(std::vector<spool::SentSums> sums) {
  const auto counted = by_app(sums, &spool::SentSums::counted);
  const auto catalog = parts_.registry.catalog();
  bool stepped = false;
  for (const auto& [name, app] : catalog->apps) {
    const auto found = counted.find(name);
    const Windows windows = found == counted.end() ? Windows(rules_.windows.size()) : found->second;
    const domains::Registry::Step step = [name = name, windows, rules = rules_](
                                             policy::Standing standing, domains::WallTime now) {
      return policy::after_look(std::move(standing), name, rules, windows, now, true);
    };
    const auto& before = app->standing.record;
    if (step(before, parts_.clock.now()).standing == before) continue;
    // Another change since then is looked at in its turn.
    const auto changed = co_await parts_.registry.change_standing(
        name, step, "app standing", {domains::Caller::Role::admin, {}, "reputation"}, app->version);
    stepped = stepped || changed;
  }
  co_return stepped;
}

void StandingKeeper::tell(const std::string& app, const policy::Transition& transition) {
  parts_.alert({.kind = notices::AlertKind::standing,
                .app = app,
                .about = {},
                .sentence = transition.sentence});
}

}  // namespace app
