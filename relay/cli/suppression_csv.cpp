#include "relay/cli/suppression_csv.hpp"

#include "mail/header_fields.hpp"
#include "policy/address.hpp"
#include "policy/suppression.hpp"
#include "relay/cli/csv.hpp"
#include "relay/observe/escape.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace cli {

namespace {

constexpr std::size_t longest_shown = 60;

enum class Column : std::uint8_t { address, app, reason, since, until };
constexpr std::size_t column_count = 5;

constexpr auto column_names = std::to_array<std::pair<std::string_view, Column>>({
    {"address", Column::address},
    {"email", Column::address},
    {"emailaddress", Column::address},
    {"recipient", Column::address},
    {"app", Column::app},
    {"reason", Column::reason},
    {"cause", Column::reason},
    {"since", Column::since},
    {"lastupdatetime", Column::since},
    {"until", Column::until},
});

/// Which cell of a line holds what.
using Columns = std::array<std::optional<std::size_t>, column_count>;

std::optional<std::size_t>& place(Columns& columns, Column column) {
  return columns[static_cast<std::size_t>(column)];
}

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

Columns columns_named_in(const CsvRecord& heading) {
  Columns columns;
  for (std::size_t i = 0; i < heading.fields.size(); ++i) {
    std::string name = mail::to_lower(heading.fields[i]);
    std::erase_if(name, [](char c) { return c == ' ' || c == '_' || c == '-'; });
    const auto known =
        std::ranges::find(column_names, name, &decltype(column_names)::value_type::first);
    if (known == column_names.end()) continue;
    auto& column = place(columns, known->second);
    if (!column) column = i;
  }
  return columns;
}

/// Of a list that does not name its columns, by its first line.
Columns columns_seen_in(const CsvRecord& first) {
  Columns columns;
  const auto address = std::ranges::find_if(
      first.fields, [](const std::string& field) { return field.find('@') != std::string::npos; });
  if (address == first.fields.end()) return columns;
  const auto index = static_cast<std::size_t>(address - first.fields.begin());
  place(columns, Column::address) = index;
  place(columns, Column::reason) = index + 1;
  return columns;
}

std::string shown_in_quotes(std::string_view text) {
  return fmt::format("`{}`", observe::escaped(text, longest_shown));
}

class ListReader {
 public:
  ListReader(std::string_view text,
             const std::string& app,
             const std::set<std::string>& apps,
             policy::WallTime now)
      : csv_(text), app_(app), apps_(apps), now_(now) {}

  ListReading read() {
    const auto first = csv_.next();
    if (!first) return std::move(reading_);
    if (!begin(*first)) return std::move(reading_);
    while (const auto record = csv_.next()) {
      if (reading_.addresses.size() >= most_listed_addresses) {
        complain(*record, fmt::format("a list has {} addresses at most", most_listed_addresses));
        break;
      }
      take(*record);
    }
    return std::move(reading_);
  }

 private:
  void complain(const CsvRecord& record, std::string_view what) {
    reading_.mistakes.push_back(fmt::format("line {}: {}", record.line, what));
  }

  /// Learns from the first line where what stands; false if that cannot be known.
  bool begin(const CsvRecord& first) {
    if (!first.fault.empty()) {
      complain(first, first.fault);
      return false;
    }
    columns_ = columns_named_in(first);
    const bool names_columns = place(columns_, Column::address).has_value();
    if (!names_columns) columns_ = columns_seen_in(first);
    if (!place(columns_, Column::address)) {
      complain(first, "no address is here, and no name of a column: name one `address`");
      return false;
    }
    names_apps_ = place(columns_, Column::app).has_value();
    if (!names_apps_ && app_.empty()) {
      complain(first, "the list names no apps: give --app, or name a column `app`");
      return false;
    }
    if (!names_columns) take(first);
    return true;
  }

  std::string cell(const CsvRecord& record, Column column) {
    const auto index = place(columns_, column);
    if (!index || *index >= record.fields.size()) return {};
    const std::string text = trimmed(record.fields[*index]);
    return names_apps_ ? from_plain_cell(text) : text;
  }

  void take(const CsvRecord& record) {
    if (!record.fault.empty()) return complain(record, record.fault);
    const auto mistakes_before = reading_.mistakes.size();
    ListedAddress listed;
    listed.app = app_of(record);
    listed.address = address_of(record);
    listed.cause = cause_of(record);
    listed.since = time_of(record, Column::since);
    if (names_apps_) listed.until = time_of(record, Column::until);
    if (reading_.mistakes.size() != mistakes_before) return;
    if (!listed.until.empty() && policy::parse_timestamp(listed.until) <= now_) {
      ++reading_.over;
    } else {
      reading_.addresses.push_back(std::move(listed));
    }
  }

  std::string app_of(const CsvRecord& record) {
    std::string app = app_.empty() ? cell(record, Column::app) : app_;
    if (app.empty())
      complain(record, "the app is missing: name it, or give --app");
    else if (!apps_.contains(app))
      complain(
          record,
          fmt::format("there is no app {}: `postern app list` names them", shown_in_quotes(app)));
    return app;
  }

  std::string address_of(const CsvRecord& record) {
    const std::string text = cell(record, Column::address);
    const auto address = policy::parse_path(text);
    if (address) return mail::to_lower(address->text());
    complain(record, shown_in_quotes(text) + " is no mail address: write it like bob@example.com");
    return {};
  }

  std::string cause_of(const CsvRecord& record) {
    std::string word = mail::to_lower(cell(record, Column::reason));
    if (word.empty() || policy::suppression_cause_of(word)) return word;
    if (names_apps_)
      complain(record,
               fmt::format("the reason must be imported, bounce, by-hand or complaint, not {}",
                           shown_in_quotes(word)));
    return {};
  }

  std::string time_of(const CsvRecord& record, Column column) {
    std::string text = cell(record, column);
    if (text.empty() || policy::parse_timestamp(text)) return text;
    if (names_apps_)
      complain(record, shown_in_quotes(text) + " is no time: write it like 2026-01-02T03:04:05Z");
    return {};
  }

  CsvReader csv_;
  const std::string& app_;
  const std::set<std::string>& apps_;
  policy::WallTime now_;
  Columns columns_;
  bool names_apps_ = false;
  ListReading reading_;
};

std::string text_of(const boost::json::object& object, std::string_view name) {
  const boost::json::string* text = object.at(name).if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

}  // namespace

ListReading read_address_list(std::string_view text,
                              const std::string& app,
                              const std::set<std::string>& apps,
                              policy::WallTime now) {
  return ListReader(text, app, apps, now).read();
}

std::string list_heading() { return csv_line({"address", "app", "reason", "since", "until"}); }

std::string list_line(const boost::json::object& suppression) {
  return csv_line({as_plain_cell(text_of(suppression, "address")),
                   text_of(suppression, "app"),
                   text_of(suppression, "cause"),
                   text_of(suppression, "since"),
                   text_of(suppression, "until")});
}

}  // namespace cli
