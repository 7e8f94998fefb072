#pragma once

#include "policy/domain_setup.hpp"
#include "policy/mistake.hpp"

#include <optional>
#include <string_view>
#include <vector>

/// What a published text is beside the DKIM key that signs (RFC 6376 3.6.1).
namespace policy::doctor {

/// Whether a text is meant as a DKIM key, however damaged.
[[nodiscard]] bool looks_like_key(std::string_view text);

/// Why receivers cannot verify this selector's signatures with the record; none where they can.
[[nodiscard]] std::optional<Mistake> key_fault(std::string_view text,
                                               const SelectorSetup& selector,
                                               const std::vector<SelectorSetup>& all);

/// What is unwise in a record that works.
[[nodiscard]] std::optional<Mistake> key_advice(std::string_view text);

}  // namespace policy::doctor
