#pragma once

#include "policy/doctor/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What is wrong with SPF records, at the domain and at its MAIL FROM domain.
namespace policy::doctor {

/// Whether a text that is no SPF record was meant as one: in quotation marks, "v=spf1;", "v=spf".
[[nodiscard]] bool looks_like_spf(std::string_view text);

/// Judges the texts at `name`. What `expected` makes of a list of published records is what has to
/// stand there instead.
[[nodiscard]] Finding judge_spf(const Case& c,
                                const std::string& name,
                                const std::optional<SpfVerdict>& verdict,
                                const std::vector<Place>& places,
                                const Expected& expected);

}  // namespace policy::doctor
