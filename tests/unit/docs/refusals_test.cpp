#include "policy/reason.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string page(const std::string& name) {
  std::ifstream stream(std::string(POSTERN_DOCS) + "/" + name);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string code(const policy::Status& status) {
  return std::to_string(status.code) + " " + std::to_string(status.code / 100) + "." +
         std::to_string(status.subject) + "." + std::to_string(status.detail);
}

/// The rows of the page's two tables as the table of reasons has them.
std::string refusal_rows() {
  std::string rows;
  for (const auto& row : policy::reasons()) {
    if (!row.status) continue;
    rows += "| `" + std::string(row.word) + "` | " + std::string(row.stage) + " | " +
            code(*row.status) + " | " + std::string(row.meaning) + " | " + std::string(row.mend) +
            " |\n";
  }
  return rows;
}

std::string hold_rows() {
  std::string rows;
  for (const auto& row : policy::reasons()) {
    if (row.holds) {
      rows += "| `" + std::string(row.word) + "` | " + std::string(row.meaning) + " | " +
              std::string(row.mend) + " |\n";
    }
  }
  return rows;
}

std::size_t lines_of_tables(const std::string& text) {
  std::size_t lines = 0;
  for (std::size_t at = text.find("\n| `"); at != std::string::npos;
       at = text.find("\n| `", at + 1))
    ++lines;
  return lines;
}

}  // namespace

TEST_SUITE_BEGIN("docs/refusals.md");

TEST_CASE("the page has each reason with the words of the code, and no other") {
  const std::string text = page("refusals.md");
  INFO("the tables must read:\n", refusal_rows(), "\n", hold_rows());
  CHECK(text.find("\n" + refusal_rows()) != std::string::npos);
  CHECK(text.find("\n" + hold_rows()) != std::string::npos);
  CHECK(lines_of_tables(text) ==
        lines_of_tables("\n" + refusal_rows()) + lines_of_tables("\n" + hold_rows()));
}

TEST_SUITE_END();
