#include "policy/public_suffix.hpp"

#include <libpsl.h>

namespace policy {

bool is_public_suffix(std::string_view domain) {
  return psl_is_public_suffix(psl_builtin(), std::string(domain).c_str()) != 0;
}

std::string organizational_domain(std::string_view domain) {
  const std::string name(domain);
  const char* below_suffix = psl_registrable_domain(psl_builtin(), name.c_str());
  return below_suffix == nullptr ? name : std::string(below_suffix);
}

}  // namespace policy
