#pragma once

#include "mail/result.hpp"

#include <string>
#include <string_view>

namespace domains::spf {

/// Reads the record by the grammar of RFC 7208 section 12 and writes it as libspf2 evaluates it
/// rightly: without exp= and modifiers that mean nothing, redirect= last and left out beside `all`.
/// libspf2 1.2.10 takes domains that are none, modifiers twice and prefix lengths with leading
/// zeros, refuses names of modifiers that it does not know, and follows redirect= where it stands.
/// `record` begins with the version and is printable ASCII. The failure names the term and what is
/// wrong with it, in one clause.
[[nodiscard]] mail::Result<std::string> normalised(std::string_view record);

}  // namespace domains::spf
