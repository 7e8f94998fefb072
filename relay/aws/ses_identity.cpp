#include "relay/aws/ses_identity.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace aws {
namespace {

namespace json = boost::json;

constexpr std::size_t max_quoted_octets = 300;
constexpr std::size_t max_name_octets = 253;
constexpr std::size_t max_label_octets = 63;
// Where the tokens' CNAMEs point to when SES does not say; it does since December 2025.
constexpr std::string_view usual_hosted_zone = "dkim.amazonses.com";

constexpr std::array<std::pair<std::string_view, RecordCheck>, 5> record_checks{{
    {"NOT_STARTED", RecordCheck::not_started},
    {"PENDING", RecordCheck::pending},
    {"SUCCESS", RecordCheck::success},
    {"FAILED", RecordCheck::failed},
    {"TEMPORARY_FAILURE", RecordCheck::temporary_failure},
}};
constexpr std::array<std::pair<std::string_view, OnMxFailure>, 2> mx_failures{{
    {"USE_DEFAULT_VALUE", OnMxFailure::use_default_value},
    {"REJECT_MESSAGE", OnMxFailure::reject_message},
}};

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

/// Octets of somebody else, fit for a sentence.
std::string quoted(std::string_view text) {
  std::string out(text.substr(0, max_quoted_octets));
  std::ranges::replace_if(
      out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= max_label_octets && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_name(std::string_view text) {
  if (text.size() > max_name_octets) return false;
  while (true) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// The members of one object of the answer. The first that is strange is kept, with its path.
class Members {
 public:
  Members(const json::object& object, std::string path, std::optional<std::string>& strange)
      : object_(object), path_(std::move(path)), strange_(strange) {}

  /// nullptr where it is absent or null.
  const json::value* find(std::string_view name) const {
    const json::value* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  void mark(std::string_view name) const {
    if (!strange_) strange_ = fmt::format("{}{}", path_, name);
  }

  std::string text(std::string_view name, bool (*fits)(std::string_view)) const {
    const json::value* value = find(name);
    if (value == nullptr) return {};
    const json::string* text = value->if_string();
    if (text != nullptr && text->empty()) return {};
    if (text != nullptr && fits(view(*text))) return std::string(view(*text));
    mark(name);
    return {};
  }

  template <class Enum, std::size_t count>
  Enum one_of(const std::array<std::pair<std::string_view, Enum>, count>& table,
              std::string_view name) const {
    const std::string text = this->text(name, is_label);
    if (text.empty()) return table.front().second;
    for (const auto& [known, value] : table)
      if (known == text) return value;
    mark(name);
    return table.front().second;
  }

  /// Reads an inner object by `read`, where there is one.
  template <class Read>
  void inner(std::string_view name, Read read) const {
    const json::value* value = find(name);
    if (value == nullptr) return;
    const json::object* object = value->if_object();
    if (object == nullptr) return mark(name);
    read(Members(*object, fmt::format("{}{}.", path_, name), strange_));
  }

 private:
  const json::object& object_;
  std::string path_;
  std::optional<std::string>& strange_;
};

void read_tokens(const Members& members, Identity& identity) {
  const json::value* value = members.find("Tokens");
  if (value == nullptr) return;
  const json::array* tokens = value->if_array();
  if (tokens == nullptr || tokens->size() > max_dkim_tokens) return members.mark("Tokens");
  for (const json::value& token : *tokens) {
    const json::string* text = token.if_string();
    if (text == nullptr || !is_label(view(*text))) return members.mark("Tokens");
    identity.dkim_tokens.emplace_back(view(*text));
  }
}

void read_dkim(const Members& members, Identity& identity) {
  identity.dkim_status = members.one_of(record_checks, "Status");
  // AWS_SES, or AWS_SES_REGION where the key is another region's.
  const std::string origin = members.text("SigningAttributesOrigin", is_label);
  if (origin == "EXTERNAL") identity.dkim_signing_origin = DkimOrigin::external;
  if (origin != "EXTERNAL" && !origin.empty() && !origin.starts_with("AWS_SES"))
    members.mark("SigningAttributesOrigin");
  identity.dkim_hosted_zone = members.text("SigningHostedZone", is_name);
  read_tokens(members, identity);
}

void read_mail_from(const Members& members, Identity& identity) {
  identity.mail_from_domain = members.text("MailFromDomain", is_name);
  identity.mail_from_status = members.one_of(record_checks, "MailFromDomainStatus");
  identity.on_mx_failure = members.one_of(mx_failures, "BehaviorOnMxFailure");
}

/// The type of an error without what AWS puts around it: `com.amazonaws.sesv2#NAME`,
/// `NAME:http://…`.
std::string_view bare_type(std::string_view type) {
  type = type.substr(0, type.find(':'));
  const auto hash = type.rfind('#');
  return hash == std::string_view::npos ? type : type.substr(hash + 1);
}

struct ErrorBody {
  std::string type, message;
};

ErrorBody read_error(std::string_view body) {
  ErrorBody error;
  boost::system::error_code failed;
  const json::value value = json::parse(body, failed);
  const json::object* object = failed ? nullptr : value.if_object();
  if (object == nullptr) return error;
  const auto first_text = [&](std::string_view one, std::string_view other) -> std::string {
    for (const std::string_view name : {one, other}) {
      const json::value* member = object->if_contains(name);
      const json::string* text = member == nullptr ? nullptr : member->if_string();
      if (text != nullptr) return quoted(view(*text));
    }
    return {};
  };
  error.type = first_text("__type", "code");
  error.message = first_text("message", "Message");
  return error;
}

bool is_throttling(unsigned status, std::string_view type) {
  return status == 429 || type == "TooManyRequestsException" || type.starts_with("Throttling");
}

bool is_about_credentials(unsigned status, std::string_view type) {
  return status == 401 || status == 403 || type.starts_with("ExpiredToken") ||
         type.starts_with("UnrecognizedClient") || type.starts_with("InvalidClientTokenId") ||
         type.starts_with("InvalidSignature") || type.starts_with("SignatureDoesNotMatch");
}

Answer unusable_credentials(std::string_view type, std::string_view message) {
  // The message may repeat the request's signed headers, a session token among them: not shown.
  const bool clock =
      message.starts_with("Signature expired") || message.starts_with("Signature not yet current");
  return {Outcome::no_rights,
          clock ? "AWS refused the time of the relay's request: set this machine's clock"
                : fmt::format("AWS refused the relay's credentials ({}): check that the access key "
                              "id, its secret and, where one is used, the session token are valid "
                              "and belong together",
                              quoted(type))};
}

}  // namespace

mail::Result<Identity> parse_identity(std::string_view json) {
  boost::system::error_code failed;
  const json::value value = json::parse(json, failed);
  const json::object* object = failed ? nullptr : value.if_object();
  if (object == nullptr) return mail::failure("SES answered something that is no JSON object");

  Identity identity;
  identity.exists = true;
  std::optional<std::string> strange;
  const Members members(*object, "", strange);
  const json::value* verified = members.find("VerifiedForSendingStatus");
  if (verified != nullptr && verified->is_bool()) {
    identity.verified_for_sending = verified->get_bool();
  } else {
    members.mark("VerifiedForSendingStatus");
  }
  members.inner("DkimAttributes", [&](const Members& dkim) { read_dkim(dkim, identity); });
  members.inner("MailFromAttributes",
                [&](const Members& mail_from) { read_mail_from(mail_from, identity); });
  if (strange)
    return mail::failure(fmt::format(
        "SES's answer about the identity has no `{}` that this version understands", *strange));
  if (identity.dkim_hosted_zone.empty()) identity.dkim_hosted_zone = usual_hosted_zone;
  return identity;
}

Answer classify(std::string_view action,
                unsigned status,
                std::string_view error_type,
                std::string_view body) {
  if (status >= 200 && status < 300) return {Outcome::done, {}};
  const ErrorBody error = read_error(body);
  const std::string_view type = bare_type(error_type.empty() ? error.type : error_type);
  if (type == "NotFoundException")
    return {Outcome::unknown_identity,
            fmt::format("SES does not know the identity ({})", error.message)};
  if (is_throttling(status, type))
    return {Outcome::unreachable,
            "SES's API takes one request a second from an account and was asked more: it is asked "
            "again later"};
  if (type.starts_with("AccessDenied"))
    return {Outcome::no_rights,
            fmt::format("The relay's AWS credentials do not allow {0} ({1}): add {0} to the policy "
                        "of their IAM user or role, or set `aws.identities: off`",
                        action,
                        error.message)};
  if (is_about_credentials(status, type)) return unusable_credentials(type, error.message);
  if (status >= 400 && status < 500 && type.ends_with("Exception"))
    return {Outcome::refused,
            fmt::format("SES refused {} ({}): {}", action, quoted(type), error.message)};
  return {Outcome::unreachable,
          fmt::format("SES's API answered {} to {}: it is asked again later; if that stays so, "
                      "check `aws.region` and `aws.endpoint`",
                      status,
                      action)};
}

}  // namespace aws
