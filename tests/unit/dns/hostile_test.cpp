// The resolver before servers that fail, lie, are silent or go away.
#include "relay/domains/dns/unbound_resolver.hpp"

#include "scripted_server.hpp"

#include <doctest/doctest.h>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using domains::UnboundOptions;
using domains::UnboundResolver;
using packet::Octets;
using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;
using Over = ScriptedServer::Over;
using Replies = std::vector<Octets>;

namespace {

constexpr auto scheduling = 3s;  ///< what a busy machine may add; libunbound alone would take 17 s

Octets found(const Octets& query) {
  const Octets owner = packet::name(packet::asked(query));
  return packet::reply(query, packet::response, {packet::record(owner, 1, {192, 0, 2, 7})});
}

Replies truth(const Octets& query, Over) { return {found(query)}; }

boost::asio::awaitable<bool> waited(boost::asio::steady_timer& timer) {
  const auto [failed] = co_await timer.async_wait(net::tup);
  co_return !failed;
}

/// The resolver before one scripted server.
struct Alone {
  explicit Alone(ScriptedServer::Script script, std::chrono::milliseconds timeout = 10s)
      : server(context, std::move(script)) {
    options.servers = {server.endpoint()};
    options.timeout = timeout;
  }

  boost::asio::io_context context;
  ScriptedServer server;
  UnboundOptions options;
  std::unique_ptr<UnboundResolver> resolver;

  UnboundResolver& made() {
    if (!resolver) resolver = UnboundResolver::make(context.get_executor(), options).value();
    return *resolver;
  }
  boost::asio::awaitable<DnsAnswer> question(const std::string& name) {
    return made().resolve({.name = name, .type = RecordType::a});
  }
  DnsAnswer ask(const std::string& name) { return answer_of(context, question(name)); }
};

}  // namespace

TEST_CASE("a server that says nothing costs the timeout, and not the 17 s of libunbound") {
  Alone alone(silence(), 300ms);
  const auto began = std::chrono::steady_clock::now();
  const DnsAnswer answer = alone.ask("a.test");
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(answer.outcome == DnsOutcome::failed);
  CHECK(answer.why == "no answer in 300 ms");
  CHECK(took >= 300ms);
  CHECK(took < 300ms + scheduling);
  CHECK(!alone.server.queries().empty());
}

TEST_CASE("what a bad server sends is a failure of DNS and never a verdict") {
  struct Row {
    std::string what;
    ScriptedServer::Script script;
    std::string why;
  };
  const Row rows[] = {
      {"SERVFAIL", saying({}, packet::response | packet::servfail), "SERVFAIL"},
      {"REFUSED", saying({}, packet::response | packet::refused), "SERVFAIL"},
      {"NOTIMP", saying({}, packet::response | packet::notimp), "SERVFAIL"},
      {"garbage",
       [](const Octets&, Over) { return Replies{Octets(100, 0xC0)}; },
       "no answer in 1 s"},
      {"an empty datagram",
       [](const Octets&, Over) { return Replies{Octets{}}; },
       "no answer in 1 s"},
      {"another id",
       [](const Octets& query, Over) {
         Octets reply = found(query);
         reply[0] = static_cast<std::uint8_t>(reply[0] ^ 1U);
         return Replies{reply};
       },
       "no answer in 1 s"},
      {"a cut message",
       [](const Octets& query, Over) {
         Octets reply = found(query);
         reply.resize(reply.size() - 3);
         return Replies{reply};
       },
       ""},
      {"a circle of CNAMEs",
       saying({packet::record(packet::name("a.test"), 5, packet::name("b.test")),
               packet::record(packet::name("b.test"), 5, packet::name("a.test"))},
              packet::response),
       ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Alone alone(row.script, 1s);
    const DnsAnswer answer = alone.ask("a.test");
    CHECK(answer.outcome == DnsOutcome::failed);
    CHECK(!answer.why.empty());
    if (!row.why.empty()) CHECK(answer.why == row.why);
  }
}

TEST_CASE("a truncated answer is fetched over TCP, however large") {
  const std::string text(250, 'x');
  const auto script = [&text](const Octets& query, Over over) {
    if (over == Over::udp) return Replies{packet::reply(query, packet::truncated)};
    const Octets strings = packet::strings(std::vector<std::string>(240, text));
    return Replies{packet::reply(
        query, packet::response, {packet::record(packet::name("a.test"), 16, strings)})};
  };
  Alone alone(script);
  const DnsAnswer answer =
      answer_of(alone.context, alone.made().resolve({.name = "a.test", .type = RecordType::txt}));
  REQUIRE(answer.records.size() == 1);
  CHECK(answer.records[0].text.size() == 240 * text.size());
  CHECK(answer.records[0].strings.size() == 240);
}

TEST_CASE(
    "libunbound answers nothing by itself: test, localhost and private reverse zones are asked") {
  const std::string loopback_v6 =
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa";
  const std::vector<std::string> names{"a.test",
                                       "a.invalid",
                                       "a.localhost",
                                       "localhost",
                                       "a.onion",
                                       "a.home.arpa",
                                       "a.local",
                                       "a.example",
                                       "1.0.0.127.in-addr.arpa",
                                       "1.0.0.10.in-addr.arpa",
                                       "1.2.168.192.in-addr.arpa",
                                       "1.0.16.172.in-addr.arpa",
                                       "1.2.0.192.in-addr.arpa",
                                       "1.0.254.169.in-addr.arpa",
                                       "1.0.0.0.in-addr.arpa",
                                       "255.255.255.255.in-addr.arpa",
                                       "1.0.64.100.in-addr.arpa",
                                       loopback_v6,
                                       "0" + loopback_v6.substr(1),
                                       "1.0.d.f.ip6.arpa",
                                       "1.8.e.f.ip6.arpa",
                                       "8.b.d.0.1.0.0.2.ip6.arpa",
                                       "a.ipv4only.arpa"};
  Alone alone(truth);
  for (const std::string& name : names) {
    CAPTURE(name);
    const DnsAnswer answer = alone.ask(name);
    CHECK(answer.outcome == DnsOutcome::found);
    CHECK(std::ranges::any_of(alone.server.queries(), [&name](const Octets& query) {
      return packet::asked(query) == name;
    }));
  }
}

TEST_CASE("without dnssec the servers are left to validate for themselves") {
  Alone alone(truth);
  CHECK(alone.ask("a.test").outcome == DnsOutcome::found);
  constexpr std::uint8_t checking_disabled = 0x10;
  CHECK((alone.server.queries().front()[3] & checking_disabled) == 0);
}

TEST_CASE("questions beyond the bound wait for a place, and beyond theirs fail at once") {
  Alone alone(silence());
  alone.options.most_under_way = 2;
  alone.options.most_waiting = 2;
  std::vector<std::optional<DnsAnswer>> answers(5);
  for (std::size_t i = 0; i < answers.size(); ++i)
    begin(alone.context, alone.question("n" + std::to_string(i) + ".test"), answers[i]);
  const auto asked = [&alone](const std::string& name) {
    return std::ranges::any_of(alone.server.queries(), [&name](const Octets& query) {
      return packet::asked(query) == name;
    });
  };
  run_until(alone.context, [&] { return answers[4] && asked("n0.test") && asked("n1.test"); });
  CHECK(answers[4]->why == "too many questions wait already");
  CHECK(!asked("n2.test"));
  alone.server.become(truth);
  run_until(alone.context, [&] {
    return std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); });
  });
  for (std::size_t i = 0; i < 4; ++i) CHECK(answers[i]->outcome == DnsOutcome::found);
}

