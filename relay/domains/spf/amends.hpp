#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

/// What libspf2 1.2.10 gets wrong in a record that is right, mended in the text before it reads it.
/// `record` is always normalised().
namespace domains::spf {

/// Without the digits of macros that ask for as many labels as there are, or more, which all mean
/// the whole value: libspf2 drops its first octet instead. `values` holds what the lower-case
/// letters stand for; others are left as they are.
[[nodiscard]] std::string without_vain_digits(std::string_view record,
                                              const std::map<char, std::string>& values);

/// Without the ip4 and ip6 mechanisms that do not match the address (4 or 16 octets) and so say
/// nothing: libspf2 leaves out what does not fit into 511 octets of its own form, be it the
/// mechanism that matches.
[[nodiscard]] std::string without_other_networks(std::string_view record,
                                                 std::span<const unsigned char> address);

}  // namespace domains::spf
