#pragma once

#include "relay/sendmail/trouble.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sendmail {

/// An address of a list as it is written there, without display name, brackets, comments and blanks
/// around it. Without a domain it is a name of this machine: `root`.
struct ListedAddress {
  std::string text;
  std::size_t end = 0;  ///< where it ends in the list, so that a domain can be put there

  [[nodiscard]] bool has_domain() const noexcept;
};

inline constexpr std::size_t max_address_octets = 320;

/// The addresses of a To, Cc, Bcc or From field body (RFC 5322 3.4), folded or not, or of a command
/// line: groups are looked into, empty elements passed over. What could be read in two ways is a
/// Trouble (EX_DATAERR) that says so. Whether an address can be reached is for the relay to judge.
[[nodiscard]] Result<std::vector<ListedAddress>> read_addresses(std::string_view list);

}  // namespace sendmail