TEST_CASE("who waits for a place waits no longer than the timeout") {
  Alone alone(silence(), 300ms);
  alone.options.most_under_way = 1;
  std::vector<std::optional<DnsAnswer>> answers(3);
  const auto began = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < answers.size(); ++i)
    begin(alone.context, alone.question("n" + std::to_string(i) + ".test"), answers[i]);
  run_until(alone.context, [&] {
    return std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); });
  });
  CHECK(std::chrono::steady_clock::now() - began < 300ms + scheduling);
  for (const auto& answer : answers) CHECK(answer->why == "no answer in 300 ms");
}

// Run by its own entry of ctest: libunbound gives up on a silent server after 25 s only, and would
// then leave it alone for 20 s more.
TEST_CASE("soon after a long outage questions are answered again" * doctest::skip()) {
  Alone alone(silence(), 500ms);
  for (int i = 0; i < 70; ++i)
    CHECK(alone.ask("n" + std::to_string(i) + ".test").outcome == DnsOutcome::failed);
  alone.server.become(truth);
  const auto back = std::chrono::steady_clock::now();
  boost::asio::steady_timer pause(alone.context);
  for (int i = 0; alone.ask("again" + std::to_string(i) + ".test").outcome != DnsOutcome::found;
       ++i) {
    REQUIRE(std::chrono::steady_clock::now() - back < 10s);
    pause.expires_after(100ms);
    answer_of(alone.context, waited(pause));
  }
}

TEST_CASE("of two servers one may be silent") {
  Alone alone(silence());
  ScriptedServer other(alone.context, truth);
  alone.options.servers.push_back(other.endpoint());
  for (int i = 0; i < 10; ++i)
    CHECK(alone.ask("n" + std::to_string(i) + ".test").outcome == DnsOutcome::found);
}

TEST_CASE("a resolver that goes answers what is under way or waits, and asks no more") {
  Alone alone(silence());
  alone.options.most_under_way = 2;
  std::vector<std::optional<DnsAnswer>> answers(4);
  for (std::size_t i = 0; i < answers.size(); ++i)
    begin(alone.context, alone.question("n" + std::to_string(i) + ".test"), answers[i]);
  auto late = alone.question("late.test");
  run_until(alone.context, [&] { return !alone.server.queries().empty(); });
  alone.resolver.reset();
  run_until(alone.context, [&] {
    return std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); });
  });
  for (const auto& answer : answers) {
    CHECK(answer->outcome == DnsOutcome::failed);
    CHECK(answer->why == "the relay is stopping");
  }
  CHECK(answer_of(alone.context, std::move(late)).why == "the relay is stopping");
}

TEST_CASE("a context that goes takes the questions with it") {
  std::optional<DnsAnswer> answer;
  {
    Alone alone(silence());
    begin(alone.context, alone.question("a.test"), answer);
    run_until(alone.context, [&] { return !alone.server.queries().empty(); });
  }
  CHECK(!answer);
}

TEST_CASE("an answer that comes after its question ended reaches nobody") {
  Alone alone(silence(), 200ms);
  CHECK(alone.ask("a.test").why == "no answer in 200 ms");
  alone.server.become(truth);
  alone.options.timeout = 10s;
  for (int i = 0; i < 3; ++i) alone.ask("b" + std::to_string(i) + ".test");
  CHECK(alone.server.queries().size() >= 2);
}
