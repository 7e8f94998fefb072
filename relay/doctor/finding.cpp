#include "relay/doctor/finding.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace doctor {

std::string_view word(Grade grade) noexcept {
  switch (grade) {
    case Grade::ok:
      return "ok";
    case Grade::warn:
      return "warn";
    case Grade::bad:
      return "bad";
  }
  return {};
}

std::optional<Grade> grade_of(std::string_view text) noexcept {
  for (const Grade grade : {Grade::ok, Grade::warn, Grade::bad})
    if (word(grade) == text) return grade;
  return std::nullopt;
}

std::string line_of(const Finding& finding) {
  const std::string_view arrow = finding.mend.empty() ? "" : " -> ";
  std::string line = fmt::format(
      "{:<5}{}: {}{}{}", word(finding.grade), finding.check, finding.what, arrow, finding.mend);
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

}  // namespace doctor
