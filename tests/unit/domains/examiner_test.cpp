#include "relay/domains/examiner.hpp"

#include "policy/record_plan.hpp"
#include "tests/unit/dkim/rfc_keys.hpp"
#include "tests/unit/domains/scripted_resolver.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>

using domains::Domain;
using domains::Round;
using domains::test::failed;
using domains::test::found;
using domains::test::missing;
using policy::CheckResult;
using policy::DnsQuestion;
using policy::DomainCheck;
using policy::RecordType;

namespace {

const DnsQuestion challenge_question{"_postern-challenge.example.com", RecordType::txt};
const DnsQuestion key_question{"p1._domainkey.example.com", RecordType::txt};
const DnsQuestion next_key_question{"p2._domainkey.example.com", RecordType::txt};

Domain example() {
  Domain domain;
  domain.name = "example.com";
  domain.owner = "operator";
  domain.challenge = "postern-challenge=aaaabbbbccccddddaaaabbbbccccdddd";
  domain.mail_from = "bounce.example.com";
  dkim::KeyState key;
  key.selector = "p1";
  key.id = "the first";
  key.stage = dkim::KeyStage::active;
  key.confirmed = true;
  domain.ring = {key};
  domain.public_records = {{"p1", std::string(dkim::test::rfc8463_record)}};
  return domain;
}

/// The domain with a second key, on its way in.
Domain rotating() {
  Domain domain = example();
  dkim::KeyState next;
  next.selector = "p2";
  next.id = "the second";
  domain.ring.push_back(next);
  domain.public_records.emplace("p2", std::string(dkim::test::rfc6376_record));
  return domain;
}

/// Everything that the examiner asks, answered by the test; at first all is as it should be.
struct Bench {
  explicit Bench(const Domain& domain = example()) {
    resolver.publish(policy::wanted_records(domains::setup_of(domain, region, report_address), {}));
    identity.result = CheckResult::good;
  }
  Round examine(const Domain& domain, bool thorough = false) {
    domains::Examiner examiner({
        context.get_executor(),
        resolver,
        [this](std::string_view what) { thrown = what; },
        [this](std::string name) -> net::asio::awaitable<policy::SpfVerdict> {
          spf_asked.push_back(name);
          co_return spf.contains(name) ? spf.at(name)
                                       : policy::SpfVerdict{policy::SpfResult::pass, ""};
        },
        [this](const Domain&) -> net::asio::awaitable<domains::SesIdentity> { co_return identity; },
        [](const std::string&, const std::string& selector, const std::string& record)
            -> mail::Result<dkim::KeyTest> {
          const auto& expected =
              selector == "p1" ? dkim::test::rfc8463_record : dkim::test::rfc6376_record;
          if (record == "v=DKIM1; p=untestable") return mail::failure("no memory");
          return dkim::KeyTest{
              record == expected ? dkim::KeyMatch::same : dkim::KeyMatch::other_key, "", {}};
        },
        region,
        report_address,
    });
    std::optional<Round> round;
    net::spawn(
        context.get_executor(),
        [&]() -> net::asio::awaitable<void> {
          round.emplace(co_await examiner.examine(domain, asked::noon, thorough));
        },
        [this](std::string_view what) { thrown = what; },
        [] {});
    context.restart();
    context.run();
    if (!round) throw std::runtime_error("no round: " + thrown);
    return *round;
  }

  net::asio::io_context context{1};
  domains::test::ScriptedResolver resolver{context.get_executor()};
  std::string region = "eu-west-1", report_address = "dmarc@example.com";
  std::map<std::string, policy::SpfVerdict> spf;
  std::vector<std::string> spf_asked;
  domains::SesIdentity identity;
  std::string thrown;
};

CheckResult result(const Round& round, DomainCheck check) {
  return round.examination.results.at(static_cast<std::size_t>(check));
}

/// The edit that a check's first diagnosis prints; empty if it has none.
std::string edit(const Round& round, DomainCheck check) {
  const auto& all = round.examination.diagnoses;
  const auto first = std::ranges::find(all, check, &policy::Diagnosis::check);
  return first == all.end() ? "" : first->edit;
}

}  // namespace

TEST_SUITE_BEGIN("relay/domains/examiner");

