#pragma once

#include "policy/timestamp.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

inline constexpr std::size_t most_listed_addresses = 1'000'000;
inline constexpr std::size_t longest_list = std::size_t{64} * 1024 * 1024;

/// One address of a list, as the API takes it; what is empty the list does not say.
struct ListedAddress {
  std::string app, address, cause, since, until;
};

struct ListReading {
  std::vector<ListedAddress> addresses;
  std::size_t over = 0;               ///< addresses whose time is over already: left out
  std::vector<std::string> mistakes;  ///< `line 7: what, and what to write`, all of them
};

/// Reads a list of addresses that are not to be mailed: one that `suppression export` wrote, SES's,
/// or any other with addresses in a column. The first line may name the columns, in any order:
/// `address` (or `email`, `emailaddress`, `recipient`), `app`, `reason` (or `cause`), `since` (or
/// `lastupdatetime`), `until`; case, spaces, `_` and `-` do not count, and other columns are passed
/// over. Without such a line the first cell with an @ is the address, and the next one the reason.
/// In a list without apps a reason or time that is not known counts for nothing.
/// \param app whose the addresses are; empty: the list says so itself
/// \param apps those that there are
[[nodiscard]] ListReading read_address_list(std::string_view text,
                                            const std::string& app,
                                            const std::set<std::string>& apps,
                                            policy::WallTime now);

/// The first line of an exported list, and the line of an address as the API shows it.
[[nodiscard]] std::string list_heading();
[[nodiscard]] std::string list_line(const boost::json::object& suppression);

}  // namespace cli
