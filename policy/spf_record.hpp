#pragma once

#include "policy/inquiry.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

inline constexpr std::string_view ses_spf_domain = "amazonses.com";

/// A directive or modifier (RFC 7208 4.6.1, 6).
struct SpfTerm {
  char qualifier = '+';
  std::string name;       ///< lower case: "include", "ip4", "all", "redirect"
  std::string value;      ///< behind `:` or `=`, or from `/` on
  bool modifier = false;  ///< written with `=`
  std::string text;       ///< as written
};

/// Whether a TXT record claims to be SPF (RFC 7208 4.5).
[[nodiscard]] bool is_spf(std::string_view text) noexcept;

/// What stands behind the version; evaluation is not ours.
[[nodiscard]] std::vector<SpfTerm> spf_terms(std::string_view record);

enum class SpfTermFault : std::uint8_t { none, unknown, address };
/// Whether RFC 7208 knows such a term. A mechanism written with `=` counts as unknown: SPF passes
/// over it in silence, which nobody means.
[[nodiscard]] SpfTermFault fault(const SpfTerm& term);

/// What evaluating a record costs and says, as far as the answers go.
struct SpfReach {
  unsigned lookups = 0;           ///< RFC 7208 4.6.4: ten at most
  unsigned voids = 0;             ///< of its own names: two at most
  bool allows_ses = false;        ///< by an include, also a nested one
  bool silent = false;            ///< DNS failed for a name on the way
  bool complete = true;           ///< nothing on the way is unknown
  std::vector<std::string> dead;  ///< its terms that lead to a name without exactly one record
  std::vector<std::string> void_terms;
};
inline constexpr unsigned max_spf_lookups = 10;
inline constexpr unsigned max_spf_voids = 2;
[[nodiscard]] SpfReach reach(const std::vector<SpfTerm>& terms,
                             std::string_view domain,
                             Inquiry& dns);

/// One record of all of these for `domain`: their terms in order, what is not SPF mended or left
/// out, SES included, one `all` at the end. Where that would need more than ten lookups, what
/// leads nowhere goes, and includes of nothing but addresses become these addresses, while the text
/// stays within the 450 octets of RFC 7208 3.4.
[[nodiscard]] std::string merged_spf(const std::vector<std::string>& records,
                                     std::string_view domain,
                                     Inquiry& dns);

}  // namespace policy
