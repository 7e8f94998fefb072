#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace policy {

using WallTime = std::chrono::system_clock::time_point;

/// A moment as SES, SNS and our own API write it: RFC 3339, to the millisecond (further digits are
/// dropped); also with a zone without colon and a space before it (`2018-10-08T14:05:45 +0000`).
/// Nothing if it is none, or not of the years 2000 to 2099.
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text);

}  // namespace policy