TEST_CASE("records that stand as they are shown are good, and no authority is asked") {
  Bench bench;
  const Round round = bench.examine(example());
  for (std::size_t i = 0; i < policy::domain_checks; ++i) {
    CAPTURE(policy::word(static_cast<DomainCheck>(i)));
    CHECK(round.examination.results.at(i) == CheckResult::good);
  }
  CHECK(round.domain == "example.com");
  CHECK(round.at == asked::noon);
  CHECK(round.keys.at("p1").seen == dkim::Seen::same);
  CHECK_FALSE(round.keys.at("p1").authoritative);
  CHECK(round.keys.at("p1").ttl == std::chrono::seconds(300));
  CHECK(round.records.size() == 6);
  CHECK(bench.resolver.asked_further.empty());
}

TEST_CASE("a resolver that is stale is overruled by the zone's own servers") {
  for (const DnsQuestion& stale : {challenge_question, key_question}) {
    CAPTURE(stale.name);
    Bench bench;
    const auto right = bench.resolver.answers.at(stale);
    bench.resolver.answers[stale] = missing();
    bench.resolver.authorities[stale] = {failed(), right, right};
    const Round round = bench.examine(example());
    CHECK(result(round, DomainCheck::ownership) == CheckResult::good);
    CHECK(result(round, DomainCheck::dkim) == CheckResult::good);
  }
}

TEST_CASE("a record that the resolver alone says is missing is missing") {
  for (const bool servers_fail : {false, true}) {
    CAPTURE(servers_fail);
    Bench bench;
    bench.resolver.answers.erase(key_question);
    if (servers_fail) bench.resolver.authorities[key_question] = {failed(), failed()};
    const Round round = bench.examine(example());
    CHECK(bench.resolver.asked_further.contains(key_question.name));
    CHECK(result(round, DomainCheck::dkim) == CheckResult::bad);
    CHECK(edit(round, DomainCheck::dkim).find(key_question.name) != std::string::npos);
    CHECK(round.keys.at("p1").seen == dkim::Seen::absent);
    CHECK_FALSE(round.keys.at("p1").authoritative);  // which takes no key out of use
  }
}

TEST_CASE("servers that differ are no verdict") {
  Bench bench;
  const auto right = bench.resolver.answers.at(key_question);
  bench.resolver.answers[key_question] = missing();
  bench.resolver.authorities[key_question] = {right, missing()};
  const Round round = bench.examine(example());
  CHECK(result(round, DomainCheck::dkim) == CheckResult::silent);
  CHECK(round.keys.at("p1").seen == dkim::Seen::mixed);
  CHECK(round.keys.at("p1").authoritative);
  CHECK(round.keys.at("p1").complete);
}

TEST_CASE("what DNS does not answer is silent and no verdict") {
  Bench bench;
  for (auto& [question, answer] : bench.resolver.answers) answer = failed();
  bench.identity.result = CheckResult::silent;
  const Round round = bench.examine(example(), true);
  for (const auto check : {DomainCheck::ownership,
                           DomainCheck::dkim,
                           DomainCheck::identity,
                           DomainCheck::mail_from,
                           DomainCheck::dmarc}) {
    CAPTURE(policy::word(check));
    CHECK(result(round, check) == CheckResult::silent);
  }
  CHECK(round.keys.at("p1").seen == dkim::Seen::unknown);
  CHECK_FALSE(round.dmarc.at("example.com").known);
}

TEST_CASE("a resolver that throws is told of, and its question is silent") {
  Bench bench;
  bench.resolver.throws_at = key_question.name;
  const Round round = bench.examine(example());
  CHECK(bench.thrown == "thrown at " + key_question.name);
  CHECK(result(round, DomainCheck::dkim) == CheckResult::silent);
  CHECK(result(round, DomainCheck::ownership) == CheckResult::good);
}

