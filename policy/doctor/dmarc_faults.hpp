#pragma once

#include "policy/mistake.hpp"

#include <optional>
#include <string_view>

namespace policy::doctor {

/// Whether a text is meant as DMARC, however damaged.
[[nodiscard]] bool looks_like_dmarc(std::string_view text);

/// What keeps receivers from following the record as it is meant; none where they do.
[[nodiscard]] std::optional<Mistake> dmarc_fault(std::string_view text);

}  // namespace policy::doctor
