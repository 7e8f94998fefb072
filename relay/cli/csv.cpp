#include "relay/cli/csv.hpp"

#include <algorithm>

namespace cli {

namespace {

constexpr char quote = '"';
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view begins_a_formula = "=+-@\t\r";
constexpr char plain_mark = '\'';

bool needs_mark(std::string_view text) {
  return !text.empty() && (text.front() == plain_mark ||
                           begins_a_formula.find(text.front()) != std::string_view::npos);
}

}  // namespace

CsvReader::CsvReader(std::string_view text) : rest_(text) {
  if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
}

std::optional<CsvRecord> CsvReader::next() {
  while (take_line_end()) {
  }
  if (rest_.empty()) return std::nullopt;
  CsvRecord record;
  record.line = line_;
  for (;;) {
    read_field(record);
    if (!record.fault.empty()) {
      pass_over_line();
      return record;
    }
    if (rest_.empty() || take_line_end()) return record;
    rest_.remove_prefix(1);  // the comma
  }
}

/// Up to a comma, the end of the line or that of the text; anything else is a fault.
void CsvReader::read_field(CsvRecord& record) {
  if (rest_.starts_with(quote)) return read_quoted(record);
  std::string_view field = rest_.substr(0, rest_.find_first_of(",\n"));
  rest_.remove_prefix(field.size());
  if (!rest_.starts_with(',') && field.ends_with('\r')) field.remove_suffix(1);
  if (field.find(quote) != std::string_view::npos)
    record.fault = "a quotation mark stands within a cell: quote the whole cell, and double it";
  record.fields.emplace_back(field);
}

void CsvReader::read_quoted(CsvRecord& record) {
  std::string& field = record.fields.emplace_back();
  rest_.remove_prefix(1);
  for (;;) {
    const auto end = rest_.find(quote);
    if (end == std::string_view::npos) {
      record.fault = "a quoted cell begins here and does not end: close it with a quotation mark";
      rest_ = {};
      return;
    }
    field += rest_.substr(0, end);
    line_ += static_cast<std::size_t>(std::ranges::count(rest_.substr(0, end), '\n'));
    rest_.remove_prefix(end + 1);
    if (!rest_.starts_with(quote)) break;
    field += quote;
    rest_.remove_prefix(1);
  }
  const bool ends = rest_.empty() || rest_.starts_with(',') || rest_.starts_with('\n') ||
                    rest_.starts_with("\r\n");
  if (!ends) record.fault = "a quoted cell goes on behind its end: put a comma there";
}

void CsvReader::pass_over_line() {
  rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
  take_line_end();
}

bool CsvReader::take_line_end() {
  std::size_t length = rest_.starts_with('\n') ? 1 : 0;
  if (rest_.starts_with("\r\n")) length = 2;
  rest_.remove_prefix(length);
  line_ += length > 0 ? 1 : 0;
  return length > 0;
}

std::string csv_line(std::initializer_list<std::string_view> fields) {
  std::string line;
  bool first = true;
  for (const std::string_view field : fields) {
    if (!first) line += ',';
    first = false;
    if (field.find_first_of("\",\r\n") == std::string_view::npos) {
      line += field;
      continue;
    }
    line += quote;
    for (const char c : field) line.append(c == quote ? 2 : 1, c);
    line += quote;
  }
  return line + "\r\n";
}

std::string as_plain_cell(std::string_view text) {
  return needs_mark(text) ? plain_mark + std::string(text) : std::string(text);
}

std::string from_plain_cell(std::string_view cell) {
  if (cell.starts_with(plain_mark) && needs_mark(cell.substr(1))) cell.remove_prefix(1);
  return std::string(cell);
}

}  // namespace cli
