#include "relay/http/token_endpoints.hpp"

#include "relay/http/answers.hpp"
#include "relay/net/ask.hpp"
#include "relay/http/body.hpp"
#include "relay/http/catalog_json.hpp"
#include "relay/http/conditions.hpp"
#include "relay/http/query.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;
using Role = domains::Caller::Role;

asio::awaitable<Response> list_tokens(Sources sources, Call call) {
  Query query(call);
  if (const auto mistake = query.mistake()) co_return error_response(400, *mistake);
  json::array tokens;
  for (const domains::Token& token : sources.registry->tokens()) tokens.push_back(to_json(token));
  json::object body;
  body["tokens"] = std::move(tokens);
  co_return json_response(body);
}

std::optional<Role> role_of(std::string_view text) {
  for (const Role role : {Role::admin, Role::read, Role::app}) {
    if (text == word(role)) return role;
  }
  return std::nullopt;
}

asio::awaitable<Response> add_token(Sources sources, Call call) {
  Body body(call.body);
  const auto role = role_of(body.text("role").value_or(""));
  if (!role) body.refuse("`role` must be admin, read or app.");
  const std::string app = body.text("app").value_or("");
  if (role && (*role == Role::app) == app.empty())
    body.refuse("Give `app` for the role app, and for no other.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  const auto made = co_await sources.registry->add_token(*role, app, call.caller);
  if (!made) co_return refused(made.error());
  co_return json_response({{"token", to_json(made->token)}, {"secret", made->secret}}, 201);
}

asio::awaitable<Response> remove_token(Sources sources, Call call) {
  const auto done = co_await sources.registry->remove_token(call.parameter, call.caller);
  if (!done) co_return refused(done.error());
  co_return json_response({{"removed", call.parameter}});
}

asio::awaitable<Response> audit(Sources sources, Call call) {
  Query query(call);
  spool::AuditPage page;
  page.target = query.text("target");
  page.before = static_cast<std::uint64_t>(
      query.number("before", std::numeric_limits<std::int64_t>::max()).value_or(0));
  page.limit = query.limit();
  if (const auto mistake = query.mistake()) co_return error_response(400, *mistake);
  auto question = [&](std::function<void(std::vector<spool::AuditRecord>)> answer) {
    sources.store.audit(page, std::move(answer));
  };
  const auto found =
      co_await net::ask<std::vector<spool::AuditRecord>>(question, sources.store_timeout);
  if (!found) co_return store_is_silent();
  json::array records;
  for (const spool::AuditRecord& record : *found) records.push_back(to_json(record));
  json::value next = nullptr;
  if (found->size() == page.limit) next = found->back().number;
  json::object body;
  body["records"] = std::move(records);
  body["next"] = std::move(next);
  co_return json_response(body);
}

}  // namespace

Endpoints token_endpoints(const Sources& sources) {
  return {{"/api/v1/tokens",
           {.get = operation(Access::readers, sources, list_tokens),
            .post = operation(Access::admins, sources, add_token)}},
          {"/api/v1/tokens/{id}", {.remove = operation(Access::admins, sources, remove_token)}},
          {"/api/v1/audit", {.get = operation(Access::readers, sources, audit)}}};
}

}  // namespace http
