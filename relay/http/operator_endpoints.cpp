#include "relay/http/operator_endpoints.hpp"

#include "relay/http/answers.hpp"
#include "relay/http/audit_trail.hpp"
#include "relay/net/ask.hpp"
#include "relay/http/body.hpp"
#include "relay/http/bounds.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;

// The event types that SES publishes.
constexpr auto event_types = std::to_array<std::string_view>({"Send",
                                                              "Delivery",
                                                              "Bounce",
                                                              "Complaint",
                                                              "Reject",
                                                              "Open",
                                                              "Click",
                                                              "Rendering Failure",
                                                              "DeliveryDelay",
                                                              "Subscription"});
constexpr std::size_t longest_path = 4096;

struct FeedbackEvent {
  spool::QueueId queue_id;
  std::string upstream_id, event;
};

mail::Result<FeedbackEvent> read_event(std::string_view text) {
  Body body(text);
  const auto word = body.text("queue_id").value_or("");
  const auto id = spool::QueueId::parse(word);
  if (!id) body.refuse("`queue_id` must be a queue id: 13 letters and digits.");
  const auto upstream_id = body.text("upstream_id", 128).value_or("");
  const bool plain = !upstream_id.empty() &&
                     std::ranges::all_of(upstream_id, [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain) body.refuse("`upstream_id` must be SES's message id: 1 to 128 printable octets.");
  const auto event = body.text("event").value_or("");
  if (std::ranges::find(event_types, event) == event_types.end())
    body.refuse("`event` must be one of SES's event types, like Send or Delivery.");
  if (const auto mistake = body.mistake()) return mail::failure(*mistake);
  return FeedbackEvent{*id, upstream_id, event};
}

asio::awaitable<Response> feedback(Sources sources, Call call) {
  const auto event = read_event(call.body);
  if (!event) co_return error_response(400, event.error().sentence());
  if (!co_await write_down(
          sources, call.caller.who, "feedback event", event->queue_id.text(), event->event))
    co_return store_is_silent();
  auto question = [&](std::function<void(bool)> answer) {
    sources.feedback(event->queue_id, event->upstream_id, event->event, std::move(answer));
  };
  const auto settled = co_await net::ask<bool>(question, sources.store_timeout);
  if (!settled) co_return store_is_silent();
  co_return json_response({{"settled", *settled}});
}

std::uint64_t count(const spool::Counts& counts, spool::State state) {
  return counts.by_state[static_cast<std::size_t>(state)];
}

asio::awaitable<Response> drain_queue(Sources sources, Call call) {
  Body body(call.body);
  const auto seconds = body.number("timeout", 1, longest_drain.count());
  if (!seconds) body.refuse("Give `timeout`, in seconds.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  if (!co_await write_down(sources, call.caller.who, "drain", "", "")) co_return store_is_silent();
  const auto drained = co_await net::ask<bool>(sources.drain, std::chrono::seconds(*seconds));
  auto question = [&](std::function<void(spool::Counts)> answer) {
    sources.store.counts(std::move(answer));
  };
  const auto counts = co_await net::ask<spool::Counts>(question, sources.store_timeout);
  if (!counts) co_return store_is_silent();
  co_return json_response({{"drained", drained.value_or(false)},
                           {"queued", count(*counts, spool::State::queued)},
                           {"in_delivery", count(*counts, spool::State::in_delivery)},
                           {"in_doubt", count(*counts, spool::State::in_doubt)},
                           {"held", count(*counts, spool::State::held)}});
}

asio::awaitable<Response> reload(Sources sources, Call call) {
  if (const auto mistake = Body(call.body).mistake()) co_return error_response(400, *mistake);
  json::array mistakes;
  for (const std::string& sentence : co_await sources.reload(call.caller.who))
    mistakes.emplace_back(sentence);
  const bool reloaded = mistakes.empty();
  co_return json_response({{"reloaded", reloaded}, {"mistakes", std::move(mistakes)}});
}

asio::awaitable<Response> backup(Sources sources, Call call) {
  Body body(call.body);
  const auto file = body.text("file", longest_path).value_or("");
  if (!file.starts_with('/')) body.refuse("`file` must be an absolute path.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  if (!co_await write_down(sources, call.caller.who, "backup", file, ""))
    co_return store_is_silent();
  // A Failure has no use for a value beside it: empty is done.
  auto question = [&](std::function<void(std::string)> answer) {
    sources.store.backup(file, [answer = std::move(answer)](const mail::Result<void>& written) {
      answer(written ? std::string() : written.error().sentence());
    });
  };
  const auto failure = co_await net::ask<std::string>(question, sources.long_timeout);
  if (!failure) co_return store_is_silent();
  if (!failure->empty()) co_return error_response(409, *failure);
  co_return json_response({{"file", file}});
}

}  // namespace

Endpoints operator_endpoints(const Sources& sources) {
  return {{"/api/v1/drain", {.post = operation(Access::socket, sources, drain_queue)}},
          {"/api/v1/reload", {.post = operation(Access::socket, sources, reload)}},
          {"/api/v1/backup", {.post = operation(Access::socket, sources, backup)}},
          {"/api/v1/feedback/event", {.post = operation(Access::socket, sources, feedback)}}};
}

}  // namespace http
