#include "relay/http/domain_endpoints.hpp"

#include "policy/identity_steps.hpp"
#include "policy/record_forms.hpp"
#include "relay/http/answers.hpp"
#include "relay/http/body.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/conditions.hpp"
#include "relay/http/domain_json.hpp"
#include "relay/http/query.hpp"
#include "relay/http/scope.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace http {

namespace {

namespace json = boost::json;

std::shared_ptr<const domains::Domain> find_domain(const domains::Catalog& catalog,
                                                   const Call& call) {
  const auto found = catalog.domains.find(domain_in_path(call.parameter));
  return found == catalog.domains.end() ? nullptr : found->second;
}

asio::awaitable<Response> list_domains(Sources sources, Call call) {
  Query query(call);
  const std::string app = query.text("app"), after = query.text("after");
  const std::size_t limit = query.limit();
  if (const auto mistake = query.mistake()) co_return error_response(400, *mistake);
  const auto catalog = sources.registry->catalog();
  if (!app.empty() && !(catalog->apps.contains(app) && sees_app(call.caller, app)))
    co_return no_such_app();
  domains::Caller reader = call.caller;
  if (!app.empty()) reader = {domains::Caller::Role::app, app, {}};
  json::array rows;
  json::value next = nullptr;
  for (auto each = catalog->domains.upper_bound(after); each != catalog->domains.end(); ++each) {
    if (!sees_domain(*catalog, reader, each->first)) continue;
    if (rows.size() == limit) {
      next = rows.back().at("name");
      break;
    }
    rows.push_back(row_of(*catalog, call.caller, *each->second));
  }
  json::object body;
  body["domains"] = std::move(rows);
  body["next"] = std::move(next);
  co_return json_response(body);
}

json::object shown_domain(const Sources& sources,
                          const domains::Catalog& catalog,
                          const Call& call,
                          const domains::Domain& domain) {
  return to_json(catalog, call.caller, domain, sources.records(domain));
}

asio::awaitable<Response> show_domain(Sources sources, Call call) {
  const auto catalog = sources.registry->catalog();
  const auto domain = find_domain(*catalog, call);
  if (!domain) co_return no_such_domain();
  co_return tagged(call.fields, shown_domain(sources, *catalog, call, *domain), domain->version);
}

asio::awaitable<Response> records(Sources sources, Call call) {
  Query query(call);
  const std::string format = query.word("format", {"json", "table", "zone", "terraform"});
  if (const auto mistake = query.mistake()) co_return error_response(400, *mistake);
  const auto domain = find_domain(*sources.registry->catalog(), call);
  if (!domain) co_return no_such_domain();
  const auto wanted = sources.records(*domain);
  const auto steps = sources.console_steps(*domain);
  const auto by_hand = [&steps](std::string_view mark) {
    return policy::numbered(steps, policy::console_heading, mark);
  };
  if (format == "table") co_return Response{.body = policy::table(wanted) + by_hand("")};
  if (format == "zone") co_return Response{.body = policy::zone_file(wanted) + by_hand("; ")};
  if (format == "terraform")
    co_return Response{.body = policy::terraform(wanted, domain->name) + by_hand("# ")};
  json::object body;
  body["domain"] = domain->name;
  body["records"] = to_json(wanted);
  body["console_steps"] = json::array(steps.begin(), steps.end());
  co_return json_response(body);
}

// One of two words; the first if absent.
bool takes_second(Body& body, std::string_view name, const char* first, const char* second) {
  const std::string word = body.text(name).value_or(first);
  if (word != first && word != second)
    body.refuse("`" + std::string(name) + "` must be " + first + " or " + second + ".");
  return word == second;
}

mail::Result<domains::NewDomain> read_domain(std::string_view text) {
  Body body(text);
  domains::NewDomain domain;
  domain.name = body.text("name").value_or("");
  if (domain.name.empty()) body.refuse("Give `name`: the domain behind the @ of its senders.");
  domain.owner = body.text("owner").value_or("");
  domain.app = body.text("app").value_or("");
  domain.subdomains = body.flag("subdomains");
  if (takes_second(body, "signing", "local", "ses")) domain.signing = policy::SigningMode::ses;
  if (takes_second(body, "algorithm", "rsa2048", "ed25519"))
    domain.algorithm = dkim::Algorithm::ed25519_sha256;
  domain.selector = body.text("selector").value_or("");
  domain.mail_from = body.text("mail_from").value_or("");
  domain.pem = body.lines("pem", longest_pem).value_or("");
  domain.allow_weak = body.flag("allow_weak");
  if (const auto mistake = body.mistake()) return mail::failure(*mistake);
  return domain;
}

asio::awaitable<Response> add_domain(Sources sources, Call call) {
  auto domain = read_domain(call.body);
  if (!domain) co_return error_response(400, domain.error().sentence());
  call.parameter = domain->name;
  const auto done = co_await sources.registry->add_domain(*std::move(domain), call.caller);
  if (!done) co_return refused(done.error());
  const auto catalog = sources.registry->catalog();
  const auto added = find_domain(*catalog, call);
  if (!added) co_return no_such_domain();
  co_return json_response(shown_domain(sources, *catalog, call, *added), 201);
}

// The domain as it is now.
asio::awaitable<Response> show_domain_anew(Sources sources, Call call) {
  call.fields = {};
  co_return co_await show_domain(std::move(sources), std::move(call));
}

asio::awaitable<Response> verify(Sources sources, Call call) {
  if (const auto mistake = Body(call.body).mistake()) co_return error_response(400, *mistake);
  const auto domain = find_domain(*sources.registry->catalog(), call);
  if (!domain) co_return no_such_domain();
  if (domain->contested)
    co_return error_response(409, "Nothing is checked here: " + domain->trouble + ".");
  if (domain->trusted) {
    co_return error_response(
        409,
        "Nothing is checked here: the configuration vouches for the domain (verify: trusted).");
  }
  if (const auto looked = co_await sources.verify_now(domain->name); !looked)
    co_return error_response(503, looked.error().sentence());
  co_return co_await show_domain_anew(std::move(sources), std::move(call));
}

// Makes a change of the domain in the path, if it is as the caller saw it.
template <class Change>
auto attempt_on_domain(const Sources& sources, const Call& call, Change change) {
  const auto now = [&] { return find_domain(*sources.registry->catalog(), call); };
  return attempt(call.fields, now, no_such_domain(), change);
}

// Registry::associate, Registry::dissociate
using Relation = asio::awaitable<domains::Outcome<domains::Done>> (domains::Registry::*)(
    std::string domain, std::string app, domains::Caller caller);

asio::awaitable<Response> relate(Sources sources, Relation relation, Call call) {
  Body body(call.body);
  const std::string app = body.text("app").value_or("");
  if (app.empty()) body.refuse("Give `app`: the app whose mail comes from the domain.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  const auto done = co_await attempt_on_domain(sources, call, [&](domains::Expected) {
    return (sources.registry->*relation)(call.parameter, app, call.caller);
  });
  if (!done) co_return done.error();
  co_return co_await show_domain_anew(std::move(sources), std::move(call));
}

