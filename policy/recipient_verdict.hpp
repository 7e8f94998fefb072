#pragma once

#include "policy/evaluate.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace policy {

/// What is known of a recipient of this app at DATA.
struct RecipientFacts {
  bool suppressed = false;  ///< bounced or complained before
  bool reached = false;     ///< a message of this app was delivered there in the last 90 days
};

/// A recipient that does not get an accepted message: recorded, never said in a reply.
struct LeftOut {
  std::size_t recipient;  ///< its place among the envelope's forward-paths
  Reason reason;          ///< suppressed or blocked
};

struct RecipientVerdict {
  Verdict refusal;                ///< set when nobody is left
  std::vector<LeftOut> left_out;  ///< empty when refused
};

/// At DATA, which recipients get the message: those not suppressed, and of a restricted app only
/// those it reached before. `facts` has one element for each forward-path, in their order. When
/// nobody is left it is refused: as suppressed if all are, else as blocked. What is said is the
/// same whichever app's mail suppressed an address.
[[nodiscard]] RecipientVerdict judge_recipients(const AppFacts& app,
                                                const Envelope& envelope,
                                                std::span<const RecipientFacts> facts,
                                                bool restricted);

}  // namespace policy
