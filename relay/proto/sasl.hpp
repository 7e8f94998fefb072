#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace smtp {

/// The mechanisms offered. CRAM-MD5 is not: it needs the clear password on the server, and clients
/// would prefer it.
enum class Mechanism : std::uint8_t {
  plain,  ///< RFC 4616
  login,  ///< draft-murchison-sasl-login: user name, then password
};
[[nodiscard]] std::optional<Mechanism> mechanism_of(
    std::string_view word) noexcept;  ///< without case

inline constexpr std::size_t max_credential_octets =
    255;  ///< of user name and of password (RFC 4616 2)

/// To be said as `334 text`; already in base64.
struct Challenge {
  std::string_view text;
};
/// What the client claims. Whoever checks it wipes the password.
struct Credential {
  std::string user;
  std::string password;
};

enum class SaslFault : std::uint8_t {
  cancelled,  ///< `*`: 501
  malformed,  ///< not base64, or not of the mechanism's form, or over max_credential_octets: 501
  identity,   ///< asks to act as somebody else (authzid): 535
};
using SaslStep = std::variant<Challenge, Credential, SaslFault>;

/// One AUTH exchange (RFC 4954 4): begin() once, then resume() with each line until a Credential or
/// a SaslFault.
class SaslExchange {
 public:
  explicit SaslExchange(Mechanism mechanism) noexcept : mechanism_(mechanism) {}

  /// `initial_response` is what stood behind the mechanism in the AUTH command. `=`, an empty one,
  /// says nothing in either mechanism and is answered as if it were missing.
  [[nodiscard]] SaslStep begin(std::optional<std::string_view> initial_response);
  [[nodiscard]] SaslStep resume(std::string_view line);

 private:
  [[nodiscard]] SaslStep take(std::string_view octets);

  Mechanism mechanism_;
  std::optional<std::string> user_;  ///< LOGIN, once it is known
};

/// Overwrites the octets so that they do not stay in freed memory, and empties the string.
void wipe(std::string& secret) noexcept;

}  // namespace smtp
