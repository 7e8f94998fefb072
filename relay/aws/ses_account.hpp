#pragma once

#include "mail/result.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace aws {

/// How AWS looks on the account (EnforcementStatus of GetAccount).
enum class Enforcement : std::uint8_t {
  healthy,
  probation,  ///< under review: it may be shut down
  shutdown,   ///< it may not send
  unknown     ///< a word of a later SES
};
[[nodiscard]] std::string_view word(Enforcement enforcement) noexcept;  ///< in small letters

/// The account in one region (GetAccount of the SES v2 API).
struct SesAccount {
  Enforcement enforcement = Enforcement::unknown;
  bool production_access = false;  ///< false: the sandbox
  bool sending_enabled = false;    ///< false: paused
  // Recipients: in any 24 hours, a second, and in the last 24 hours.
  std::optional<double> max_in_24_hours;  ///< none: no limit
  double max_rate = 0;
  double sent_in_24_hours = 0;
};

/// Why an address is on SES's account-level suppression list.
enum class SuppressedFor : std::uint8_t { bounce, complaint };

/// Reads the body of a GetAccount response. A failure names the member that is missing or strange.
[[nodiscard]] mail::Result<SesAccount> parse_account(std::string_view json);

}  // namespace aws