asio::awaitable<Response> associate(Sources sources, Call call) {
  return relate(std::move(sources), &domains::Registry::associate, std::move(call));
}

asio::awaitable<Response> dissociate(Sources sources, Call call) {
  return relate(std::move(sources), &domains::Registry::dissociate, std::move(call));
}

// The step of a rotation; more than one is a mistake.
domains::Registry::Rotation read_rotation(Body& body) {
  using Rotation = domains::Registry::Rotation;
  Rotation step = Rotation::begin;
  for (const auto& [name, meaning] : {std::pair("published", Rotation::published),
                                      std::pair("abandon", Rotation::abandon),
                                      std::pair("removed", Rotation::removed)}) {
    if (!body.flag(name)) continue;
    if (step != Rotation::begin)
      body.refuse("Give one of `published`, `abandon` and `removed`, or none.");
    step = meaning;
  }
  return step;
}

asio::awaitable<Response> rotate_key(Sources sources, Call call) {
  Body body(call.body);
  const auto step = read_rotation(body);
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  const auto done = co_await attempt_on_domain(sources, call, [&](domains::Expected expected) {
    return sources.registry->rotate_key(call.parameter, step, call.caller, expected);
  });
  if (!done) co_return done.error();
  co_return co_await show_domain_anew(std::move(sources), std::move(call));
}

asio::awaitable<Response> export_key(Sources sources, Call call) {
  Body body(call.body);
  const std::string selector = body.text("selector").value_or("");
  if (selector.empty()) body.refuse("Give `selector`: which key, as `postern domain show` has it.");
  if (const auto mistake = body.mistake()) co_return error_response(400, *mistake);
  const auto domain = find_domain(*sources.registry->catalog(), call);
  if (!domain) co_return no_such_domain();
  const auto pem = co_await sources.registry->export_key(domain->name, selector, call.caller);
  if (!pem) co_return refused(pem.error());
  co_return json_response({{"domain", domain->name}, {"selector", selector}, {"pem", *pem}});
}

asio::awaitable<Response> remove_domain(Sources sources, Call call) {
  const auto done = co_await attempt_on_domain(sources, call, [&](domains::Expected expected) {
    return sources.registry->remove_domain(call.parameter, call.caller, expected);
  });
  if (!done) co_return done.error();
  co_return json_response({{"removed", domain_in_path(call.parameter)}});
}

}  // namespace

Endpoints domain_endpoints(const Sources& sources) {
  const std::string one = "/api/v1/domains/{name}";
  return {{"/api/v1/domains",
           {.get = operation(Access::everybody, sources, list_domains),
            .post = operation(Access::admins, sources, add_domain)}},
          {one,
           {.get = operation(Access::everybody, sources, show_domain),
            .remove = operation(Access::admins, sources, remove_domain)}},
          {one + "/records", {.get = operation(Access::everybody, sources, records)}},
          {one + "/verify", {.post = operation(Access::owner, sources, verify)}},
          {one + "/associate", {.post = operation(Access::admins, sources, associate)}},
          {one + "/dissociate", {.post = operation(Access::admins, sources, dissociate)}},
          {one + "/rotate-key", {.post = operation(Access::admins, sources, rotate_key)}},
          {one + "/export-key", {.post = operation(Access::socket, sources, export_key)}}};
}

}  // namespace http
