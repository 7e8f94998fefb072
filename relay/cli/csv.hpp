#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// A record of comma separated values (RFC 4180), which may stretch over several lines.
struct CsvRecord {
  std::size_t line = 0;  ///< on which it begins, from 1
  std::vector<std::string> fields;
  std::string fault;  ///< what breaks the grammar, and what to write; empty if nothing does
};

/// Takes a text apart, record by record. Lines end with CRLF or LF, the last one perhaps with
/// nothing; empty lines and a byte order mark are passed over. Behind a fault it goes on with the
/// next line.
class CsvReader {
 public:
  /// \param text outlives the reader
  explicit CsvReader(std::string_view text);
  [[nodiscard]] std::optional<CsvRecord> next();  ///< nothing at the end

 private:
  void read_field(CsvRecord& record);
  void read_quoted(CsvRecord& record);
  void pass_over_line();
  bool take_line_end();

  std::string_view rest_;
  std::size_t line_ = 1;
};

/// A record with its CRLF; fields are quoted where they must be.
[[nodiscard]] std::string csv_line(std::initializer_list<std::string_view> fields);

/// A cell that no spreadsheet takes for a formula: `'` goes before what begins with `=`, `+`, `-`,
/// `@`, a tab, a CR, or `'` itself, so that the other function gives back what was there.
[[nodiscard]] std::string as_plain_cell(std::string_view text);
[[nodiscard]] std::string from_plain_cell(std::string_view cell);

}  // namespace cli
