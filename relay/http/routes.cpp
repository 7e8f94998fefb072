#include "relay/http/routes.hpp"

#include "relay/http/answers.hpp"
#include "relay/http/ask.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/entry_json.hpp"
#include "relay/http/operator_routes.hpp"
#include "relay/http/order_routes.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace http {

namespace {

namespace json = boost::json;

constexpr std::string_view queue_path = "/api/v1/queue";
constexpr std::int64_t most_entries = 1000;

asio::awaitable<Response> healthz(Request) { co_return Response{.body = "ok\n"}; }

asio::awaitable<Response> readyz(Sources sources, Request) {
  std::vector<std::string> troubles = sources.troubles();
  if (!sources.store.writable()) {
    troubles.emplace_back(
        "The spool cannot take mail: its disk is full or fails, or too much waits to be written.");
  }
  Response response{.body = "ready\n"};
  if (!troubles.empty()) {
    response.status = 503;
    response.body = "not ready\n";
    for (const std::string& trouble : troubles) response.body += trouble + "\n";
  }
  co_return response;
}

asio::awaitable<Response> metrics(Sources sources, Request) {
  auto question = [&sources](std::function<void(spool::Counts)> answer) {
    sources.store.counts(std::move(answer));
  };
  const auto counts = co_await ask<spool::Counts>(question, sources.store_timeout);
  if (counts) sources.metrics.queue(*counts, std::chrono::system_clock::now());
  sources.refresh(sources.metrics);
  Response response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                    .body = sources.metrics.text()};
  co_return response;
}

// A whole number from 1 to `most`.
std::optional<std::int64_t> number_of(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > most)
    return std::nullopt;
  return number;
}

// Takes over one parameter; false if it is unknown or its value is.
bool apply(spool::Filter& filter, const std::string& name, const std::string& value) {
  if (name == "state") return (filter.state = spool::state_of(value)).has_value();
  if (name == "reason") return (filter.reason = policy::reason_of(value)).has_value();
  if (name == "app") return !(filter.app = value).empty();
  if (name == "domain") return !(filter.domain = value).empty();
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
  const auto limit = name == "limit" ? number_of(value, most_entries) : std::nullopt;
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
                      name,
                      value));
    }
  }
  return filter;
}

asio::awaitable<Response> list(Sources sources, Request request) {
  const auto filter = filter_of(request);
  if (!filter) co_return error_response(400, filter.error().sentence());
  auto question = [&](std::function<void(std::vector<spool::Entry>)> answer) {
    sources.store.list(*filter, std::move(answer));
  };
  const auto entries = co_await ask<std::vector<spool::Entry>>(question, sources.store_timeout);
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

asio::awaitable<std::optional<std::vector<spool::Trace>>> look_up(Sources sources,
                                                                  std::string word) {
  auto question = [&](std::function<void(std::vector<spool::Trace>)> answer) {
    sources.store.trace(word, std::move(answer));
  };
  co_return co_await ask<std::vector<spool::Trace>>(question, sources.store_timeout);
}

asio::awaitable<Response> show(Sources sources, Request request) {
  const std::string word = request.path.substr(queue_path.size() + 1);
  const auto id = spool::QueueId::parse(word);
  if (!id)
    co_return error_response(
        400, "A queue id has 13 letters and digits, as `postern queue list` shows it.");
  const auto found = co_await look_up(sources, id->text());
  if (!found) co_return store_is_silent();
  const auto trace = std::ranges::find_if(
      *found, [&](const spool::Trace& each) { return each.entry && each.entry->id == *id; });
  if (trace == found->end()) {
    co_return error_response(404,
                             "There is no message of this queue id, or it is past its retention.");
  }
  co_return json_response(to_json(*trace, sources.hold_expire()));
}

asio::awaitable<Response> trace(Sources sources, Request request) {
  const auto word = request.query.find("word");
  if (word == request.query.end() || word->second.empty()) {
    co_return error_response(
        400, "Give word=: a queue id, Message-ID, SES message id, recipient or reference.");
  }
  const auto found = co_await look_up(sources, word->second);
  if (!found) co_return store_is_silent();
  json::array matches;
  for (const spool::Trace& each : *found)
    matches.emplace_back(to_json(each, sources.hold_expire()));
  json::object body;
  body["matches"] = std::move(matches);
  co_return json_response(body);
}

}  // namespace

Routes health_routes(const Sources& sources) {
  return {{"/healthz", {.get = healthz}}, {"/readyz", {.get = bound(sources, readyz)}}};
}

Routes metrics_routes(const Sources& sources) {
  return {{"/metrics", {.get = bound(sources, metrics)}}};
}

Routes api_routes(const Sources& sources) {
  return {{std::string(queue_path), {.get = bound(sources, list)}},
          {std::string(queue_path) + "/", {.get = bound(sources, show)}},
          {"/api/v1/trace", {.get = bound(sources, trace)}}};
}

Routes admin_routes(const Sources& sources) {
  Routes all = api_routes(sources);
  all.merge(order_routes(sources));
  all.merge(operator_routes(sources));
  all.merge(health_routes(sources));
  all.merge(metrics_routes(sources));
  return all;
}

}  // namespace http
