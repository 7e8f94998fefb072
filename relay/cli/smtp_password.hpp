#pragma once

#include "mail/result.hpp"

#include <string>
#include <string_view>

namespace cli {

/// The SES SMTP password of an IAM secret access key in one region: Base64(0x04 || HMAC chain of
/// Signature Version 4 over "SendRawEmail"), 44 characters (Amazon SES developer guide, "Obtaining
/// SMTP credentials").
[[nodiscard]] std::string smtp_password(std::string_view secret_access_key,
                                        std::string_view region);

/// The secret access key in a line as a person pastes it; a Failure for an access key id, or for
/// nothing.
[[nodiscard]] mail::Result<std::string> read_secret_access_key(std::string_view line);

}  // namespace cli
