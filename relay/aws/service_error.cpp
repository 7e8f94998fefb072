#include "relay/aws/service_error.hpp"

#include "relay/aws/members.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace aws {
namespace {

namespace json = boost::json;

/// The type of an error without what AWS puts around it: `com.amazonaws.sesv2#NAME`,
/// `NAME:http://…`.
std::string_view bare_type(std::string_view type) {
  type = type.substr(0, type.find(':'));
  const auto hash = type.rfind('#');
  return hash == std::string_view::npos ? type : type.substr(hash + 1);
}

}  // namespace

ServiceError read_error(std::string_view error_type, std::string_view body) {
  ServiceError error;
  boost::system::error_code failed;
  const json::value value = json::parse(body, failed);
  const json::object* object = failed ? nullptr : value.if_object();
  const auto first_text = [&](std::string_view one, std::string_view other) -> std::string {
    for (const std::string_view name : {one, other}) {
      const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
      const json::string* text = member == nullptr ? nullptr : member->if_string();
      if (text != nullptr) return quoted(view(*text));
    }
    return {};
  };
  const std::string told = error_type.empty() ? first_text("__type", "code") : quoted(error_type);
  error.type = bare_type(told);
  error.message = first_text("message", "Message");
  return error;
}

bool is_throttling(unsigned status, std::string_view type) {
  return status == 429 || type == "TooManyRequestsException" || type.starts_with("Throttling");
}

bool is_expiry(unsigned status, std::string_view type) {
  return (status == 400 || status == 403) && type.starts_with("ExpiredToken");
}

bool is_about_credentials(unsigned status, std::string_view type) {
  return status == 401 || status == 403 || type.starts_with("ExpiredToken") ||
         type.starts_with("UnrecognizedClient") || type.starts_with("InvalidClientTokenId") ||
         type.starts_with("InvalidSignature") || type.starts_with("SignatureDoesNotMatch");
}

std::string unusable_credentials(const ServiceError& error) {
  const bool clock = error.message.starts_with("Signature expired") ||
                     error.message.starts_with("Signature not yet current");
  return clock ? "AWS refused the time of the relay's request: set this machine's clock"
               : fmt::format(
                     "AWS refused the relay's credentials ({}): check that the access key "
                     "id, its secret and, where one is used, the session token are valid "
                     "and belong together",
                     error.type);
}

}  // namespace aws
