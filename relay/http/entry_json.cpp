#include "relay/http/entry_json.hpp"

#include "relay/observe/escape.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <string_view>

namespace http {

namespace {

namespace json = boost::json;

json::value word_or_null(const std::optional<policy::Reason>& reason) {
  if (!reason) return nullptr;
  return json::value(policy::word(*reason));
}

}  // namespace

std::string iso8601(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     milliseconds.count());
}

json::value text_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return json::value(observe::valid_utf8(text));
}

json::value time_or_null(std::chrono::system_clock::time_point time) {
  if (time == std::chrono::system_clock::time_point{}) return nullptr;
  return json::value(iso8601(time));
}

json::object to_json(const spool::Entry& entry, std::chrono::seconds hold_expire) {
  json::array forward_paths;
  for (const std::string& path : entry.envelope.forward_paths) {
    forward_paths.emplace_back(observe::valid_utf8(path));
  }
  const bool waits = entry.state == spool::State::queued || entry.state == spool::State::held ||
                     entry.state == spool::State::in_doubt;
  const std::optional<spool::WallTime>& since = entry.held_since;
  return {{"id", entry.id.text()},
          {"state", spool::word(entry.state)},
          {"reason", word_or_null(entry.reason)},
          {"app", entry.app},
          {"domain", entry.domain},
          {"reverse_path", observe::valid_utf8(entry.envelope.reverse_path)},
          {"forward_paths", std::move(forward_paths)},
          {"message_id", text_or_null(entry.message_id)},
          {"size", entry.size},
          {"urgent", entry.urgent},
          {"notice", entry.notice},
          {"accepted_at", time_or_null(entry.accepted_at)},
          {"attempts", entry.attempts},
          {"next_attempt", waits ? time_or_null(entry.next_attempt) : json::value(nullptr)},
          {"held_since", since ? time_or_null(*since) : json::value(nullptr)},
          {"deadline", since ? time_or_null(*since + hold_expire) : json::value(nullptr)},
          {"held_seconds", std::chrono::floor<std::chrono::seconds>(entry.held).count()},
          {"last_reply", text_or_null(entry.last_reply)},
          {"upstream_id", text_or_null(entry.upstream_id)}};
}

json::object to_json(const policy::Event& event) {
  return {{"at", time_or_null(event.at)},
          {"event", policy::word(event.kind)},
          {"reason", word_or_null(event.reason)},
          {"reference", text_or_null(event.reference)},
          {"app", text_or_null(event.app)},
          {"domain", text_or_null(event.domain)},
          {"detail", text_or_null(event.detail)}};
}

json::object to_json(const spool::Trace& trace, std::chrono::seconds hold_expire) {
  json::array timeline;
  for (const policy::Event& event : trace.timeline) timeline.emplace_back(to_json(event));
  json::value entry = nullptr;
  if (trace.entry) entry = to_json(*trace.entry, hold_expire);
  return {{"entry", std::move(entry)}, {"timeline", std::move(timeline)}};
}

}  // namespace http
