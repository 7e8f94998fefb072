#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace policy {

/// What is looked at of a sender domain; the word is the label of metric, API and page.
enum class DomainCheck : std::uint8_t {
  ownership,  ///< the challenge record
  dkim,       ///< our public key, or with signing at SES its three CNAMEs
  identity,   ///< SES's own verification
  mail_from,  ///< MX and SPF of the custom MAIL FROM sub-domain
  spf,        ///< of the domain itself: advice
  dmarc,      ///< advice
};
inline constexpr std::size_t domain_checks = 6;
[[nodiscard]] std::string_view word(DomainCheck check) noexcept;

/// What one look says.
enum class CheckResult : std::uint8_t {
  unknown,  ///< not looked at: not configured, or nobody may ask
  good,
  bad,     ///< a positive answer: missing or wrong
  silent,  ///< no answer: DNS itself failed, SES's API was away. Never a verdict
};

/// One round of looks, by DomainCheck.
using CheckResults = std::array<CheckResult, domain_checks>;

}  // namespace policy
