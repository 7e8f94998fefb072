#include "relay/aws/ses_api.hpp"

#include "relay/aws/signed_request.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace aws {
namespace {

namespace asio = boost::asio;

// A domain name stands in the path of a signed request, which takes no escapes.
bool is_domain(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool is_base64(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=';
}

constexpr std::string_view identities_path = "/v2/email/identities";
constexpr std::string_view configuration_sets_path = "/v2/email/configuration-sets";
constexpr std::string_view suppression_path = "/v2/email/suppression/addresses";
constexpr std::size_t max_address_octets = 320;

std::string identity_path(std::string_view domain) {
  return fmt::format("{}/{}", identities_path, domain);
}

bool is_address(std::string_view text) {
  return text.find('@') != std::string_view::npos && fits_a_header(text, max_address_octets);
}

Answer no_address() {
  return {Outcome::refused, "SES's suppression list takes mail addresses, like bob@example.com"};
}

/// As one segment of a path.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = is_domain(std::string_view(&c, 1)) || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string json_text(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

/// `head` is an object without its end; behind it comes `member`, the key as SES takes it. Put
/// together by hand, so that no copy of the key stays behind in a JSON tree.
mail::Result<config::Secret> with_key(std::string head,
                                      std::string_view member,
                                      const OwnKey& key) {
  constexpr std::string_view tail = "\"}}";
  const auto bare = without_armour(key.private_key);
  if (!bare) return bare.error();
  head += fmt::format(R"(,"{}":{{"DomainSigningSelector":{},"DomainSigningPrivateKey":")",
                      member,
                      json_text(key.selector));
  head.reserve(head.size() + bare->reveal().size() + tail.size());
  head += bare->reveal();
  head += tail;
  return config::Secret(std::move(head));
}

/// The body of a request that may carry a key of ours.
mail::Result<config::Secret> ended(const std::string& head,
                                   std::string_view member,
                                   const std::optional<OwnKey>& key) {
  if (key) return with_key(head, member, *key);
  return config::Secret(head + "}");
}

std::string_view name_of(OnMxFailure on_mx_failure) {
  switch (on_mx_failure) {
    case OnMxFailure::use_default_value:
      return "USE_DEFAULT_VALUE";
    case OnMxFailure::reject_message:
      return "REJECT_MESSAGE";
  }
  return {};
}

}  // namespace

std::optional<Turns::duration> Turns::take(time_point now) {
  const time_point turn = std::max(now, next_);
  if (turn - now > longest_wait) return std::nullopt;
  next_ = turn + interval;
  return turn - now;
}

