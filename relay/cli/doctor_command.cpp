#include "relay/cli/doctor_command.hpp"

#include "relay/cli/shown.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <string>
#include <utility>

namespace cli {

namespace {

namespace json = boost::json;
using doctor::Finding;
using doctor::Grade;

constexpr std::chrono::seconds patience{30};

doctor::Findings findings_of(const json::object& answer) {
  doctor::Findings findings;
  for (const json::value& each : answer.at("findings").as_array()) {
    const json::object& object = each.as_object();
    findings.push_back({shown(object, "check"),
                        doctor::grade_of(shown(object, "grade")).value_or(Grade::bad),
                        shown(object, "what"),
                        shown(object, "mend")});
  }
  return findings;
}

void print(Console& console, const doctor::Findings& findings, bool as_json) {
  for (const Finding& finding : findings) {
    if (as_json) {
      console.print_json(
          {{"check", finding.check},
           {"grade", doctor::word(finding.grade)},
           {"what", finding.what},
           {"mend", finding.mend.empty() ? json::value() : json::value(finding.mend)}});
    } else {
      console.print_text(doctor::line_of(finding) + "\n");
    }
  }
}

}  // namespace

void add_doctor_command(CLI::App& root,
                        const std::shared_ptr<Console>& console,
                        std::function<config::Config()> settings,
                        ExamineAlone examine_alone,
                        int& exit_code) {
  const auto as_json = std::make_shared<bool>(false);
  auto run = [console,
              as_json,
              settings = std::move(settings),
              examine_alone = std::move(examine_alone)] {
    doctor::Findings findings;
    if (const auto hindrance = console->hindrance()) {
      findings = examine_alone(settings());
      findings.insert(findings.begin(), {"relay", Grade::bad, "it does not answer", *hindrance});
    } else {
      const auto answer =
          console->ask_json({.target = "/api/v1/doctor", .body = "{}", .limit = patience});
      if (!answer) return 1;
      findings = findings_of(*answer);
      findings.insert(findings.begin(), {"relay", Grade::ok, "it runs", {}});
    }
    print(*console, findings, *as_json);
    return std::ranges::any_of(findings,
                               [](const Finding& each) { return each.grade == Grade::bad; })
               ? 1
               : 0;
  };
  CLI::App* command =
      add_command(root,
                  "doctor",
                  "look at everything that mail needs: one line each, with the mend",
                  exit_code,
                  std::move(run));
  command->add_flag("--json", *as_json, "one JSON object a line");
}

}  // namespace cli
