#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path);
  std::ostringstream octets;
  octets << file.rdbuf();
  return octets.str();
}

/// The columns of a manifest's rows, comments left out.
std::vector<std::vector<std::string>> read_manifest(const std::string& path) {
  std::istringstream lines(read_file(path));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string>& row = rows.emplace_back();
    std::istringstream columns(line);
    for (std::string column; std::getline(columns, column, '\t');) row.push_back(column);
  }
  return rows;
}

/// The manifest's word for a reason: it has one for each of two pairs.
std::string manifest_word(const policy::Verdict& verdict) {
  if (!verdict) return "accept";
  const std::string word(policy::word(verdict->reason));
  if (word == "loop") return "malformed";
  return word == "from-domain" || word == "sender-domain" ? "sender" : word;
}

policy::Verdict judge(const std::string& octets, const std::string* reverse_path) {
  const policy::AppFacts app = support::site();
  if (reverse_path != nullptr) {
    if (auto verdict = policy::judge_mail(app, *reverse_path, octets.size())) return verdict;
  }
  return policy::judge_message(app, policy::summarise(octets, app.rules));
}

}  // namespace

TEST_CASE("every real message of the corpus gets the verdict of its manifest") {
  const std::string folder = POSTERN_CORPUS "/real/";
  const auto rows = read_manifest(folder + "manifest.tsv");
  CHECK(rows.size() >= 187);
  for (const auto& row : rows) {
    REQUIRE(row.size() >= 8);
    CAPTURE(row[0]);
    const std::string reverse_path = row[3].substr(1, row[3].size() - 2);
    const auto verdict = judge(read_file(folder + row[0]), &reverse_path);
    CAPTURE(verdict.value_or(policy::Refusal{}).sentence);
    CHECK(manifest_word(verdict) == row[7]);
  }
}

TEST_CASE("every adversarial message of the corpus gets the verdict of its manifest") {
  const std::string folder = POSTERN_CORPUS "/adversarial/";
  const auto rows = read_manifest(folder + "manifest.tsv");
  CHECK(rows.size() >= 83);
  for (const auto& row : rows) {
    REQUIRE(row.size() >= 3);
    CAPTURE(row[0]);
    const auto verdict = judge(read_file(folder + row[0]), nullptr);
    CAPTURE(verdict.value_or(policy::Refusal{}).sentence);
    CHECK(manifest_word(verdict) == row[2]);
  }
}
