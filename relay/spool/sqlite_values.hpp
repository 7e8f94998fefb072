#pragma once

#include "relay/spool/entry.hpp"
#include "relay/spool/sqlite_connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace spool::sqlite {

/// How values stand in columns.
[[nodiscard]] inline std::int64_t to_milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

[[nodiscard]] inline WallTime from_milliseconds(std::int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

[[nodiscard]] inline MaybeText reason_word(const std::optional<policy::Reason>& reason) {
  return reason ? MaybeText(policy::word(*reason)) : std::nullopt;
}

[[nodiscard]] inline MaybeInteger maybe_milliseconds(const std::optional<WallTime>& time) {
  return time ? MaybeInteger(to_milliseconds(*time)) : std::nullopt;
}

inline constexpr std::string_view note_prefix = "note ";  ///< of note()'s names in `meta`

}  // namespace spool::sqlite