TEST_CASE("what is looked at of a key") {
  struct Row {
    const char* what;
    policy::DnsAnswer resolver;
    std::vector<policy::DnsAnswer> authorities;
    dkim::Seen seen;
    bool authoritative, complete;
    std::chrono::seconds ttl;
  };
  using enum dkim::Seen;
  using std::chrono::seconds;
  const std::string right(dkim::test::rfc8463_record);
  const std::string wrong = "v=DKIM1; p=AAAA";
  const auto no_data = [] {
    auto answer = missing();
    answer.outcome = policy::DnsOutcome::no_data;
    return answer;
  };
  const std::vector<Row> rows{
      {"the key", found({right}, 60), {}, same, false, false, seconds(60)},
      {"another key", found({wrong}), {found({wrong}, 20)}, other, true, true, seconds(20)},
      {"servers alone",
       failed(),
       {found({right}, 20), found({right}, 40)},
       same,
       true,
       true,
       seconds(40)},
      {"one is away", missing(), {found({right}), failed()}, same, true, false, seconds(300)},
      {"one has not got it",
       missing(),
       {found({right}), no_data()},
       mixed,
       true,
       true,
       seconds(300)},
      {"gone", missing(), {missing(), no_data()}, absent, true, true, seconds(0)},
      {"two records",
       found({right, wrong}),
       {found({right, wrong})},
       unknown,
       true,
       false,
       seconds(300)},
      {"a test that fails",
       found({"v=DKIM1; p=untestable"}),
       {},
       unknown,
       false,
       false,
       seconds(300)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Bench bench;
    bench.resolver.answers[key_question] = row.resolver;
    if (!row.authorities.empty()) bench.resolver.authorities[key_question] = row.authorities;
    const Round round = bench.examine(example(), true);
    const dkim::Observation& look = round.keys.at("p1");
    CHECK(look.seen == row.seen);
    CHECK(look.authoritative == row.authoritative);
    CHECK(look.complete == row.complete);
    CHECK(look.ttl == row.ttl);
  }
}

TEST_CASE("keys on their way, unconfirmed ones and a thorough look go to the zone's servers") {
  struct Row {
    const char* what;
    Domain domain;
    bool thorough;
    std::set<std::string> asked;
  };
  Domain unconfirmed = example();
  unconfirmed.ring[0].contradictions = 2;
  const std::vector<Row> rows{
      {"a key that signs", example(), false, {}},
      {"the next key", rotating(), false, {next_key_question.name}},
      {"a contradicted key", unconfirmed, false, {key_question.name}},
      {"a thorough look", example(), true, {challenge_question.name, key_question.name}},
      {"a thorough look at two keys",
       rotating(),
       true,
       {challenge_question.name, key_question.name, next_key_question.name}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Bench bench(row.domain);
    bench.examine(row.domain, row.thorough);
    CHECK(bench.resolver.asked_further == row.asked);
  }
}

TEST_CASE("what SPF and SES say is in the round") {
  Bench bench;
  bench.spf["example.com"] = {policy::SpfResult::fail, "54.240.1.1 is not in it"};
  bench.spf["bounce.example.com"] = {policy::SpfResult::perm_error, "two records"};
  bench.identity.result = CheckResult::bad;
  bench.identity.why = "SES has not verified the domain yet";
  bench.identity.source = "api";
  const Round round = bench.examine(example());
  CHECK(result(round, DomainCheck::spf) == CheckResult::bad);
  CHECK(result(round, DomainCheck::mail_from) == CheckResult::bad);
  CHECK(result(round, DomainCheck::identity) == CheckResult::bad);
  CHECK(edit(round, DomainCheck::identity) != "");
  CHECK(round.identity.source == "api");
  CHECK(bench.spf_asked == std::vector<std::string>{"example.com", "bounce.example.com"});
}

TEST_CASE("where the upstream is not SES nobody is asked about SPF") {
  Bench bench;
  bench.region.clear();
  bench.identity = {};
  const Round round = bench.examine(example());
  CHECK(bench.spf_asked.empty());
  CHECK(result(round, DomainCheck::identity) == CheckResult::unknown);
  CHECK(result(round, DomainCheck::dkim) == CheckResult::good);
}

TEST_CASE("DMARC is looked for at the domain and at its organizational domain") {
  struct Row {
    const char* what;
    policy::DnsAnswer own, parent;
    bool known, inherited;
    std::optional<policy::DmarcPolicy> policy;
  };
  const auto reject = found({"v=DMARC1; p=reject"});
  const auto quarantine = found({"v=DMARC1; p=quarantine"});
  const std::vector<Row> rows{
      {"its own", reject, quarantine, true, false, policy::DmarcPolicy::reject},
      {"its parent's", missing(), quarantine, true, true, policy::DmarcPolicy::quarantine},
      {"none", missing(), missing(), true, false, std::nullopt},
      {"not known", failed(), quarantine, false, false, std::nullopt},
      {"its parent's is not known", missing(), failed(), false, false, std::nullopt},
  };
  Domain shop = example();
  shop.name = "shop.example.com";
  shop.mail_from.clear();
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Bench bench(shop);
    bench.resolver.answers[{"_dmarc.shop.example.com", RecordType::txt}] = row.own;
    bench.resolver.answers[{"_dmarc.example.com", RecordType::txt}] = row.parent;
    const Round round = bench.examine(shop);
    const policy::DmarcFacts& facts = round.dmarc.at("shop.example.com");
    CHECK(facts.known == row.known);
    CHECK(facts.inherited == row.inherited);
    REQUIRE(facts.record.has_value() == row.policy.has_value());
    if (row.policy) CHECK(facts.record->policy == *row.policy);
  }
}
