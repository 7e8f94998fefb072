#include "relay/http/stats_endpoint.hpp"

#include "policy/reputation.hpp"
#include "relay/http/answers.hpp"
#include "relay/http/entry_json.hpp"
#include "relay/http/query.hpp"
#include "relay/http/scope.hpp"
#include "relay/net/ask.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;

/// A counter's series, each with `app` as its first label.
using Counted = std::vector<observe::Sample>;

/// Of an app's series, those whose last label is `last`, if any is asked for.
std::uint64_t sum(const Counted& counted, std::string_view app, std::string_view last = {}) {
  double total = 0;
  for (const observe::Sample& each : counted)
    if (each.labels.front() == app && (last.empty() || each.labels.back() == last))
      total += each.value;
  return static_cast<std::uint64_t>(total);
}

json::array refused_counts(const Counted& counted, std::string_view app) {
  json::array reasons;
  for (const observe::Sample& each : counted)
    if (each.labels.front() == app)
      reasons.push_back(json::object{{"reason", each.labels.back()}, {"count", sum({each}, app)}});
  return reasons;
}

std::vector<policy::Counts> of_app(const std::vector<spool::SentSums>& sums,
                                   std::string_view app,
                                   std::vector<policy::Counts> spool::SentSums::*which,
                                   std::size_t windows) {
  std::vector<policy::Counts> all(windows);
  for (const spool::SentSums& each : sums)
    if (each.app == app)
      for (std::size_t i = 0; i < windows; ++i) all[i] += (each.*which)[i];
  return all;
}

/// Events and mail of the whole window; what is proved, and follows, from what still counts of it.
json::object stats_json(const policy::Measure& measure, const policy::Counts& whole) {
  const bool bounces = measure.feedback == policy::Feedback::bounces;
  const std::uint64_t events = bounces ? whole.bounces : whole.complaints;
  return {{"feedback", policy::word(measure.feedback)},
          {"window", measure.window.count()},
          {"events", events},
          {"sent", whole.sent},
          {"ratio", policy::ratio(events, whole.sent)},
          {"proved", measure.proved},
          {"limit", measure.limit},
          {"level", policy::word(measure.level)}};
}

json::array measures_of(const policy::ReputationRules& rules,
                        const std::vector<spool::SentSums>& sums,
                        std::string_view app) {
  const auto windows = rules.windows.size();
  const auto whole = of_app(sums, app, &spool::SentSums::whole, windows);
  const auto counted = of_app(sums, app, &spool::SentSums::counted, windows);
  const auto measures = policy::measures(rules, counted);
  json::array shown;
  for (std::size_t i = 0; i < measures.size(); ++i)
    shown.push_back(stats_json(measures[i], whole[i / policy::feedback_kinds]));
  return shown;
}

/// What the app sent as each of its domains in each window, and the raw shares that came back.
json::array stats_of_domains(const policy::ReputationRules& rules,
                             const std::vector<spool::SentSums>& sums,
                             std::string_view app) {
  json::array shown;
  for (const spool::SentSums& each : sums) {
    if (each.app != app) continue;
    for (std::size_t i = 0; i < rules.windows.size(); ++i) {
      const policy::Counts& counts = each.whole[i];
      shown.push_back(
          json::object{{"domain", each.domain},
                       {"window", rules.windows[i].count()},
                       {"sent", counts.sent},
                       {"bounces", counts.bounces},
                       {"bounce_ratio", policy::ratio(counts.bounces, counts.sent)},
                       {"complaints", counts.complaints},
                       {"complaint_ratio", policy::ratio(counts.complaints, counts.sent)}});
    }
  }
  return shown;
}

std::vector<std::string> apps_shown(const Sources& sources,
                                    const domains::Caller& caller,
                                    const std::string& asked) {
  std::vector<std::string> names;
  for (const auto& [name, app] : sources.registry->catalog()->apps)
    if (sees_app(caller, name) && (asked.empty() || name == asked)) names.push_back(name);
  return names;
}

json::array stats_json(const Sources& sources,
                       const policy::ReputationRules& rules,
                       const std::vector<std::string>& apps,
                       const std::vector<spool::SentSums>& sums) {
  const Counted accepted = sources.metrics.samples("messages_accepted_total");
  const Counted refusals = sources.metrics.samples("messages_refused_total");
  const Counted events = sources.metrics.samples("events_total");
  const Counted bounces = sources.metrics.samples("bounces_total");
  const Counted complaints = sources.metrics.samples("complaints_total");
  json::array shown;
  for (const std::string& app : apps) {
    json::object stats{{"app", app}, {"started_at", time_or_null(sources.started_at)}};
    stats["accepted"] = sum(accepted, app);
    stats["refused"] = refused_counts(refusals, app);
    stats["delivered"] = sum(events, app, "Delivery");
    stats["bounced"] = sum(bounces, app);
    stats["complained"] = sum(complaints, app);
    stats["measures"] = measures_of(rules, sums, app);
    stats["domains"] = stats_of_domains(rules, sums, app);
    shown.emplace_back(std::move(stats));
  }
  return shown;
}

asio::awaitable<Response> show_stats(Sources sources, Call call) {
  Query query(call);
  const std::string asked = query.text("app");
  if (const auto mistake = query.mistake()) co_return error_response(400, *mistake);
  const auto apps = apps_shown(sources, call.caller, asked);
  if (apps.empty() && !asked.empty()) co_return no_such_app();
  const policy::ReputationRules rules = sources.reputation();
  spool::SumsWanted wanted{rules.windows, sources.now(), {}};
  for (const auto& [name, app] : sources.registry->catalog()->apps)
    wanted.counted_from.emplace(name, app->standing.record.counted_from);
  using Sums = std::optional<std::vector<spool::SentSums>>;
  const auto question = [&](std::function<void(Sums)> answer) {
    sources.store.sums(wanted, std::move(answer));
  };
  const auto sums = co_await net::ask<Sums>(question, sources.store_timeout);
  if (!sums || !*sums) co_return store_is_silent();
  json::object body;
  body["apps"] = stats_json(sources, rules, apps, **sums);
  co_return json_response(body);
}

}  // namespace

Endpoints stats_endpoint(const Sources& sources) {
  return {{"/api/v1/stats", {.get = operation(Access::everybody, sources, show_stats)}}};
}

}  // namespace http
