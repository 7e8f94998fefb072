#include "relay/cli/queue_print.hpp"

#include "relay/observe/escape.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <array>
#include <ostream>
#include <utility>

namespace cli {

namespace json = boost::json;

namespace {

constexpr const char* row_format = "{:13}  {:19}  {:11}  {:14}  {:12}  {:>9}  {:>5}  {:19}  {}\n";

std::string printable(const json::string& text) {
  return observe::escaped(std::string_view(text.data(), text.size()));
}

// `2026-01-02T03:04:05.678Z` as a person reads it.
std::string moment(const json::object& object, std::string_view name) {
  std::string text = shown(object, name);
  if (text.size() < 19) return text;
  text[10] = ' ';
  return text.substr(0, 19);
}

std::string first_recipient(const json::object& entry) {
  const json::array& paths = entry.at("forward_paths").as_array();
  if (paths.empty()) return {};
  std::string text = printable(paths.front().as_string());
  if (paths.size() > 1) text += fmt::format(" and {} more", paths.size() - 1);
  return text;
}

void print_line(std::ostream& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out << fmt::format("  {:12}  {}\n", name, value);
}

void print_entry(std::ostream& out, const json::object& entry) {
  constexpr auto members = std::to_array<std::pair<std::string_view, const char*>>(
      {{"reason", "reason"}, {"app", "app"}, {"domain", "domain"}, {"reverse_path", "from"}});
  out << fmt::format("{}  {}\n", shown(entry, "id"), shown(entry, "state"));
  for (const auto& [member, name] : members) print_line(out, name, shown(entry, member));
  for (const json::value& path : entry.at("forward_paths").as_array())
    print_line(out, "to", printable(path.as_string()));
  print_line(out, "Message-ID", shown(entry, "message_id"));
  print_line(out, "SES id", shown(entry, "upstream_id"));
  print_line(out, "octets", shown(entry, "size"));
  print_line(out, "attempts", shown(entry, "attempts"));
  print_line(out, "next attempt", moment(entry, "next_attempt"));
  print_line(out, "last reply", shown(entry, "last_reply"));
}

void print_step(std::ostream& out, const json::object& step) {
  std::string line = fmt::format("  {}  {:11}", moment(step, "at"), shown(step, "event"));
  if (const std::string reason = shown(step, "reason"); !reason.empty())
    line += "  [" + reason + "]";
  if (const std::string detail = shown(step, "detail"); !detail.empty()) line += "  " + detail;
  out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
}

}  // namespace

std::string shown(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr || member->is_null()) return {};
  if (const json::string* text = member->if_string()) return printable(*text);
  return json::serialize(*member);
}

void print_heading(std::ostream& out) {
  out << fmt::format(row_format,
                     "ID",
                     "ACCEPTED (UTC)",
                     "STATE",
                     "REASON",
                     "APP",
                     "OCTETS",
                     "TRIES",
                     "NEXT ATTEMPT",
                     "RECIPIENTS");
}

void print_row(std::ostream& out, const json::object& entry) {
  out << fmt::format(row_format,
                     shown(entry, "id"),
                     moment(entry, "accepted_at"),
                     shown(entry, "state"),
                     shown(entry, "reason"),
                     shown(entry, "app"),
                     shown(entry, "size"),
                     shown(entry, "attempts"),
                     moment(entry, "next_attempt"),
                     first_recipient(entry));
}

void print_life(std::ostream& out, const json::object& match) {
  const json::array& timeline = match.at("timeline").as_array();
  if (const json::object* entry = match.at("entry").if_object()) {
    print_entry(out, *entry);
  } else if (!timeline.empty()) {  // a refusal, or what is left of a message past its retention
    const json::object& first = timeline.front().as_object();
    out << shown(first, "reference") << '\n';
    print_line(out, "app", shown(first, "app"));
  }
  for (const json::value& step : timeline) print_step(out, step.as_object());
}

}  // namespace cli
