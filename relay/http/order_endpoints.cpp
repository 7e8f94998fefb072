#include "relay/http/order_endpoints.hpp"

#include "policy/reply.hpp"
#include "relay/http/answers.hpp"
#include "relay/http/audit_trail.hpp"
#include "relay/net/ask.hpp"
#include "relay/http/body.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/scope.hpp"

#include <boost/json/array.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

namespace {

namespace json = boost::json;

constexpr auto orders = std::to_array<std::pair<std::string_view, spool::Operation>>(
    {{"retry", spool::Operation::retry},
     {"hold", spool::Operation::hold},
     {"release", spool::Operation::release},
     {"drop", spool::Operation::drop}});

/// What the body asks for: an order for each id, or one for all that a filter fits.
struct Asked {
  std::vector<spool::QueueId> ids;
  spool::Filter which;
  bool dry_run = false;
};

/// What was done, over all its orders.
struct Done {
  spool::Ordered total;
  json::array left_alone;
};

void take_ids(Body& body, Asked& asked) {
  for (const std::string& word : body.texts("ids", most_ordered_ids)) {
    const auto id = spool::QueueId::parse(word);
    if (!id) body.refuse("A queue id has 13 letters and digits, unlike " + word + ".");
    asked.ids.push_back(id.value_or(spool::QueueId{}));
  }
}

// A word of a closed vocabulary.
template <class Value>
std::optional<Value> take_word(Body& body,
                               std::string_view name,
                               std::optional<Value> (*value_of)(std::string_view) noexcept) {
  const auto word = body.text(name);
  if (!word) return std::nullopt;
  const auto value = value_of(*word);
  if (!value) body.refuse("There is no " + std::string(name) + " " + *word + ".");
  return value;
}

// True if the body names any.
bool take_filter(Body& body, spool::Filter& which) {
  which.app = body.text("app").value_or("");
  which.domain = domain_in_path(body.text("domain").value_or(""));
  which.reason = take_word<policy::Reason>(body, "reason", &policy::reason_of);
  which.state = take_word<spool::State>(body, "state", &spool::state_of);
  if (const auto age = body.number("older_than", 0, longest_age.count()))
    which.accepted_before = std::chrono::system_clock::now() - std::chrono::seconds(*age);
  return !which.app.empty() || !which.domain.empty() || which.reason || which.state ||
         which.accepted_before;
}

mail::Result<Asked> read(std::string_view text) {
  Body body(text);
  Asked asked;
  take_ids(body, asked);
  const bool filtered = take_filter(body, asked.which);
  const bool all = body.flag("all");
  asked.dry_run = body.flag("dry_run");
  const int ways = int{!asked.ids.empty()} + int{filtered} + int{all};
  if (ways != 1) {
    body.refuse(
        "Say which messages: give `ids`, or any of `app`, `domain`, `reason`, `state` and "
        "`older_than`, or `all`.");
  }
  if (const auto mistake = body.mistake()) return mail::failure(*mistake);
  return asked;
}

asio::awaitable<std::optional<spool::Ordered>> carry_out(const Sources& sources,
                                                         spool::Order order) {
  auto question = [&](std::function<void(spool::Ordered)> answer) {
    sources.order(std::move(order), std::move(answer));
  };
  co_return co_await net::ask<spool::Ordered>(question, sources.long_timeout);
}

// Why an order for one id did nothing: nothing if the spool is silent.
asio::awaitable<std::optional<json::object>> left_alone(const Sources& sources, spool::QueueId id) {
  spool::Filter filter;
  filter.id = id;
  auto question = [&](std::function<void(std::vector<spool::Entry>)> answer) {
    sources.store.list(std::move(filter), std::move(answer));
  };
  const auto found = co_await net::ask<std::vector<spool::Entry>>(question, sources.store_timeout);
  if (!found) co_return std::nullopt;
  json::value state = nullptr;
  if (!found->empty()) state = json::value(spool::word(found->front().state));
  co_return json::object{{"id", id.text()}, {"state", std::move(state)}};
}

// One after the other, because the spool lets few orders wait. Nothing if the spool is silent.
asio::awaitable<std::optional<Done>> carry_out_each(const Sources& sources,
                                                    spool::Order order,
                                                    std::vector<spool::QueueId> ids) {
  Done done;
  for (const spool::QueueId id : ids) {
    order.which.id = id;
    const auto one = co_await carry_out(sources, order);
    if (!one) co_return std::nullopt;
    done.total.matched += one->matched;
    done.total.superseded += one->superseded;
    done.total.complete = one->complete;
    if (!one->complete) break;
    if (one->matched > 0) continue;
    auto why = co_await left_alone(sources, id);
    if (!why) co_return std::nullopt;
    done.left_alone.emplace_back(*std::move(why));
  }
  co_return done;
}

// Which messages, for the audit trail: "reason signing, older than 2026-11-22 12:00 UTC".
std::string described(const Asked& asked) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!text.empty()) text += ", ";
    text.append(name).append(" ").append(value);
  };
  for (const spool::QueueId id : asked.ids) add("id", id.text());
  add("app", asked.which.app);
  add("domain", asked.which.domain);
  if (asked.which.reason) add("reason", policy::word(*asked.which.reason));
  if (asked.which.state) add("state", spool::word(*asked.which.state));
  if (asked.which.accepted_before)
    add("older than", policy::minute_of(*asked.which.accepted_before));
  return text.empty() ? "all" : text;
}

asio::awaitable<bool> write_order_down(Sources sources,
                                       std::string name,
                                       domains::Caller caller,
                                       const Asked& asked) {
  const std::string target = asked.ids.size() == 1 ? asked.ids.front().text() : asked.which.app;
  co_return co_await write_down(
      sources, std::move(caller.who), "queue " + name, target, described(asked));
}

asio::awaitable<Response> obey(Sources sources,
                               std::string name,
                               spool::Operation what,
                               Call call) {
  auto asked = read(call.body);
  if (!asked) co_return error_response(400, asked.error().sentence());
  if (!asked->dry_run && !co_await write_order_down(sources, name, call.caller, *asked))
    co_return store_is_silent();
  const auto now = std::chrono::system_clock::now();
  spool::Order order{.operation = what,
                     .which = std::move(asked->which),
                     .now = now,
                     .until = now + sources.hold_expire(),
                     .detail = "by the operator's order",
                     .dry_run = asked->dry_run};
  std::optional<Done> done;
  if (!asked->ids.empty()) {
    done = co_await carry_out_each(sources, std::move(order), std::move(asked->ids));
  } else if (const auto total = co_await carry_out(sources, std::move(order))) {
    done = Done{*total, {}};
  }
  if (!done) co_return store_is_silent();
  co_return json_response({{"dry_run", asked->dry_run},
                           {"matched", done->total.matched},
                           {"superseded", done->total.superseded},
                           {"complete", done->total.complete},
                           {"left_alone", std::move(done->left_alone)}});
}

}  // namespace

Endpoints order_endpoints(const Sources& sources) {
  Endpoints endpoints;
  for (const auto& [name, what] : orders) {
    endpoints["/api/v1/queue/" + std::string(name)].post =
        operation(Access::admins,
                  sources,
                  [name = std::string(name), what = what](const Sources& from, Call call) {
                    return obey(from, name, what, std::move(call));
                  });
  }
  return endpoints;
}

}  // namespace http
