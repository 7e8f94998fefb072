#include "relay/http/app_endpoints.hpp"

#include "relay/http/answers.hpp"
#include "relay/http/body.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/catalog_json.hpp"
#include "relay/http/conditions.hpp"
#include "relay/http/query.hpp"
#include "relay/http/scope.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace http {

namespace {

namespace json = boost::json;

std::shared_ptr<const domains::App> find_app(const domains::Catalog& catalog,
                                             const std::string& name) {
  const auto found = catalog.apps.find(name);
  return found == catalog.apps.end() ? nullptr : found->second;
}

json::object shown_app(const Sources& sources,
                       const domains::Catalog& catalog,
                       const domains::App& app) {
  return to_json(catalog, app, sources.store.load(app.name));
}

asio::awaitable<Response> list_apps(Sources sources, Call call) {
  Query query(call);
  const std::string after = query.text("after");
  const std::size_t limit = query.limit();
  if (const auto mistake = query.mistake()) co_return error_response(400, *mistake);
  const auto catalog = sources.registry->catalog();
  json::array apps;
  json::value next = nullptr;
  for (auto app = catalog->apps.upper_bound(after); app != catalog->apps.end(); ++app) {
    if (!sees_app(call.caller, app->first)) continue;
    if (apps.size() == limit) {
      next = apps.back().at("name");
      break;
    }
    apps.push_back(shown_app(sources, *catalog, *app->second));
  }
  json::object body;
  body["apps"] = std::move(apps);
  body["next"] = std::move(next);
  co_return json_response(body);
}

asio::awaitable<Response> show_app(Sources sources, Call call) {
  const auto catalog = sources.registry->catalog();
  const auto app = find_app(*catalog, call.parameter);
  if (!app) co_return no_such_app();
  co_return tagged(call.fields, shown_app(sources, *catalog, *app), app->version);
}

std::optional<std::uint64_t> take_limit(Body& limits, std::string_view name) {
  const auto number = limits.number(name, 1, std::numeric_limits<std::int64_t>::max());
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

void take_limits(Body& body, policy::Limits& limits) {
  Body given = body.object("limits");
  limits.recipients_per_message =
      take_limit(given, "recipients_per_message").value_or(limits.recipients_per_message);
  limits.message_size = take_limit(given, "message_size").value_or(limits.message_size);
  limits.queued_messages = take_limit(given, "queued_messages");
  limits.queued_bytes = take_limit(given, "queued_bytes");
  for (const std::string_view name : {"per_minute", "per_hour", "per_day"}) given.awaited(name);
  body.close(given);
}

mail::Result<domains::NewApp> read_app(std::string_view text) {
  Body body(text);
  domains::NewApp app;
  app.name = body.text("name").value_or("");
  if (app.name.empty()) body.refuse("Give `name`: how the site is called here.");
  app.owner = body.text("owner").value_or("");
  app.contact = body.text("contact").value_or("");
  app.upstream = body.text("upstream").value_or("");
  app.configuration_set = body.text("configuration_set").value_or("");
  app.weight = static_cast<unsigned>(body.number("weight", 1, heaviest).value_or(1));
  app.domains = body.texts("domains", domains::max_associations_of_app);
  take_limits(body, app.limits);
  if (const auto mistake = body.mistake()) return mail::failure(*mistake);
  return app;
}

json::value submission_of(const Sources& sources) {
  const auto submission = sources.submission();
  if (!submission) return nullptr;
  return json::object{{"host", submission->host},
                      {"port", submission->port},
                      {"encryption", submission->encryption}};
}

// An app with its password, which is shown this once.
Response with_password(const Sources& sources, const domains::Password& made, unsigned status) {
  const auto catalog = sources.registry->catalog();
  const auto app = find_app(*catalog, made.app);
  if (!app) return no_such_app();
  return json_response({{"app", shown_app(sources, *catalog, *app)},
                        {"password", made.password},
                        {"submission", submission_of(sources)}},
                       status);
}

asio::awaitable<Response> add_app(Sources sources, Call call) {
  auto app = read_app(call.body);
  if (!app) co_return error_response(400, app.error().sentence());
  const bool known = find_app(*sources.registry->catalog(), app->name) != nullptr;
  if (!known && sources.store.load(app->name).messages > 0) {
    co_return error_response(
        409,
        fmt::format("Mail of a former app {0} is in the queue and would be the new one's: give it "
                    "up with `postern queue drop --app {0}`, or choose another name.",
                    app->name));
  }
  const auto made = co_await sources.registry->add_app(*std::move(app), call.caller);
  if (!made) co_return refused(made.error());
  co_return with_password(sources, *made, 201);
}

// Makes a change of the app in the path, if it is as the caller saw it.
template <class Change>
auto attempt_on_app(const Sources& sources, const Call& call, Change change) {
  const auto now = [&] { return find_app(*sources.registry->catalog(), call.parameter); };
  return attempt(call.fields, now, no_such_app(), change);
}

// The app as it is now.
asio::awaitable<Response> show_app_anew(Sources sources, Call call) {
  call.fields = {};
  co_return co_await show_app(std::move(sources), std::move(call));
}

asio::awaitable<Response> block(Sources sources, Call call) {
  Body body(call.body);
  const auto why = body.text("why", longest_sentence).value_or("");
  if (why.empty()) body.refuse("Give `why`: a sentence for the site's administrator.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  const auto done = co_await attempt_on_app(sources, call, [&](domains::Expected expected) {
    return sources.registry->override_app(
        call.parameter, {policy::StandingState::blocked, std::nullopt, why}, call.caller, expected);
  });
  if (!done) co_return done.error();
  co_return co_await show_app_anew(std::move(sources), std::move(call));
}

mail::Result<domains::NewOverride> read_override(std::string_view text) {
  using enum policy::StandingState;
  Body body(text);
  domains::NewOverride decided;
  const auto state = policy::standing_state_of(body.text("state").value_or(""));
  if (state != normal && state != restricted && state != blocked)
    body.refuse("Give `state`: normal, restricted or blocked.");
  decided.state = state.value_or(normal);
  if (const auto seconds = body.number("seconds", 1, longest_override.count()))
    decided.lasts = std::chrono::seconds(*seconds);
  decided.reason = body.text("reason", longest_sentence).value_or("");
  if (decided.reason.empty())
    body.refuse("Give `reason`: a sentence for the site's administrator.");
  if (const auto mistake = body.mistake()) return mail::failure(*mistake);
  return decided;
}

asio::awaitable<Response> impose(Sources sources, Call call) {
  const auto decided = read_override(call.body);
  if (!decided) co_return error_response(400, decided.error().sentence());
  const auto done = co_await attempt_on_app(sources, call, [&](domains::Expected expected) {
    return sources.registry->override_app(call.parameter, *decided, call.caller, expected);
  });
  if (!done) co_return done.error();
  co_return co_await show_app_anew(std::move(sources), std::move(call));
}

asio::awaitable<Response> free_app(Sources sources, Call call, std::string what) {
  if (const auto mistake = Body(call.body).mistake()) co_return error_response(400, *mistake);
  const auto done = co_await attempt_on_app(sources, call, [&](domains::Expected expected) {
    return sources.registry->release_app(call.parameter, what, call.caller, expected);
  });
  if (!done) co_return done.error();
  co_return co_await show_app_anew(std::move(sources), std::move(call));
}

asio::awaitable<Response> unblock(Sources sources, Call call) {
  return free_app(std::move(sources), std::move(call), "app unblock");
}

asio::awaitable<Response> release(Sources sources, Call call) {
  return free_app(std::move(sources), std::move(call), "app release");
}

asio::awaitable<Response> rotate_password(Sources sources, Call call) {
  if (const auto mistake = Body(call.body).mistake()) co_return error_response(400, *mistake);
  const auto made = co_await attempt_on_app(sources, call, [&](domains::Expected expected) {
    return sources.registry->rotate_password(call.parameter, call.caller, expected);
  });
  if (!made) co_return made.error();
  co_return with_password(sources, *made, 200);
}

asio::awaitable<Response> remove_app(Sources sources, Call call) {
  const bool known = find_app(*sources.registry->catalog(), call.parameter) != nullptr;
  const std::uint64_t waiting = sources.store.load(call.parameter).messages;
  if (known && waiting > 0) {
    co_return error_response(
        409,
        fmt::format("Mail of {0} waits in the queue ({1}): let it be delivered, or give it up with "
                    "`postern queue drop --app {0}`, and remove the app then.",
                    call.parameter,
                    waiting));
  }
  const auto done = co_await attempt_on_app(sources, call, [&](domains::Expected expected) {
    return sources.registry->remove_app(call.parameter, call.caller, expected);
  });
  if (!done) co_return done.error();
  co_return json_response({{"removed", call.parameter}});
}

}  // namespace

Endpoints app_endpoints(const Sources& sources) {
  const std::string one = "/api/v1/apps/{name}";
  return {
      {"/api/v1/apps",
       {.get = operation(Access::everybody, sources, list_apps),
        .post = operation(Access::admins, sources, add_app)}},
      {one,
       {.get = operation(Access::everybody, sources, show_app),
        .remove = operation(Access::admins, sources, remove_app)}},
      {one + "/block", {.post = operation(Access::admins, sources, block)}},
      {one + "/unblock", {.post = operation(Access::admins, sources, unblock)}},
      {one + "/override", {.post = operation(Access::admins, sources, impose)}},
      {one + "/release", {.post = operation(Access::admins, sources, release)}},
      {one + "/rotate-password", {.post = operation(Access::admins, sources, rotate_password)}}};
}

}  // namespace http
