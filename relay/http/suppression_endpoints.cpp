#include "relay/http/suppression_endpoints.hpp"

#include "mail/header_fields.hpp"
#include "policy/address.hpp"
#include "policy/timestamp.hpp"
#include "relay/http/answers.hpp"
#include "relay/http/body.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/entry_json.hpp"
#include "relay/http/query.hpp"
#include "relay/http/scope.hpp"
#include "relay/net/ask.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;

constexpr std::size_t most_addresses = 100;  // of one request
constexpr char between = ' ';                // app and address, in `after` and `next`

json::object suppression_json(const spool::Suppressed& suppressed) {
  const policy::Suppression& record = suppressed.record;
  json::value until = nullptr;
  if (record.until < policy::never_ends) until = time_or_null(record.until);
  return {{"app", suppressed.app},
          {"address", suppressed.address},
          {"cause", policy::word(record.cause)},
          {"since", time_or_null(record.since)},
          {"until", std::move(until)}};
}

asio::awaitable<Response> list_suppressions(Sources sources, Call call) {
  Query query(call);
  spool::SuppressionPage page;
  page.app = query.text("app");
  page.address = mail::to_lower(query.text("address"));
  const std::string after = query.text("after");
  page.after = {after.substr(0, after.find(between)),
                after.substr(std::min(after.find(between), after.size() - 1) + 1)};
  page.limit = query.limit();
  if (const auto mistake = query.mistake()) co_return error_response(400, *mistake);
  if (call.caller.role == domains::Caller::Role::app) {
    if (!page.app.empty() && !sees_app(call.caller, page.app)) co_return no_such_app();
    page.app = call.caller.app;
  }
  auto question = [&](std::function<void(std::vector<spool::Suppressed>)> answer) {
    sources.store.suppressions(page, std::move(answer));
  };
  const auto found =
      co_await net::ask<std::vector<spool::Suppressed>>(question, sources.store_timeout);
  if (!found) co_return store_is_silent();
  const auto now = sources.now();
  json::array suppressions;
  for (const spool::Suppressed& each : *found)
    if (policy::is_suppressed(each.record, now)) suppressions.push_back(suppression_json(each));
  json::value next = nullptr;
  if (found->size() == page.limit) next = found->back().app + between + found->back().address;
  json::object body;
  body["suppressions"] = std::move(suppressions);
  body["next"] = std::move(next);
  co_return json_response(body);
}

std::string app_in(const Sources& sources, Body& body) {
  std::string app = body.text("app").value_or("");
  if (!sources.registry->catalog()->apps.contains(app))
    body.refuse("There is no app " + app + ": `postern app list` names them.");
  return app;
}

std::string address_in(const std::string& text, Body& body) {
  const auto address = policy::parse_path(text);
  if (!address) body.refuse("`" + text + "` is not a mail address.");
  return address ? mail::to_lower(address->text()) : std::string();
}

/// What a change names; of an app that is there, at least one.
std::vector<spool::Suppressed> named_in(const Sources& sources, Body& body, std::size_t most) {
  const std::string app = app_in(sources, body);
  const std::vector<std::string> addresses = body.texts("addresses", most);
  if (addresses.empty()) body.refuse("Give `addresses`, at least one.");
  std::vector<spool::Suppressed> named;
  named.reserve(addresses.size());
  for (const std::string& text : addresses) named.push_back({app, address_in(text, body), {}});
  return named;
}

std::optional<policy::WallTime> time_in(Body& row, std::string_view name) {
  const auto text = row.text(name);
  if (!text) return std::nullopt;
  const auto time = policy::parse_timestamp(*text);
  if (!time) row.refuse("`" + *text + "` is no time, like 2026-01-02T03:04:05.678Z.");
  return time;
}

