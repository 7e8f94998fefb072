#pragma once

#include "policy/digest.hpp"
#include "relay/config/secret.hpp"
#include "relay/notices/alert_fold.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace notices {

using WallTime = std::chrono::system_clock::time_point;

/// What goes to the webhook: a JSON object of `id`, `at` (RFC 3339), `kind`, `app`, `about` and
/// `sentence`; `more`, where alike alerts were not told. The id is the same each time that it is
/// sent.
struct Post {
  std::string id;
  std::string body;
};

[[nodiscard]] Post post_of(const ToldAlert& told, std::string id, WallTime at);
/// Of the kind `digest`, with the refusals in `refused` and what is held in `held`.
[[nodiscard]] Post post_of(const policy::Digest& digest, std::string id, WallTime at);

/// The value of Postern-Signature: `t=` Unix seconds, `,v1=` and in hexadecimal the HMAC-SHA256 of
/// the seconds, a dot and the body, under the secret as it is written.
[[nodiscard]] std::string signature(const config::Secret& secret,
                                    std::int64_t seconds,
                                    std::string_view body);

/// An alert for people.
[[nodiscard]] policy::Letter letter_of(const ToldAlert& told, std::string to, WallTime at);

}  // namespace notices
