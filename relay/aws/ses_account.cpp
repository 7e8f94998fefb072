#include "relay/aws/ses_account.hpp"

#include "relay/aws/members.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <string>

namespace aws {
namespace {

namespace json = boost::json;

Enforcement enforcement_of(std::string_view word) {
  if (word == "HEALTHY") return Enforcement::healthy;
  if (word == "PROBATION") return Enforcement::probation;
  if (word == "SHUTDOWN") return Enforcement::shutdown;
  return Enforcement::unknown;
}

void read_quota(const Members& quota, SesAccount& account) {
  const double most = quota.number("Max24HourSend");
  if (most >= 0) account.max_in_24_hours = most;  // -1: no limit
  account.max_rate = quota.number("MaxSendRate");
  account.sent_in_24_hours = quota.number("SentLast24Hours");
}

}  // namespace

std::string_view word(Enforcement enforcement) noexcept {
  switch (enforcement) {
    case Enforcement::healthy:
      return "healthy";
    case Enforcement::probation:
      return "probation";
    case Enforcement::shutdown:
      return "shutdown";
    case Enforcement::unknown:
      return "unknown";
  }
  return {};
}

mail::Result<SesAccount> parse_account(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(text, failed);
  const json::object* object = failed ? nullptr : value.if_object();
  if (object == nullptr) return mail::failure("SES answered something that is no JSON object");

  SesAccount account;
  std::optional<std::string> strange;
  const Members members(*object, "", strange);
  account.enforcement = enforcement_of(members.text("EnforcementStatus", is_label));
  account.production_access = members.flag("ProductionAccessEnabled");
  account.sending_enabled = members.flag("SendingEnabled");
  if (members.find("SendQuota") == nullptr) members.mark("SendQuota");
  members.inner("SendQuota", [&](const Members& quota) { read_quota(quota, account); });
  if (strange)
    return mail::failure(fmt::format(
        "SES's answer about the account has no `{}` that this version understands", *strange));
  return account;
}

}  // namespace aws
