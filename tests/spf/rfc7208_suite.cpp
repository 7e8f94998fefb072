// The public test suite of RFC 7208 (openspf.org's rfc7208-tests.yml), each case through the real
// child. The suite is not part of the project: POSTERN_SPF_SUITE names it, or it lies beside the
// project; without it the test is skipped.
#include "relay/domains/spf/child_main.hpp"
#include "relay/domains/spf/evaluator.hpp"
#include "tests/spf/zone.hpp"

#include <boost/asio/io_context.hpp>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using policy::RecordType;
using policy::SpfResult;

constexpr int skipped = 77;

struct Deviation {
  std::string_view test;
  SpfResult ours;
  std::string_view why;
};
/// Where libspf2 1.2.10 is wrong and its result cannot be mended from outside. A row whose test
/// comes out as the suite wants it fails: strike it then.
constexpr std::string_view no_length_0 =
    "libspf2 takes a/0, mx/0 and a//0, mx//0 for syntax errors";
constexpr std::array deviations{
    Deviation{"a-nxdomain", SpfResult::perm_error, no_length_0},
    Deviation{"a-cidr4-0", SpfResult::perm_error, no_length_0},
    Deviation{"a-cidr4-0-ip6", SpfResult::perm_error, no_length_0},
    Deviation{"a-cidr6-0-ip4", SpfResult::perm_error, no_length_0},
    Deviation{"a-cidr6-0-ip4mapped", SpfResult::perm_error, no_length_0},
    Deviation{"a-cidr6-0-ip6", SpfResult::perm_error, no_length_0},
    Deviation{"a-cidr6-0-nxdomain", SpfResult::perm_error, no_length_0},
    Deviation{"mx-nxdomain", SpfResult::perm_error, no_length_0},
    Deviation{"mx-cidr4-0", SpfResult::perm_error, no_length_0},
    Deviation{"mx-cidr4-0-ip6", SpfResult::perm_error, no_length_0},
    Deviation{"mx-cidr6-0-ip4", SpfResult::perm_error, no_length_0},
    Deviation{"mx-cidr6-0-ip4mapped", SpfResult::perm_error, no_length_0},
    Deviation{"mx-cidr6-0-ip6", SpfResult::perm_error, no_length_0},
    Deviation{"mx-cidr6-0-nxdomain", SpfResult::perm_error, no_length_0}};

