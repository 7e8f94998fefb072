#pragma once

#include "policy/reason.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace delivery {

/// What an account at the upstream tells of itself, mail of other senders included.
struct AccountFigures {
  std::string account;                  ///< what upstreams of one account have in common
  std::optional<double> max_rate;       ///< recipients a second; none: no limit
  std::optional<std::uint64_t> quota;   ///< recipients in any 24 hours; none: no limit
  std::uint64_t sent = 0;               ///< recipients in the last 24 hours
  std::optional<policy::Reason> pause;  ///< account_paused: it may send nothing now
  bool sandbox = false;                 ///< it may send to verified recipients only
  bool under_review = false;            ///< it sends, and may be paused
};

}  // namespace delivery
