#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace notices {

/// What somebody is told of at once; the rest waits for the digest.
enum class AlertKind : std::uint8_t {
  domain,             ///< a sender domain's records are wrong, or it may send no more, or again
  standing,           ///< an app is warned of, restricted, blocked, on probation, or free again
  held,               ///< mail is held past a limit
  suppressions,       ///< many of an app's recipients were suppressed in a short time
  account,            ///< the account at SES: paused, in the sandbox, under review, near a limit
  credentials,        ///< SES or AWS refuses the relay's own
  feed,               ///< SES's events are not read, or another relay reads them too
  signature_altered,  ///< SES changed a signed message's body
  rotation,           ///< a domain's DKIM key has grown old
};
inline constexpr std::array alert_kinds{AlertKind::domain,
                                        AlertKind::standing,
                                        AlertKind::held,
                                        AlertKind::suppressions,
                                        AlertKind::account,
                                        AlertKind::credentials,
                                        AlertKind::feed,
                                        AlertKind::signature_altered,
                                        AlertKind::rotation};
[[nodiscard]] std::string_view word(AlertKind kind) noexcept;  ///< `signature-altered`

/// Told of as it happens, by whoever sees it.
struct Alert {
  AlertKind kind{};
  std::string app;    ///< whose contact is told, with the operator; empty: the operator alone
  std::string about;  ///< the domain, upstream or queue that it is of; empty where the app says it
  std::string sentence;  ///< what is wrong and what to do; no address of a recipient, no secret
  std::vector<std::string> more_apps{};  ///< whose contacts are told too
};

/// Takes an alert; on the relay's own executor, never blocks.
using Alerts = std::function<void(Alert)>;

}  // namespace notices
