#pragma once

#include <cstdint>
#include <string>

namespace policy {

/// The results of RFC 7208 section 2.6, and one of ours.
enum class SpfResult : std::uint8_t {
  pass,
  fail,
  softfail,
  neutral,
  none,        ///< no SPF record, or no domain to ask about
  perm_error,  ///< the published records cannot be evaluated: `why` says what is wrong with them
  temp_error,  ///< DNS failed; never a verdict on what is published
  unknown,     ///< could not be evaluated safely here: nothing is said about the domain
};

/// What SPF says. Build it with both members; `why` may be empty.
struct SpfVerdict {
  SpfResult result = SpfResult::unknown;
  std::string why;  ///< one clause for people; printable ASCII, 200 octets at most
  friend bool operator==(const SpfVerdict&, const SpfVerdict&) = default;
};

}  // namespace policy
