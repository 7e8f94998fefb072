#include "policy/address.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Reads any octets as a path, a domain and a mailbox list. What was read must read as the same
// again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  if (const auto path = policy::parse_path(text)) {
    const auto again = policy::parse_path(path->text());
    if (!again || again->text() != path->text()) std::abort();
  }
  if (const auto domain = policy::normal_domain(text)) {
    const auto again = policy::normal_domain(*domain);
    if (!again || *again != *domain) std::abort();
  }
  if (const auto list = policy::parse_mailbox_list(text)) {
    for (const policy::Address& address : *list) {
      const auto again = policy::parse_mailbox_list(address.text());
      if (!again || again->size() != 1 || again->front().domain != address.domain) std::abort();
    }
  }
  return 0;
}
