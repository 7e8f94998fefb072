#include "policy/domain_check.hpp"

namespace policy {
namespace {

constexpr std::array<std::string_view, domain_checks> check_words{
    "ownership", "dkim", "ses_identity", "mail_from", "spf", "dmarc"};
static_assert(domain_checks == static_cast<std::size_t>(DomainCheck::dmarc) + 1);

}  // namespace

std::string_view word(DomainCheck check) noexcept {
  return check_words[static_cast<std::size_t>(check)];
}

}  // namespace policy