std::string ses_endpoint(std::string_view region) {
  return fmt::format(
      "https://email.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

mail::Result<config::Secret> without_armour(const config::Secret& pem) {
  constexpr std::string_view end_of_begin = "PRIVATE KEY-----\n", begin_of_end = "-----END ";
  std::string_view text = pem.reveal();
  const auto begin = text.find(end_of_begin);
  const auto end = text.find(begin_of_end);
  const auto unusable = [] {
    return mail::failure(
        "The DKIM key given to SES must be one unencrypted RSA private key in PEM form");
  };
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
    return unusable();
  text = text.substr(begin + end_of_begin.size(), end - begin - end_of_begin.size());
  std::string bare;
  bare.reserve(text.size());  // grows in place: no piece of the key is left on the heap
  std::ranges::copy_if(
      text, std::back_inserter(bare), [](char c) { return c != '\n' && c != '\r'; });
  config::Secret wiped(std::move(bare));
  if (wiped.empty() || !std::ranges::all_of(wiped.reveal(), is_base64)) return unusable();
  return wiped;
}

/// One call: the IAM action it needs, and the request.
struct SesApi::Call {
  Call(std::string_view action_, std::string_view method_, std::string_view path_)
      : action(action_), method(method_), path(path_) {}
  Call(std::string_view action_,
       std::string_view method_,
       std::string_view path_,
       config::Secret body_)
      : action(action_), method(method_), path(path_), body(std::move(body_)) {}
  std::string_view action;
  std::string method, path;
  config::Secret body;
};

struct SesApi::Reply {
  Answer answer;
  std::string body;                                      ///< of a response that came
  std::optional<std::chrono::seconds> clock_ahead = {};  ///< of the clock of who responded
};

SesApi::SesApi(HttpClient& http,
               CredentialSource& credentials,
               const net::Clock& clock,
               Account account)
    : http_(http), credentials_(credentials), clock_(clock), account_(std::move(account)) {
  if (account_.endpoint.empty()) account_.endpoint = ses_endpoint(account_.region);
  if (account_.endpoint.ends_with('/')) account_.endpoint.pop_back();
}

asio::awaitable<IdentityAnswer> SesApi::get_identity(std::string domain) {
  Call call("ses:GetEmailIdentity", "GET", identity_path(domain));
  Reply reply = co_await ask_about(domain, std::move(call));
  IdentityAnswer got;
  got.answer = std::move(reply.answer);
  if (got.answer.outcome == Outcome::unknown_identity) {
    got.answer = Answer{Outcome::done, {}};
  } else if (got.answer.outcome == Outcome::done) {
    const auto identity = parse_identity(reply.body);
    if (identity) {
      got.identity = *identity;
    } else {
      got.answer = Answer{Outcome::unreachable, identity.error().sentence()};
    }
  }
  co_return got;
}

asio::awaitable<Answer> SesApi::create_identity(std::string domain, std::optional<OwnKey> key) {
  const std::string head = fmt::format(R"({{"EmailIdentity":{})", json_text(domain));
  auto body = ended(head, "DkimSigningAttributes", key);
  if (!body) co_return Answer{Outcome::refused, body.error().sentence()};
  Call call("ses:CreateEmailIdentity", "POST", identities_path, *std::move(body));
  Reply reply = co_await ask_about(domain, std::move(call));
  co_return std::move(reply.answer);
}

asio::awaitable<Answer> SesApi::set_dkim(std::string domain, std::optional<OwnKey> key) {
  const std::string head =
      fmt::format(R"({{"SigningAttributesOrigin":"{}")", key ? "EXTERNAL" : "AWS_SES");
  auto body = ended(head, "SigningAttributes", key);
  if (!body) co_return Answer{Outcome::refused, body.error().sentence()};
  // This one call of version 2 lies at /v1.
  Call call("ses:PutEmailIdentityDkimSigningAttributes",
            "PUT",
            fmt::format("/v1/email/identities/{}/dkim/signing", domain),
            *std::move(body));
  Reply reply = co_await ask_about(domain, std::move(call));
  co_return std::move(reply.answer);
}

asio::awaitable<Answer> SesApi::set_mail_from(std::string domain,
                                              std::string mail_from_domain,
                                              OnMxFailure on_mx_failure) {
  config::Secret body(fmt::format(R"({{"MailFromDomain":{},"BehaviorOnMxFailure":"{}"}})",
                                  json_text(mail_from_domain),
                                  name_of(on_mx_failure)));
  Call call("ses:PutEmailIdentityMailFromAttributes",
            "PUT",
            identity_path(domain) + "/mail-from",
            std::move(body));
  Reply reply = co_await ask_about(domain, std::move(call));
  co_return std::move(reply.answer);
}

asio::awaitable<AccountAnswer> SesApi::get_account() {
  Call call("ses:GetAccount", "GET", "/v2/email/account");
  Reply reply = co_await ask(std::move(call));
  AccountAnswer got;
  got.answer = std::move(reply.answer);
  got.clock_ahead = reply.clock_ahead;
  if (got.answer.outcome != Outcome::done) co_return got;
  const auto account = parse_account(reply.body);
  if (account) {
    got.account = *account;
  } else {
    got.answer = Answer{Outcome::unreachable, account.error().sentence()};
  }
  co_return got;
}

asio::awaitable<ConfigurationSetAnswer> SesApi::get_configuration_set(std::string name) {
  ConfigurationSetAnswer got;
  if (!is_configuration_set(name)) {
    got.answer = {Outcome::refused,
                  "The name of a configuration set has letters, digits, - and _, 64 at most"};
    co_return got;
  }
  const std::string path = fmt::format("{}/{}", configuration_sets_path, name);
  Call about_set("ses:GetConfigurationSet", "GET", path);
  Reply reply = co_await ask(std::move(about_set));
  got.answer = std::move(reply.answer);
  if (got.answer.outcome == Outcome::unknown_identity)
    got.answer = {Outcome::done, {}};
  else if (got.answer.outcome == Outcome::done)
    co_await read_set(path, reply.body, got);
  co_return got;
}

asio::awaitable<void> SesApi::read_set(const std::string& path,
                                       const std::string& body,
                                       ConfigurationSetAnswer& got) {
  Call about_events(
      "ses:GetConfigurationSetEventDestinations", "GET", path + "/event-destinations");
  Reply reply = co_await ask(std::move(about_events));
  got.answer = std::move(reply.answer);
  if (got.answer.outcome != Outcome::done) co_return;
  auto set = parse_configuration_set(body);
  auto destinations = parse_event_destinations(reply.body);
  if (set && destinations) {
    got.set = std::move(*set);
    got.set.destinations = std::move(*destinations);
  } else {
    const mail::Failure& failure = set ? destinations.error() : set.error();
    got.answer = Answer{Outcome::unreachable, std::string(failure.sentence())};
  }
}

asio::awaitable<Answer> SesApi::suppress(std::string address, SuppressedFor why) {
  if (!is_address(address)) co_return no_address();
  config::Secret body(fmt::format(R"({{"EmailAddress":{},"Reason":"{}"}})",
                                  json_text(address),
                                  why == SuppressedFor::bounce ? "BOUNCE" : "COMPLAINT"));
  Call call("ses:PutSuppressedDestination", "PUT", suppression_path, std::move(body));
  Reply reply = co_await ask(std::move(call));
  co_return std::move(reply.answer);
}

asio::awaitable<Answer> SesApi::unsuppress(std::string address) {
  if (!is_address(address)) co_return no_address();
  Call call("ses:DeleteSuppressedDestination",
            "DELETE",
            fmt::format("{}/{}", suppression_path, escaped(address)));
  Reply reply = co_await ask(std::move(call));
  if (reply.answer.outcome == Outcome::unknown_identity) co_return Answer{Outcome::done, {}};
  co_return std::move(reply.answer);
}

asio::awaitable<SesApi::Reply> SesApi::ask_about(const std::string& domain, Call call) {
  if (is_domain(domain)) co_return co_await ask(std::move(call));
  Reply reply;
  reply.answer = Answer{Outcome::refused, "SES takes domain names as A-labels, like example.com"};
  co_return reply;
}

asio::awaitable<SesApi::Reply> SesApi::ask(Call call) {
  Reply reply;
  if (auto hindrance = co_await await_turn()) {
    reply.answer = Answer{Outcome::unreachable, *std::move(hindrance)};
    co_return reply;
  }
  const std::string_view action = call.action;
  HttpRequest asked = request(std::move(call));
  Scope scope{account_.region, "ses"};
  auto response = co_await send_signed(http_, credentials_, std::move(scope), std::move(asked));
  if (response) {
    reply.answer = classify(action, response->status, response->error_type, response->body);
    reply.body = std::move(response->body);
    if (response->date)
      reply.clock_ahead = std::chrono::round<std::chrono::seconds>(clock_.now() - *response->date);
  } else {
    reply.answer = Answer{Outcome::unreachable, response.error().sentence()};
  }
  co_return reply;
}

asio::awaitable<std::optional<std::string>> SesApi::await_turn() {
  const auto wait = turns_.take(clock_.monotonic());
  if (!wait) co_return "Many calls wait for SES's API, which takes one a second: ask again later";
  asio::steady_timer timer(co_await asio::this_coro::executor, *wait);
  waiting_.insert(&timer);
  co_await timer.async_wait(net::tup);
  waiting_.erase(&timer);
  if (closed_) co_return "SES was not asked: the relay is stopping";
  co_return std::nullopt;
}

HttpRequest SesApi::request(Call call) const {
  HttpRequest asked;
  asked.method = std::move(call.method);
  asked.url = account_.endpoint + call.path;
  asked.headers = {"Content-Type: application/json"};
  asked.body = std::move(call.body);
  return asked;
}

void SesApi::close() {
  closed_ = true;
  for (asio::steady_timer* timer : waiting_) timer->cancel();
}

}  // namespace aws
