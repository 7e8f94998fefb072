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

/// Hours and days since the epoch: how the columns of feedback stand for time.
[[nodiscard]] inline std::int64_t hour_of(WallTime time) {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}
[[nodiscard]] inline std::int64_t day_of(WallTime time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

[[nodiscard]] inline MaybeText reason_word(const std::optional<policy::Reason>& reason) {
  return reason ? MaybeText(policy::word(*reason)) : std::nullopt;
}

[[nodiscard]] inline MaybeInteger maybe_milliseconds(const std::optional<WallTime>& time) {
  return time ? MaybeInteger(to_milliseconds(*time)) : std::nullopt;
}

/// The reason in this column. A later version's, for which this one has no word, counts as one that
/// a person ends if the entry is held, else as none.
[[nodiscard]] inline std::optional<policy::Reason> reason_at(const Rows& rows,
                                                             int column,
                                                             std::optional<State> state) {
  if (rows.is_null(column)) return std::nullopt;
  const auto reason = policy::reason_of(rows.text(column));
  return !reason && state == State::held ? policy::Reason::by_hand : reason;
}

/// As much of a foreign text as is kept: the rest tells nothing more.
[[nodiscard]] inline std::string_view cut(std::string_view text) { return text.substr(0, 2000); }

inline constexpr std::string_view note_prefix = "note ";  ///< of note()'s names in `meta`

}  // namespace spool::sqlite
