#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doctor {

enum class Grade : std::uint8_t {
  ok,
  warn,  ///< mail goes, but not as well as it could
  bad    ///< mail does not go, or soon will not
};
[[nodiscard]] std::string_view word(Grade grade) noexcept;
[[nodiscard]] std::optional<Grade> grade_of(std::string_view word) noexcept;

/// One thing that was looked at. No secret, no address of a recipient.
struct Finding {
  std::string check;  ///< what was looked at: `upstream default`
  Grade grade = Grade::ok;
  std::string what;  ///< as it is
  std::string mend;  ///< what to do about it; empty where all is well
};
using Findings = std::vector<Finding>;

/// `bad   upstream default: 535 … -> give …`, on one line whatever octets it is made of.
[[nodiscard]] std::string line_of(const Finding& finding);

}  // namespace doctor
