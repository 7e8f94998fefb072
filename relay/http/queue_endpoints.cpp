#include "relay/http/queue_endpoints.hpp"

#include "relay/http/answers.hpp"
#include "relay/net/ask.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/entry_json.hpp"
#include "relay/http/query.hpp"
#include "relay/http/scope.hpp"
#include "relay/observe/escape.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;

// Takes over one parameter; false if it is unknown or its value is.
bool apply(spool::Filter& filter, const std::string& name, const std::string& value) {
  if (name == "state") return (filter.state = spool::state_of(value)).has_value();
  if (name == "reason") return (filter.reason = policy::reason_of(value)).has_value();
  if (name == "app") return !(filter.app = value).empty();
  if (name == "domain") return !(filter.domain = domain_in_path(value)).empty();
  if (name == "after") {
    const auto id = spool::QueueId::parse(value);
    filter.after = id.value_or(spool::QueueId{});
    return id.has_value();
  }
  if (name == "older_than") {
    const auto seconds = number_of(value, longest_age.count());
    if (seconds)
      filter.accepted_before = std::chrono::system_clock::now() - std::chrono::seconds(*seconds);
    return seconds.has_value();
  }
  const auto limit = name == "limit" ? number_of(value, most_listed) : std::nullopt;
  if (limit) filter.limit = static_cast<std::size_t>(*limit);
  return limit.has_value();
}

mail::Result<spool::Filter> filter_of(const Request& request) {
  spool::Filter filter;
  for (const auto& [name, value] : request.query) {
    if (!apply(filter, name, value)) {
      return mail::failure(
          fmt::format("The filter {}={} is not known: state, app, domain, reason, older_than "
                      "(seconds), after (a queue id), limit (1 to 1000).",
                      observe::escaped(name, 60),
                      observe::escaped(value, 60)));
    }
  }
  return filter;
}

asio::awaitable<Response> list_queue(Sources sources, Call call) {
  auto filter = filter_of(call);
  if (!filter) co_return error_response(400, filter.error().sentence());
  if (!filter->app.empty() && !sees_app(call.caller, filter->app)) co_return no_such_app();
  if (call.caller.role == domains::Caller::Role::app) filter->app = call.caller.app;
  auto question = [&](std::function<void(std::vector<spool::Entry>)> answer) {
    sources.store.list(*filter, std::move(answer));
  };
  const auto entries =
      co_await net::ask<std::vector<spool::Entry>>(question, sources.store_timeout);
  if (!entries) co_return store_is_silent();
  json::array shown;
  for (const spool::Entry& entry : *entries)
    shown.emplace_back(to_json(entry, sources.hold_expire()));
  json::value next = nullptr;
  if (entries->size() == filter->limit) next = json::value(entries->back().id.text());
  json::object body;
  body["entries"] = std::move(shown);
  body["next"] = std::move(next);
  co_return json_response(body);
}

// What the caller may see of it.
asio::awaitable<std::optional<std::vector<spool::Trace>>> look_up(Sources sources,
                                                                  domains::Caller caller,
                                                                  std::string word) {
  const bool one_app = caller.role == domains::Caller::Role::app;
  auto question = [&](std::function<void(std::vector<spool::Trace>)> answer) {
    sources.store.trace(word, one_app ? caller.app : std::string(), std::move(answer));
  };
  co_return co_await net::ask<std::vector<spool::Trace>>(question, sources.store_timeout);
}

asio::awaitable<Response> show_entry(Sources sources, Call call) {
  const auto id = spool::QueueId::parse(call.parameter);
  if (!id)
    co_return error_response(
        400, "A queue id has 13 letters and digits, as `postern queue list` shows it.");
  const auto found = co_await look_up(sources, call.caller, id->text());
  if (!found) co_return store_is_silent();
  const auto trace = std::ranges::find_if(
      *found, [&](const spool::Trace& each) { return each.entry && each.entry->id == *id; });
  if (trace == found->end()) {
    co_return error_response(404,
                             "There is no message of this queue id, or it is past its retention.");
  }
  co_return json_response(to_json(*trace, sources.hold_expire()));
}

asio::awaitable<Response> trace(Sources sources, Call call) {
  const auto word = call.query.find("word");
  if (word == call.query.end() || word->second.empty()) {
    co_return error_response(
        400, "Give word=: a queue id, Message-ID, SES message id, recipient or reference.");
  }
  const auto found = co_await look_up(sources, call.caller, word->second);
  if (!found) co_return store_is_silent();
  json::array matches;
  for (const spool::Trace& each : *found)
    matches.emplace_back(to_json(each, sources.hold_expire()));
  json::object body;
  body["matches"] = std::move(matches);
  co_return json_response(body);
}

}  // namespace

Endpoints queue_endpoints(const Sources& sources) {
  return {{"/api/v1/queue", {.get = operation(Access::everybody, sources, list_queue)}},
          {"/api/v1/queue/{id}", {.get = operation(Access::everybody, sources, show_entry)}},
          {"/api/v1/trace", {.get = operation(Access::everybody, sources, trace)}}};
}

}  // namespace http
