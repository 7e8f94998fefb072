#pragma once

#include "policy/dns_answer.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// What is read of published TXT records without libspf2.
namespace domains::spf {

/// The SPF record among a name's TXT records (RFC 7208 section 4.5).
struct Selection {
  std::size_t count = 0;  ///< records that begin with the version: exactly one is right
  std::string record;     ///< the one
  bool is_ascii = true;   ///< made of printable ASCII, as section 4.6.1 wants it
};
[[nodiscard]] Selection select_record(const policy::DnsAnswer& answer);

/// The first host address of the record's first ip4 range; nothing where it has none.
[[nodiscard]] std::optional<std::string> first_ip4_host(std::string_view record);

}  // namespace domains::spf
