#pragma once

#include "relay/spool/entry.hpp"

#include <optional>
#include <string_view>

namespace feedback {

/// A moment as SES and SNS write it: RFC 3339, to the millisecond (further digits are dropped);
/// also with a zone without colon and a space before it (`2018-10-08T14:05:45 +0000`). Nothing if
/// it is none, or not of the years 2000 to 2099.
[[nodiscard]] std::optional<spool::WallTime> parse_timestamp(std::string_view text);

}  // namespace feedback