std::string_view name_of(SpfResult result) {
  switch (result) {
    case SpfResult::pass:
      return "pass";
    case SpfResult::fail:
      return "fail";
    case SpfResult::softfail:
      return "softfail";
    case SpfResult::neutral:
      return "neutral";
    case SpfResult::none:
      return "none";
    case SpfResult::perm_error:
      return "permerror";
    case SpfResult::temp_error:
      return "temperror";
    case SpfResult::unknown:
      return "unknown";
  }
  return "";
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string joined(const YAML::Node& strings) {
  if (!strings.IsSequence()) return strings.as<std::string>();
  std::string text;
  for (const YAML::Node& part : strings) text += part.as<std::string>();
  return text;
}

std::string target(const YAML::Node& name) {
  std::string text = lower(name.as<std::string>());
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// One record of the suite. Type SPF stands for TXT too, where the name has no TXT of its own.
void add_record(spf_tests::Zone& zone,
                const std::string& name,
                const std::string& type,
                const YAML::Node& value,
                bool has_txt) {
  if (value.IsScalar() && value.as<std::string>() == "NONE") return;
  if (type == "TXT" || (type == "SPF" && !has_txt))
    return zone.add(name, RecordType::txt, joined(value));
  if (type == "A") return zone.add(name, RecordType::a, value.as<std::string>());
  if (type == "AAAA") return zone.add(name, RecordType::aaaa, value.as<std::string>());
  if (type == "PTR") return zone.add(name, RecordType::ptr, target(value));
  if (type == "MX") {
    return zone.add(name, RecordType::mx, value[0].as<std::string>() + " " + target(value[1]));
  }
}

bool has_type(const YAML::Node& records, std::string_view type) {
  return std::any_of(records.begin(), records.end(), [&](const YAML::Node& record) {
    return record.IsMap() && record.begin()->first.as<std::string>() == type;
  });
}

/// The CNAME's own name, or the one it leads to.
YAML::Node followed(const YAML::Node& zonedata, const YAML::Node& records) {
  if (!has_type(records, "CNAME")) return records;
  const std::string to = target(records[0]["CNAME"]);
  for (const auto& entry : zonedata)
    if (target(entry.first) == to) return entry.second;
  return YAML::Node(YAML::NodeType::Sequence);
}

spf_tests::Zone zone_of(const YAML::Node& zonedata) {
  spf_tests::Zone zone;
  for (const auto& entry : zonedata) {
    const std::string name = target(entry.first);
    const YAML::Node records = followed(zonedata, entry.second);
    for (const YAML::Node& record : records) {
      if (!record.IsMap()) {
        zone.fail_otherwise(name);
        continue;
      }
      const auto typed = record.begin();
      add_record(
          zone, name, typed->first.as<std::string>(), typed->second, has_type(records, "TXT"));
    }
  }
  return zone;
}

policy::SpfVerdict evaluated(spf_tests::Zone& zone, const YAML::Node& test) {
  boost::asio::io_context context;
  domains::SpfEvaluator evaluator(context.get_executor(), zone, [](domains::SpfCheckEnd) {});
  domains::SpfQuestion question;
  question.ip = test["host"].as<std::string>();
  question.helo = test["helo"].as<std::string>();
  question.mail_from = test["mailfrom"].as<std::string>();
  policy::SpfVerdict verdict;
  net::spawn(
      context.get_executor(),
      [&]() -> boost::asio::awaitable<void> { verdict = co_await evaluator.evaluate(question); },
      [](std::string_view what) { std::printf("exception: %s\n", std::string(what).c_str()); },
      [] {});
  context.run();
  return verdict;
}

bool is_wanted(const YAML::Node& wanted, std::string_view result) {
  if (wanted.IsScalar()) return wanted.as<std::string>() == result;
  return std::any_of(wanted.begin(), wanted.end(), [&](const YAML::Node& one) {
    return one.as<std::string>() == result;
  });
}

const Deviation* find_listed(const std::string& name) {
  const auto* const row = std::find_if(
      deviations.begin(), deviations.end(), [&](const Deviation& one) { return one.test == name; });
  return row == deviations.end() ? nullptr : row;
}

/// True when the case came out as it must: right, or wrong in the way that is listed.
bool check(const std::string& name, spf_tests::Zone& zone, const YAML::Node& test) {
  const policy::SpfVerdict verdict = evaluated(zone, test);
  const bool right = is_wanted(test["result"], name_of(verdict.result));
  const Deviation* const listed = find_listed(name);
  if (listed == nullptr ? right : !right && listed->ours == verdict.result) return true;
  std::printf("%s: %s (%s)%s\n",
              name.c_str(),
              std::string(name_of(verdict.result)).c_str(),
              verdict.why.c_str(),
              listed == nullptr ? "" : ": listed otherwise as a deviation");
  return false;
}

std::string suite_path() {
  // Only this thread runs.
  const char* named = std::getenv("POSTERN_SPF_SUITE");  // NOLINT(concurrency-mt-unsafe)
  return named != nullptr ? named : POSTERN_SOURCE_DIR "/../shared/spf/rfc7208-tests.yml";
}

int run_suite(const std::string& path) {
  std::size_t cases = 0;
  std::size_t wrong = 0;
  std::size_t listed = 0;
  for (const YAML::Node& section : YAML::LoadAllFromFile(path)) {
    if (!section.IsMap()) continue;
    for (const auto& test : section["tests"]) {
      spf_tests::Zone zone = zone_of(section["zonedata"]);
      ++cases;
      if (find_listed(test.first.as<std::string>()) != nullptr) ++listed;
      if (!check(test.first.as<std::string>(), zone, test.second)) ++wrong;
    }
  }
  std::printf("%zu cases, %zu wrong, %zu expected deviations\n", cases, wrong, listed);
  for (const Deviation& row : deviations)
    std::printf("  %s: %s\n", std::string(row.test).c_str(), std::string(row.why).c_str());
  return cases > 0 && wrong == 0 && listed == deviations.size() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "spf-child") return domains::spf_child_main();
  const std::string path = suite_path();
  if (!std::filesystem::exists(path)) {
    std::printf("skipped: the suite of RFC 7208 is not at %s (POSTERN_SPF_SUITE)\n", path.c_str());
    return skipped;
  }
  return run_suite(path);
}
