#pragma once

#include "mail/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

/// What SES found when it looked for DNS records (DkimStatus, MailFromDomainStatus).
enum class RecordCheck : std::uint8_t { not_started, pending, success, failed, temporary_failure };

/// Whose key SES signs with: one of its own (Easy DKIM, AWS_SES…) or one it was given (EXTERNAL).
enum class DkimOrigin : std::uint8_t { aws_ses, external };

/// What SES does while the MX of the MAIL FROM domain is missing: its own domain, or 554.
enum class OnMxFailure : std::uint8_t { use_default_value, reject_message };

inline constexpr std::size_t max_dkim_tokens = 8;

/// A domain as SES knows it (GetEmailIdentity of the SES v2 API).
struct Identity {
  bool exists = false;  ///< false: SES does not know it, and all else is empty
  bool verified_for_sending = false;
  RecordCheck dkim_status = RecordCheck::not_started;
  DkimOrigin dkim_signing_origin = DkimOrigin::aws_ses;
  /// Easy DKIM: three, each for a CNAME `TOKEN._domainkey.DOMAIN` to `TOKEN.` and the hosted zone.
  /// With a key of ours: the selector. Each is one DNS label.
  std::vector<std::string> dkim_tokens;
  std::string dkim_hosted_zone;
  std::string mail_from_domain;  ///< empty: SES's own
  RecordCheck mail_from_status = RecordCheck::not_started;
  OnMxFailure on_mx_failure = OnMxFailure::use_default_value;
};

/// What came of a call to SES.
enum class Outcome : std::uint8_t {
  done,
  unknown_identity,  ///< there is nothing to change: SES does not know the identity
  refused,           ///< SES understood and will not: what was asked must change
  no_rights,         ///< the relay's credentials do not allow it
  unreachable,       ///< no answer, or none that says anything: not a verdict on the identity
};

struct Answer {
  Outcome outcome = Outcome::unreachable;
  std::string sentence;  ///< what to do about it; empty when done
};

/// Reads the body of a GetEmailIdentity response. A failure names the member that is missing or
/// strange; names in it are only those that can stand in DNS.
[[nodiscard]] mail::Result<Identity> parse_identity(std::string_view json);

/// What a response means. `action` is the IAM action of the call, like `ses:GetEmailIdentity`;
/// `error_type` is the x-amzn-ErrorType header, or empty where the body tells it.
[[nodiscard]] Answer classify(std::string_view action,
                              unsigned status,
                              std::string_view error_type,
                              std::string_view body);

}  // namespace aws
