#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace feedback {

/// The host of SNS where a topic lives: `sns.REGION.amazonaws.com`, or `….amazonaws.com.cn` in
/// China. Nothing if the ARN is not one of a standard topic of a public partition of AWS.
[[nodiscard]] std::optional<std::string> sns_host(std::string_view topic_arn);

/// Whether a certificate's URL is exactly `https://HOST/SimpleNotificationService-HEX.pem` with 32
/// lower-case hexadecimal digits: the one form in use. Other files of the host would be an
/// attacker's to choose among.
[[nodiscard]] bool is_certificate_url(std::string_view url, std::string_view host);

/// Whether a SubscribeURL asks that host, and nothing but to confirm this topic by this token.
[[nodiscard]] bool is_subscribe_url(std::string_view url,
                                    std::string_view host,
                                    std::string_view topic_arn,
                                    std::string_view token);

/// Our own URL of the same. The token must be one.
[[nodiscard]] std::string subscribe_url(std::string_view host,
                                        std::string_view topic_arn,
                                        std::string_view token);

/// Letters and digits, 1 to 1024: needs no escaping in a URL.
[[nodiscard]] bool is_token(std::string_view text);

}  // namespace feedback
