#include "relay/http/catalog_json.hpp"

#include "relay/http/domain_json.hpp"
#include "relay/http/entry_json.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string_view>

namespace http {

namespace {

namespace json = boost::json;

json::value number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::object limits_json(const policy::Limits& limits) {
  return {{"recipients_per_message", limits.recipients_per_message},
          {"message_size", limits.message_size},
          {"queued_messages", number_or_null(limits.queued_messages)},
          {"queued_bytes", number_or_null(limits.queued_bytes)}};
}

json::object standing_json(const domains::Standing& standing) {
  const policy::Standing& record = standing.record;
  const auto& by_hand = record.by_hand;
  return {
      {"state", policy::word(standing.state())},
      {"by_hand", by_hand.has_value()},
      {"why", text_or_null(standing.why())},
      {"since", time_or_null(by_hand ? by_hand->since : record.since)},
      {"until",
       time_or_null(by_hand ? by_hand->until.value_or(domains::WallTime()) : domains::WallTime())},
      {"offences", record.offences}};
}

json::array domains_of(const domains::Catalog& catalog, const domains::App& app) {
  json::array shown;
  for (const domains::Association& association : catalog.of_app(app.name)) {
    const auto domain = catalog.domains.find(association.domain);
    json::value status = nullptr;
    if (domain != catalog.domains.end())
      status = json::value(policy::word(domain->second->state.status));
    shown.push_back(json::object{{"name", association.domain}, {"status", std::move(status)}});
  }
  return shown;
}

}  // namespace

json::object to_json(const domains::Catalog& catalog,
                     const domains::App& app,
                     const spool::AppLoad& load) {
  return {{"name", app.name},
          {"owner", text_or_null(app.owner)},
          {"contact", text_or_null(app.contact)},
          {"upstream", text_or_null(app.upstream)},
          {"configuration_set", text_or_null(app.configuration_set)},
          {"weight", app.weight},
          {"environment",
           app.environment == policy::Environment::production ? "production" : "sandbox"},
          {"limits", limits_json(app.limits)},
          {"urgent", json::array(app.urgent_paths.begin(), app.urgent_paths.end())},
          {"provisioned", app.provisioned},
          {"has_password", app.has_password},
          {"blocked", app.standing.blocked()},
          {"blocked_why", text_or_null(app.standing.blocked() ? app.standing.why() : "")},
          {"standing", standing_json(app.standing)},
          {"domains", domains_of(catalog, app)},
          {"queued", {{"messages", load.messages}, {"octets", load.octets}}},
          {"added_at", time_or_null(app.added_at)},
          {"version", app.version}};
}

json::object to_json(const domains::Token& token) {
  return {{"id", token.id},
          {"role", word(token.role)},
          {"app", text_or_null(token.app)},
          {"made_by", text_or_null(token.made_by)},
          {"made_at", time_or_null(token.made_at)}};
}

json::object to_json(const spool::AuditRecord& record) {
  return {{"number", record.number},
          {"at", time_or_null(record.at)},
          {"who", text_or_null(record.who)},
          {"what", text_or_null(record.what)},
          {"target", text_or_null(record.target)},
          {"detail", text_or_null(record.detail)}};
}

std::string_view word(domains::Caller::Role role) noexcept {
  using Role = domains::Caller::Role;
  switch (role) {
    case Role::admin:
      return "admin";
    case Role::read:
      return "read";
    case Role::app:
      break;
  }
  return "app";
}

}  // namespace http
