#pragma once

#include <string>
#include <string_view>

namespace aws {

/// An error as AWS's services answer it.
struct ServiceError {
  std::string type;     ///< `AccessDeniedException`, without what AWS puts around it; may be empty
  std::string message;  ///< fit for a sentence
};

/// Reads the body of an answer that is an error; `error_type` is the x-amzn-ErrorType header, or
/// empty where the body tells it.
[[nodiscard]] ServiceError read_error(std::string_view error_type, std::string_view body);

[[nodiscard]] bool is_throttling(unsigned status, std::string_view type);

/// The session token has expired: other credentials may do.
[[nodiscard]] bool is_expiry(unsigned status, std::string_view type);

/// It is about who asks, and not about what is asked.
[[nodiscard]] bool is_about_credentials(unsigned status, std::string_view type);

/// What to do about an error that is_about_credentials. The message may repeat the request's signed
/// headers, a session token among them, and is not shown.
[[nodiscard]] std::string unusable_credentials(const ServiceError& error);

}  // namespace aws
