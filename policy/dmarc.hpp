#pragma once

#include "mail/result.hpp"
#include "policy/dns_answer.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

enum class DmarcPolicy : std::uint8_t { none, quarantine, reject };

/// "none", "quarantine", "reject"
[[nodiscard]] std::string_view word(DmarcPolicy policy) noexcept;

/// A DMARC record (RFC 7489 6.3).
struct DmarcRecord {
  DmarcPolicy policy = DmarcPolicy::none;
  DmarcPolicy subdomain_policy = DmarcPolicy::none;  ///< sp=, else p=
  bool strict_dkim = false;                          ///< adkim=s
  bool strict_spf = false;                           ///< aspf=s
  unsigned percent = 100;
  std::vector<std::string> reports;  ///< rua=: its valid URIs, sizes cut off, at most ten
  friend bool operator==(const DmarcRecord&, const DmarcRecord&) = default;
};

/// Whether a TXT record claims to be DMARC at all (begins with v=DMARC1); others at the name are
/// ignored.
[[nodiscard]] bool is_dmarc(std::string_view text) noexcept;

/// Reads the text of one TXT record, at most 4096 octets, as receivers do (RFC 7489 6.3, 6.6.3):
/// v= first, names and words in any case, unknown tags (np= of RFC 9091 too) and unreadable ones
/// left out in favour of the default, no tag twice (RFC 6376 3.2). Without a valid p=, or with an
/// invalid sp=, the policy is none if rua= has a valid URI, else a Failure, which says in one
/// sentence what to write.
[[nodiscard]] mail::Result<DmarcRecord> parse_dmarc(std::string_view text);

/// The DMARC record among the TXT records of one name: nothing where there is none, where there are
/// several, or where it cannot be read (RFC 7489 6.6.3).
[[nodiscard]] std::optional<DmarcRecord> choose_dmarc(std::span<const DnsRecord> records);

/// What DNS says of a From domain, as far as it is known.
struct DmarcFacts {
  bool known = false;                 ///< a positive answer, record or none
  std::optional<DmarcRecord> record;  ///< the one that applies
  bool inherited = false;             ///< it stands at the organizational domain
  friend bool operator==(const DmarcFacts&, const DmarcFacts&) = default;
};

/// Policy discovery (RFC 7489 6.6.3) from the TXT answers of `_dmarc.` below the From domain and
/// below its organizational domain, null where that is the From domain itself. The second one is
/// asked for only where the first has no DMARC record, readable or not.
[[nodiscard]] DmarcFacts discover_dmarc(const DnsAnswer& own, const DnsAnswer* organizational);

/// How a message will look to a receiver once SES has sent it.
struct DmarcSight {
  std::string_view from_domain;     ///< of the From mailbox
  std::string_view signing_domain;  ///< d= of the signature; empty: none of the site's own
  std::string_view spf_domain;  ///< the custom MAIL FROM where it works; empty: SES's own, which
                                ///< never aligns
};

struct DmarcJudgement {
  std::string from_domain;
  bool by_dkim = false, by_spf = false;    ///< aligned
  DmarcPolicy policy = DmarcPolicy::none;  ///< that applies to this From domain
  bool published = false;                  ///< by a record; else there is none
  [[nodiscard]] bool passes() const noexcept { return by_dkim || by_spf; }
};

/// Pre-flight (RFC 7489 3.1, 6.6.3): nothing where DNS has not said what applies. With pct=0 the
/// next weaker policy applies to all mail (6.6.4); any other share may hit this message.
[[nodiscard]] std::optional<DmarcJudgement> judge_dmarc(const DmarcFacts& facts,
                                                        const DmarcSight& sight);

}  // namespace policy
