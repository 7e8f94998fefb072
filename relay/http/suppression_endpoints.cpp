#include "relay/http/suppression_endpoints.hpp"

#include "mail/header_fields.hpp"
#include "policy/address.hpp"
#include "relay/http/answers.hpp"
#include "relay/http/body.hpp"
#include "relay/http/entry_json.hpp"
#include "relay/http/query.hpp"
#include "relay/http/scope.hpp"
#include "relay/net/ask.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;

constexpr std::size_t most_addresses = 100;  // of one request
constexpr char between = ' ';                // app and address, in `after` and `next`

json::object to_json(const spool::Suppressed& suppressed) {
  const policy::Suppression& record = suppressed.record;
  json::value until = nullptr;
  if (record.until < policy::never_ends) until = time_or_null(record.until);
  return {{"app", suppressed.app},
          {"address", suppressed.address},
          {"cause", policy::word(record.cause)},
          {"since", time_or_null(record.since)},
          {"until", std::move(until)}};
}

asio::awaitable<Response> list(Sources sources, Call call) {
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
    if (policy::is_suppressed(each.record, now)) suppressions.push_back(to_json(each));
  json::value next = nullptr;
  if (found->size() == page.limit) next = found->back().app + between + found->back().address;
  json::object body;
  body["suppressions"] = std::move(suppressions);
  body["next"] = std::move(next);
  co_return json_response(body);
}

/// What a change names, or the answer that refuses it.
mail::Result<std::vector<spool::Suppressed>> named_in(const Sources& sources, const Call& call) {
  Body body(call.body);
  const std::string app = body.text("app").value_or("");
  const std::vector<std::string> addresses = body.texts("addresses", most_addresses);
  if (!sources.registry->catalog()->apps.contains(app))
    body.refuse("There is no app " + app + ": `postern app list` names them.");
  if (addresses.empty()) body.refuse("Give `addresses`, at least one.");
  std::vector<spool::Suppressed> named;
  for (const std::string& text : addresses) {
    const auto address = policy::parse_path(text);
    if (!address) body.refuse("`" + text + "` is not a mail address.");
    if (address) named.push_back({app, mail::to_lower(address->text()), {}});
  }
  if (const auto mistake = body.mistake()) return mail::failure(*mistake);
  return named;
}

asio::awaitable<Response> change(Sources sources,
                                 std::vector<spool::Suppressed> records,
                                 spool::AuditRecord audit) {
  const auto count = records.size();
  auto question = [&](std::function<void(bool)> answer) {
    sources.suppress(records, audit, std::move(answer));
  };
  const auto done = co_await net::ask<bool>(question, sources.store_timeout);
  if (!done) co_return store_is_silent();
  if (!*done)
    co_return error_response(
        503, "The list could not be changed: try again, and look at the disk of data_dir.");
  co_return json_response({{"changed", count}});
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

asio::awaitable<Response> add(Sources sources, Call call) {
  auto named = named_in(sources, call);
  if (!named) co_return error_response(400, named.error().sentence());
  for (spool::Suppressed& each : *named) each.record = policy::after_addition({}, sources.now());
  auto audit = audit_of(sources, call, *named, "suppression add");
  co_return co_await change(sources, std::move(*named), std::move(audit));
}

asio::awaitable<Response> remove(Sources sources, Call call) {
  auto named = named_in(sources, call);
  if (!named) co_return error_response(400, named.error().sentence());
  for (spool::Suppressed& each : *named) each.record = policy::after_removal(sources.now());
  auto audit = audit_of(sources, call, *named, "suppression remove");
  co_return co_await change(sources, std::move(*named), std::move(audit));
}

}  // namespace

Endpoints suppression_endpoints(const Sources& sources) {
  return {{"/api/v1/suppressions",
           {.get = operation(Access::everybody, sources, list),
            .post = operation(Access::admins, sources, add)}},
          {"/api/v1/suppressions/remove", {.post = operation(Access::admins, sources, remove)}}};
}

}  // namespace http
