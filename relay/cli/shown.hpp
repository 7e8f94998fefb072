#pragma once

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Members of the relay's JSON as they may be shown on a terminal.

[[nodiscard]] std::string printable(const boost::json::string& text);
/// Empty if it is null or absent.
[[nodiscard]] std::string shown(const boost::json::object& object, std::string_view name);
/// A time, `2026-01-02T03:04:05.678Z`, as a person reads it: `2026-01-02 03:04:05`.
[[nodiscard]] std::string moment(const boost::json::object& object, std::string_view name);
/// A count, which must be there.
[[nodiscard]] std::uint64_t count_in(const boost::json::object& object, std::string_view name);
/// A flag; false if it is absent.
[[nodiscard]] bool is_set(const boost::json::object& object, std::string_view name);

/// How mail aligns: "p=reject, aligned by DKIM and SPF". \param policy empty: no record
[[nodiscard]] std::string alignment(std::string_view policy, bool by_dkim, bool by_spf);

/// `  name          value`; nothing where there is no value.
void print_line(std::ostream& out, std::string_view name, const std::string& value);

/// Columns as wide as what is in them; the first row is the heading.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

}  // namespace cli
