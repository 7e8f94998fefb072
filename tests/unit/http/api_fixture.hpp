#pragma once

#include "dkim/library.hpp"
#include "fake_store.hpp"
#include "policy/identity_steps.hpp"
#include "policy/record_plan.hpp"
#include "relay/config/config.hpp"
#include "relay/domains/registry.hpp"
#include "relay/http/routes.hpp"
#include "running_server.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct SystemTime final : net::Clock {
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::now();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::now();
  }
  [[nodiscard]] std::uint32_t random() override { return 4; }
};

/// What the API answered.
struct Answered {
  unsigned status = 0;
  std::string head, text;
  boost::json::object body;  ///< of JSON

  [[nodiscard]] std::string field(const std::string& name) const {
    const auto begin = head.find("\r\n" + name + ": ");
    if (begin == std::string::npos) return {};
    const auto value = begin + name.size() + 4;
    return head.substr(value, head.find("\r\n", value) - value);
  }
  [[nodiscard]] std::string error() const {
    const boost::json::value* sentence = body.if_contains("error");
    return sentence == nullptr ? std::string() : std::string(sentence->as_string());
  }
};

inline Answered answered(const std::string& response) {
  Answered answer;
  answer.status = static_cast<unsigned>(std::stoul(response.substr(9, 3)));
  answer.text = body_of(response);
  answer.head = response.substr(0, response.size() - answer.text.size());
  if (answer.field("Content-Type") == "application/json")
    answer.body = boost::json::parse(answer.text).as_object();
  return answer;
}

/// A relay's API over a real registry: a provisioned app `files` with the domain example.org that
/// the configuration vouches for, and whatever a test adds.
struct ApiFixture {
  static constexpr const char* admin = "the-admin-token";

  TemporaryFolder folder;
  FakeStore store;
  observe::Metrics metrics{"1.2.3"};
  dkim::Library library;
  SystemTime clock;
  RunningServer server;
  std::unique_ptr<domains::Registry> registry = opened();
  std::map<std::string, domains::Round> rounds;  ///< what the next verification finds
  std::optional<http::Submission> submission = http::Submission{"relay.example", 587, "starttls"};
  std::vector<std::string> asked_of_ses;  ///< to be taken off its list
  std::string ses_refuses;                ///< why it does not; empty: it does
  std::filesystem::path socket = folder / "admin.sock";
  http::Sources sources = sources_of();
  std::uint16_t port = server.listen(http::api_routes(sources));

  ApiFixture() { REQUIRE(server.listen(socket, http::admin_routes(sources)).has_value()); }
  ~ApiFixture() {
    server.stop();
    store.close();
  }
  ApiFixture(const ApiFixture&) = delete;
  ApiFixture& operator=(const ApiFixture&) = delete;

  Answered ask(const std::string& method,
               const std::string& target,
               const std::string& token,
               const std::string& body = {},
               const std::string& fields = {}) {
    return answered(Client(port).exchange(
        request_of(method,
                   target,
                   "Host: localhost\r\nAuthorization: Bearer " + token + "\r\n" + fields,
                   method == "POST" && body.empty() ? "{}" : body)));
  }
  Answered get_of(const std::string& target, const std::string& fields = {}) {
    return ask("GET", "/api/v1/" + target, admin, {}, fields);
  }
  Answered told(const std::string& target,
                const std::string& body = "{}",
                const std::string& fields = {}) {
    return ask("POST", "/api/v1/" + target, admin, body, fields);
  }
  Answered removed(const std::string& target, const std::string& fields = {}) {
    return ask("DELETE", "/api/v1/" + target, admin, {}, fields);
  }