spool::Suppressed imported_in(Body& row, const std::string& app, policy::WallTime now) {
  const std::string address = address_in(row.text("address").value_or(""), row);
  const std::string word = row.text("cause").value_or("imported");
  const auto cause = policy::suppression_cause_of(word);
  if (!cause)
    row.refuse("`cause` must be imported, bounce, by-hand or complaint, not `" + word + "`.");
  const auto since = time_in(row, "since");
  const auto until = time_in(row, "until");
  return {app,
          address,
          policy::after_import(
              {}, since.value_or(now), until, cause.value_or(policy::SuppressionCause::imported))};
}

/// The answer where the list could not be changed.
asio::awaitable<std::optional<Response>> change(Sources sources,
                                                std::vector<spool::Suppressed> records,
                                                spool::AuditRecord audit) {
  auto question = [&](std::function<void(bool)> answer) {
    sources.suppress(records, audit, std::move(answer));
  };
  const auto done = co_await net::ask<bool>(question, sources.store_timeout);
  if (!done) co_return store_is_silent();
  if (!*done)
    co_return error_response(503,
                             "The list could not be changed: try again, and look at the disk of "
                             "data_dir; it may also be full (1,000,000 addresses).");
  co_return std::nullopt;
}

spool::AuditRecord audit_of(const Sources& sources,
                            const Call& call,
                            const std::vector<spool::Suppressed>& named,
                            const char* what) {
  spool::AuditRecord audit;
  audit.at = sources.now();
  audit.who = call.caller.who;
  audit.what = what;
  audit.target = named.front().app;
  audit.detail = std::to_string(named.size()) + " addresses";
  return audit;
}

asio::awaitable<Response> add_suppressions(Sources sources, Call call) {
  Body body(call.body);
  auto named = named_in(sources, body, most_addresses);
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  for (spool::Suppressed& each : named) each.record = policy::after_addition({}, sources.now());
  const auto trouble =
      co_await change(sources, named, audit_of(sources, call, named, "suppression add"));
  co_return trouble.value_or(json_response({{"changed", named.size()}}));
}

asio::awaitable<Response> import_list(Sources sources, Call call) {
  Body body(call.body);
  const std::string app = app_in(sources, body);
  std::vector<spool::Suppressed> named;
  for (Body& row : body.objects("entries", most_imported)) {
    named.push_back(imported_in(row, app, sources.now()));
    body.close(row);
  }
  if (named.empty()) body.refuse("Give `entries`, at least one.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  const auto trouble =
      co_await change(sources, named, audit_of(sources, call, named, "suppression import"));
  co_return trouble.value_or(json_response({{"changed", named.size()}}));
}

/// The addresses that are, or may be, still on SES's list, and why.
asio::awaitable<json::array> left_at_ses(Sources sources, std::vector<spool::Suppressed> named) {
  json::array left;
  for (const spool::Suppressed& each : named) {
    const auto forgotten = co_await sources.forget_at_ses(each.address);
    if (!forgotten)
      left.push_back(
          json::object{{"address", each.address}, {"why", forgotten.error().sentence()}});
  }
  co_return left;
}

asio::awaitable<Response> remove_suppressions(Sources sources, Call call) {
  Body body(call.body);
  const bool also_ses = body.flag("also_ses");
  auto named = named_in(sources, body, also_ses ? most_asked_of_ses : most_addresses);
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  for (spool::Suppressed& each : named) each.record = policy::after_removal(sources.now());
  const auto trouble =
      co_await change(sources, named, audit_of(sources, call, named, "suppression remove"));
  if (trouble) co_return *trouble;
  json::object answer{{"changed", named.size()}};
  answer["left_at_ses"] = also_ses ? co_await left_at_ses(sources, named) : json::array();
  co_return json_response(answer);
}

}  // namespace

Endpoints suppression_endpoints(const Sources& sources) {
  return {
      {"/api/v1/suppressions",
       {.get = operation(Access::everybody, sources, list_suppressions),
        .post = operation(Access::admins, sources, add_suppressions)}},
      {"/api/v1/suppressions/import", {.post = operation(Access::admins, sources, import_list)}},
      {"/api/v1/suppressions/remove",
       {.post = operation(Access::admins, sources, remove_suppressions)}}};
}

}  // namespace http
