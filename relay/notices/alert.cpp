#include "relay/notices/alert.hpp"

namespace notices {

std::string_view word(AlertKind kind) noexcept {
  switch (kind) {
    case AlertKind::domain:
      return "domain";
    case AlertKind::standing:
      return "standing";
    case AlertKind::held:
      return "held";
    case AlertKind::suppressions:
      return "suppressions";
    case AlertKind::account:
      return "account";
    case AlertKind::credentials:
      return "credentials";
    case AlertKind::feed:
      return "feed";
    case AlertKind::signature_altered:
      return "signature-altered";
    case AlertKind::rotation:
      return "rotation";
  }
  return "";
}

}  // namespace notices
