#include "relay/cli/queue_print.hpp"

#include "relay/cli/shown.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

namespace cli {

namespace json = boost::json;

namespace {

constexpr const char* row_format =
    "{:13}  {:19}  {:11}  {:14}  {:12}  {:>9}  {:>5}  {:19}  {:19}  {:19}  {}\n";

// What a step is, in words, where its name alone does not say it.
constexpr auto meanings = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"in_doubt", "handed to SES, whose reply is awaited"},
     {"resent", "no sign that SES has it: sent again"},
     {"settled", "SES's own event says that it has it"},
     {"repeated", "the client sent it once more and got this queue id again"},
     {"released", "out of its hold"},
     {"expired", "given up: its time was over"},
     {"dropped", "taken out of the queue"},
     {"superseded", "a newer copy for the same recipient goes instead"},
     {"quarantined", "the stored message cannot be read any more"}});

std::string first_recipient(const json::object& entry) {
  const json::array& paths = entry.at("forward_paths").as_array();
  if (paths.empty()) return {};
  std::string text = printable(paths.front().as_string());
  if (paths.size() > 1) text += fmt::format(" and {} more", paths.size() - 1);
  return text;
}

void print_entry(std::ostream& out, const json::object& entry) {
  constexpr auto members = std::to_array<std::pair<std::string_view, const char*>>(
      {{"reason", "reason"}, {"app", "app"}, {"domain", "domain"}, {"reverse_path", "from"}});
  const std::string marks = std::string(is_set(entry, "urgent") ? "  urgent" : "") +
                            (is_set(entry, "notice") ? "  notice" : "");
  out << fmt::format("{}  {}{}\n", shown(entry, "id"), shown(entry, "state"), marks);
  for (const auto& [member, name] : members) print_line(out, name, shown(entry, member));
  for (const json::value& path : entry.at("forward_paths").as_array())
    print_line(out, "to", printable(path.as_string()));
  print_line(out, "Message-ID", shown(entry, "message_id"));
  print_line(out, "SES id", shown(entry, "upstream_id"));
  print_line(out, "octets", shown(entry, "size"));
  print_line(out, "attempts", shown(entry, "attempts"));
  print_line(out, "next attempt", moment(entry, "next_attempt"));
  print_line(out, "held since", moment(entry, "held_since"));
  print_line(out, "deadline", moment(entry, "deadline"));
  print_line(out, "last reply", shown(entry, "last_reply"));
}

std::string_view meaning_of_event(std::string_view event) {
  const auto found = std::ranges::find(meanings, event, &decltype(meanings)::value_type::first);
  return found == meanings.end() ? std::string_view() : found->second;
}

void print_step(std::ostream& out, const json::object& step) {
  const std::string event = shown(step, "event");
  std::string line = fmt::format("  {}  {:11}", moment(step, "at"), event);
  if (const std::string reason = shown(step, "reason"); !reason.empty())
    line += "  [" + reason + "]";
  line += "  " + words_of(step);
  out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
}

}  // namespace

std::string words_of(const json::object& step) {
  const std::string_view meaning = meaning_of_event(shown(step, "event"));
  const std::string detail = shown(step, "detail");
  const bool both = !meaning.empty() && !detail.empty();
  return fmt::format("{}{}", meaning, both ? " (" + detail + ")" : detail);
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
                     "HELD SINCE",
                     "DEADLINE",
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
                     moment(entry, "held_since"),
                     moment(entry, "deadline"),
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
