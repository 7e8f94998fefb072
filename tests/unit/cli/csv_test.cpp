#include "relay/cli/csv.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using cli::CsvReader;

namespace {

using Fields = std::vector<std::string>;

std::vector<cli::CsvRecord> records_of(std::string_view text) {
  CsvReader reader(text);
  std::vector<cli::CsvRecord> records;
  while (auto record = reader.next()) records.push_back(std::move(*record));
  return records;
}

}  // namespace

TEST_SUITE("relay/cli/csv") {
  TEST_CASE("records are read as RFC 4180 has them, with LF too") {
    struct Row {
      std::string_view text;
      std::vector<Fields> records;
    };
    const Row rows[] = {
        {"", {}},
        {"a", {{"a"}}},
        {"a,b\r\nc,d\r\n", {{"a", "b"}, {"c", "d"}}},
        {"a,b\nc,d", {{"a", "b"}, {"c", "d"}}},
        {"a,b\r", {{"a", "b"}}},
        {"a,\r\n,b\r\n,", {{"a", ""}, {"", "b"}, {"", ""}}},
        {"\r\n\n  \n\na\n", {{"  "}, {"a"}}},
        {R"("a","b ""c"", d",e)", {{"a", "b \"c\", d", "e"}}},
        {"\"two\r\nlines\",x\r\ny", {{"two\r\nlines", "x"}, {"y"}}},
        {"\"\",\"\"\"\"\n", {{"", "\""}}},
        {"\xEF\xBB\xBF\"a\"\n", {{"a"}}},
        {"a\rb,c\n", {{"a\rb", "c"}}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      const auto records = records_of(row.text);
      REQUIRE(records.size() == row.records.size());
      for (std::size_t i = 0; i < records.size(); ++i) {
        CHECK(records[i].fields == row.records[i]);
        CHECK(records[i].fault.empty());
      }
    }
  }

  TEST_CASE("a record knows its line, and behind a fault the next line is read") {
    const auto records = records_of("a\n\n\"b\nb\",c\nd\"d,e\nf\n\"g\"h,\"i\nj\n\"k\n\nl");
    struct Row {
      std::size_t line;
      std::string fault;
    };
    const Row rows[] = {{1, ""},
                        {3, ""},
                        {5, "within a cell"},
                        {6, ""},
                        {7, "behind its end"},
                        {8, ""},
                        {9, "does not end"}};
    REQUIRE(records.size() == std::size(rows));
    for (std::size_t i = 0; i < records.size(); ++i) {
      CAPTURE(i);
      CHECK(records[i].line == rows[i].line);
      CHECK(records[i].fault.empty() == rows[i].fault.empty());
      CHECK(records[i].fault.find(rows[i].fault) != std::string::npos);
    }
  }

  TEST_CASE("what is written is read back") {
    for (const std::string field : {"", "a", "a,b", "\"", "a\"b", "\r\n", "a\nb", " a ", "ü"}) {
      CAPTURE(field);
      const auto records = records_of(cli::csv_line({field, "x", field}));
      REQUIRE(records.size() == 1);
      CHECK(records[0].fields == Fields{field, "x", field});
    }
    CHECK(cli::csv_line({"a", "b,c"}) == "a,\"b,c\"\r\n");
  }

  TEST_CASE("no cell is a formula to a spreadsheet, and each is given back") {
    for (const std::string text :
         {"=1+1", "+1", "-1", "@sum", "\tx", "\rx", "'", "'=1", "''", "'bob"}) {
      CAPTURE(text);
      const std::string cell = cli::as_plain_cell(text);
      CHECK(cell == "'" + text);
      CHECK(cli::from_plain_cell(cell) == text);
    }
    for (const std::string text : {"", "bob", "b=1", "1"}) {
      CHECK(cli::as_plain_cell(text) == text);
      CHECK(cli::from_plain_cell(text) == text);
    }
    CHECK(cli::from_plain_cell("'bob") == "'bob");
    CHECK(cli::from_plain_cell("=1") == "=1");
  }
}
