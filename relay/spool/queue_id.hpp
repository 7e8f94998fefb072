#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spool {

/// The name of an entry for its whole life: 63 bits (41 bits of milliseconds since 2020, 22 random
/// ones), shown as 13 characters of Crockford's base32 in upper case, so that ids sort by age and
/// fit tag values and PHP's id patterns.
class QueueId {
 public:
  constexpr QueueId() = default;
  constexpr explicit QueueId(std::int64_t value) : value_(value) {}
  /// Times before 2020 or after 2089 are taken as the nearest that fits; of `random` the low 22
  /// bits are used.
  static QueueId make(std::int64_t unix_milliseconds, std::uint32_t random) noexcept;
  /// Reads the shown form, without case but without Crockford's aliases (I, L, O, U): nothing if it
  /// is not one.
  static std::optional<QueueId> parse(std::string_view text) noexcept;
  [[nodiscard]] std::string text() const;
  /// When it was made; ids carry their accept time to the millisecond, at least 2020-01-01.
  [[nodiscard]] std::int64_t unix_milliseconds() const noexcept;
  [[nodiscard]] constexpr std::int64_t value() const noexcept { return value_; }
  friend constexpr auto operator<=>(QueueId, QueueId) = default;

 private:
  std::int64_t value_ = 0;
};

/// Makes ids of which no two are the same: they ascend, and only a clock that is set back by over a
/// second begins anew. Thread-safe.
class QueueIds {
 public:
  QueueId next(std::int64_t unix_milliseconds, std::uint32_t random) noexcept;

 private:
  std::atomic<std::int64_t> last_{0};
};

}  // namespace spool