  void add_app(const std::string& name) {
    REQUIRE(told("apps", R"({"name":")" + name + R"("})").status == 201);
  }
  void add_domain(const std::string& name, const std::string& app) {
    REQUIRE(told("domains",
                 R"({"algorithm":"ed25519","name":")" + name + R"(","app":")" + app + R"("})")
                .status == 201);
  }
  std::string token_of(const std::string& role, const std::string& app = {}) {
    const std::string named = app.empty() ? "" : R"(,"app":")" + app + "\"";
    const Answered made = told("tokens", R"({"role":")" + role + "\"" + named + "}");
    REQUIRE(made.status == 201);
    return std::string(made.body.at("secret").as_string());
  }
  /// What a round finds where all is as it should be.
  static domains::Round good_round(const std::string& domain) {
    domains::Round round;
    round.domain = domain;
    round.at = std::chrono::system_clock::now();
    round.examination.results.fill(policy::CheckResult::good);
    round.identity.result = policy::CheckResult::good;
    round.identity.source = "api";
    return round;
  }

  /// The same, with the domain's key at each authoritative server.
  domains::Round round_with_key(const std::string& domain) {
    domains::Round round = good_round(domain);
    const dkim::KeyState key = registry->catalog()->domains.at(domain)->ring.front();
    round.keys[key.selector] = {.seen = dkim::Seen::same, .authoritative = true, .complete = true};
    round.key_ids[key.selector] = key.id;
    return round;
  }

 private:
  std::unique_ptr<domains::Registry> opened() {
    config::Config settings;
    settings.data_dir = folder / "data";
    settings.domains = {{.name = "example.org",
                         .selector = "p1",
                         .algorithm = config::KeyAlgorithm::ed25519,
                         .trusted = true}};
    settings.apps = {{.name = "files", .domains = {"example.org"}}};
    settings.upstreams = {{.name = "ses"}, {.name = "second"}};
    auto key = keystore::MasterKey::generate();
    REQUIRE(key.has_value());
    auto made = domains::Registry::open(
        {.executor = server.executor(),
         .store = store,
         .library = library,
         .clock = clock,
         .master_key = std::make_shared<const keystore::MasterKey>(*std::move(key)),
         .changed = [] {}},
        settings,
        {});
    if (!made) FAIL(made.error().sentence());
    return std::move(*made);
  }

  http::Sources sources_of() {
    http::Sources made{.store = store, .metrics = metrics};
    made.troubles = [] { return std::vector<std::string>(); };
    made.refresh = [](observe::Metrics&) {};
    made.store_timeout = std::chrono::milliseconds(500);
    made.hold_expire = [] { return std::chrono::hours(336); };
    made.order = [this](spool::Order order, std::function<void(spool::Ordered)> done) {
      store.order(std::move(order), std::move(done));
    };
    made.registry = registry.get();
    made.authenticate = [this](std::string_view token) {
      if (token != admin) return registry->authenticate(token);
      domains::Caller caller;
      caller.who = "admin token";
      return std::optional(caller);
    };
    made.hosts = {"relay.example", "xn--bcher-kva.example"};
    made.verify_now = [this](std::string domain) { return verify(std::move(domain)); };
    made.records = [](const domains::Domain& domain) {
      return policy::wanted_records(domains::setup_of(domain, "eu-central-1", "d@example.org"), {});
    };
    made.console_steps = [](const domains::Domain& domain) {
      return policy::identity_steps(domains::setup_of(domain, "eu-central-1", ""));
    };
    made.now = [] { return spool::WallTime(std::chrono::seconds(1'800'000'000)); };
    made.suppress = [this](auto records, auto audit, std::function<void(bool)> done) {
      store.suppress(std::move(records), std::move(audit), std::move(done));
    };
    made.reputation = [] { return policy::ReputationRules(); };
    made.started_at = spool::WallTime(std::chrono::seconds(1'700'000'000));
    made.forget_at_ses = [this](std::string address) -> boost::asio::awaitable<mail::Result<void>> {
      asked_of_ses.push_back(std::move(address));
      if (!ses_refuses.empty()) co_return mail::failure(ses_refuses);
      co_return mail::Result<void>();
    };
    made.submission = [this] { return submission; };
    return made;
  }

  boost::asio::awaitable<mail::Result<void>> verify(std::string domain) {
    const auto round = rounds.find(domain);
    if (round == rounds.end()) co_return mail::failure("Too many look already.");
    co_await registry->record(round->second);
    co_return mail::Result<void>();
  }
};
