#pragma once

#include "policy/reason.hpp"
#include "relay/spool/entry.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace delivery {

/// The times at which the site of a held message is told: half of what it may be held, a day before
/// its end where that is later than half (else the end itself), and its end.
struct HoldTimes {
  HoldTimes(spool::WallTime since, std::chrono::seconds hold_expire);

  /// The first of them after now; the end when all are past.
  [[nodiscard]] spool::WallTime next(spool::WallTime now) const noexcept;

  spool::WallTime half, last_day, end;
};

enum class WarningStage : std::uint8_t { half, last_day };

/// Which sites were told that their mail is held. One warning speaks for all mail of an app that is
/// held for a reason and comes to the same stage within a day of it, so each message is told of
/// once a stage, and a flood makes two warnings a day at most. Not thread-safe.
class HoldWarnings {
 public:
  static constexpr std::chrono::hours speaks_for{24};
  static constexpr std::size_t most = 1000;  ///< beyond, what was told longest ago is forgotten

  /// The stage that a message has come to, unless its site was told for it.
  [[nodiscard]] std::optional<WarningStage> due(std::string_view app,
                                                policy::Reason reason,
                                                const HoldTimes& times,
                                                spool::WallTime now) const;
  /// A warning goes out now; that of the last day speaks for the other stage too.
  void told(std::string_view app, policy::Reason reason, WarningStage stage, spool::WallTime now);

  /// All of it as one text, to be kept over a restart, and back; unknown words are left out.
  [[nodiscard]] std::string kept() const;
  void recall(std::string_view kept);

 private:
  struct Topic {
    std::string app;
    policy::Reason reason{};
    WarningStage stage{};
    friend auto operator<=>(const Topic&, const Topic&) = default;
  };
  void set(Topic topic, spool::WallTime until);

  /// Those that come to the stage before that time were told of.
  std::map<Topic, spool::WallTime> told_until_;
};

}  // namespace delivery
