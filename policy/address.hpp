#pragma once

#include "mail/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// An address as a relay compares it: the domain as A-label (IDNA2008 by libidn2) in lower case.
struct Address {
  std::string local_part;  ///< as written (quoted string kept)
  std::string domain;      ///< lower-case A-label
  [[nodiscard]] std::string text() const { return local_part + "@" + domain; }
};

enum class PathFault {
  syntax,           ///< not an addr-spec that SES can take: 553 5.1.3
  non_ascii_local,  ///< non-ASCII before the @: 553 5.6.7
};

struct PathFailure {
  PathFault fault = PathFault::syntax;
  std::string sentence;
};

/// The path of MAIL or RCPT without its angle brackets (RFC 5321 4.1.2). Source routes, address
/// literals, empty or over-long parts (64, 255, 254 in all), white space and control characters are
/// faults; an IDN domain in UTF-8 becomes its A-label. The null path is no Address: the caller
/// knows it by being empty.
[[nodiscard]] boost::system::result<Address, PathFailure> parse_path(std::string_view path);

/// A domain name in lower-case A-label form (IDNA2008, capitals folded); a Failure says what is
/// wrong with it.
[[nodiscard]] mail::Result<std::string> normal_domain(std::string_view domain);

/// The mailboxes of a From, Sender or Reply-To field body (RFC 5322 3.4), folded or not; comments,
/// encoded words and quoted strings as the RFC has them, the domain is what follows the last
/// unquoted @. Groups, source routes and anything else that is not a mailbox list fail.
[[nodiscard]] mail::Result<std::vector<Address>> parse_mailbox_list(std::string_view field_body);

}  // namespace policy
