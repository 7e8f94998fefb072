#pragma once

#include "policy/suppression.hpp"
#include "relay/spool/entry.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spool {

/// The record of a suppressed address as it stands in the store: words and Unix milliseconds,
/// parted by spaces, in the order of the struct.
[[nodiscard]] std::string encode(const policy::Suppression& record);

/// Nothing if it is no such text.
[[nodiscard]] std::optional<policy::Suppression> decode_suppression(std::string_view text);

/// From when on the record says nothing any more: its time is over, and so is that in which a
/// further bounce would count for more.
[[nodiscard]] WallTime forget_at(const policy::Suppression& record);

}  // namespace spool
