#include "relay/aws/ses_identity.hpp"

#include "relay/aws/members.hpp"
#include "relay/aws/service_error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

namespace aws {
namespace {

namespace json = boost::json;

constexpr std::size_t max_name_octets = 253;
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

bool is_name(std::string_view text) {
  if (text.size() > max_name_octets) return false;
  while (true) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

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
  identity.verified_for_sending = members.flag("VerifiedForSendingStatus");
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
  const ServiceError error = read_error(error_type, body);
  const std::string& type = error.type;
  if (type == "NotFoundException")
    return {Outcome::unknown_identity,
            fmt::format("SES does not know the identity ({})", error.message)};
  if (is_throttling(status, type))
    return {Outcome::unreachable,
            "SES's API takes one request a second from an account and was asked more: it is asked "
            "again later"};
  if (type.starts_with("AccessDenied")) {
    const bool about_identities = action.find("EmailIdentity") != std::string_view::npos;
    return {Outcome::no_rights,
            fmt::format("The relay's AWS credentials do not allow {0}: add {0} to the policy of "
                        "their IAM user or role{1} (SES says: {2})",
                        action,
                        about_identities ? ", or set `aws.identities: off`" : "",
                        error.message)};
  }
  if (is_about_credentials(status, type)) return {Outcome::no_rights, unusable_credentials(error)};
  if (status >= 400 && status < 500 && type.ends_with("Exception"))
    return {Outcome::refused, fmt::format("SES refused {} ({}): {}", action, type, error.message)};
  return {Outcome::unreachable,
          fmt::format("SES's API answered {} to {}: it is asked again later; if that stays so, "
                      "check `aws.region` and `aws.endpoint`",
                      status,
                      action)};
}

}  // namespace aws
