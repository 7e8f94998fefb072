#include "relay/domains/dmarc_inquiry.hpp"

#include "policy/evaluate.hpp"
#include "tests/unit/domains/scripted_resolver.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using domains::test::failed;
using domains::test::found;
using domains::test::missing;
using policy::DnsAnswer;
using policy::DnsQuestion;
using policy::RecordType;
using namespace std::chrono_literals;

namespace {

const DnsQuestion bounce_mx{"bounce.example.com", RecordType::mx};
const DnsQuestion bounce_spf{"bounce.example.com", RecordType::txt};

DnsQuestion dmarc_of(const std::string& domain) { return {"_dmarc." + domain, RecordType::txt}; }

/// Answers after a while, or never; what it does not know is absent.
class SlowResolver final : public domains::Resolver {
 public:
  boost::asio::awaitable<DnsAnswer> resolve(DnsQuestion question) override {
    asked.push_back(question.name);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    timer.expires_after(delay);
    if (delay > 0ms) co_await timer.async_wait(net::tup);
    if (question.name == throws_at) throw std::runtime_error("thrown");
    const auto known = answers.find(question);
    co_return known == answers.end() ? missing() : known->second;
  }
  boost::asio::awaitable<std::vector<DnsAnswer>> ask_authorities(DnsQuestion) override {
    FAIL("nobody asks the authorities");
    co_return std::vector<DnsAnswer>();
  }

  std::map<DnsQuestion, DnsAnswer> answers;
  std::vector<std::string> asked;
  std::string throws_at;
  std::chrono::milliseconds delay{0};
};

constexpr auto forever = 24h;

struct Bench {
  boost::asio::io_context context;
  SlowResolver resolver;
  std::vector<config::Domain> configured{
      {.name = "example.com", .subdomains = true, .mail_from = "bounce.example.com"},
      {.name = "vouched.example", .subdomains = true, .trusted = true}};
  std::string region = "eu-central-1";
  std::chrono::milliseconds patience = 1min;
  std::optional<domains::DmarcInquiry> inquiry;

  Bench() {
    resolver.answers[bounce_mx] = found({"10 feedback-smtp.eu-central-1.amazonses.com"});
    resolver.answers[bounce_spf] = found({"v=spf1 include:amazonses.com ~all"});
  }

  policy::AppFacts learned(const std::vector<std::string>& from) {
    if (!inquiry) inquiry.emplace(context, resolver, configured, region, patience);
    policy::AppFacts app;
    for (const config::Domain& domain : configured)
      app.domains.push_back({.name = domain.name, .subdomains = domain.subdomains});
    inquiry->learn(app, summary_of(from));
    return app;
  }
  static policy::Summary summary_of(const std::vector<std::string>& from) {
    policy::Summary summary;
    for (const std::string& domain : from) summary.from.push_back({"a", domain});
    return summary;
  }
  /// "refuse", or how it aligns.
  std::string sight(const std::string& from) {
    const policy::AppFacts app = learned({from});
    if (const auto refusal = policy::judge_message(app, summary_of({from})))
      return "refuse " + std::string(policy::word(refusal->reason));
    const auto judgement = policy::dmarc_sight(app, summary_of({from}));
    if (!judgement) return "unknown";
    return (judgement->published ? std::string(policy::word(judgement->policy)) : "no record") +
           (judgement->by_dkim ? " dkim" : "") + (judgement->by_spf ? " spf" : "");
  }
};

}  // namespace

TEST_CASE("an inquiry learns what decides, for names that DNS verifies") {
  const std::string strict = "v=DMARC1; p=reject; adkim=s; aspf=s";
  struct Row {
    std::string from;
    std::vector<std::pair<DnsQuestion, DnsAnswer>> answers;
    std::string sight;
  };
  const std::vector<Row> rows{
      {"example.com", {}, "no record dkim spf"},
      {"example.com", {{dmarc_of("example.com"), found({strict})}}, "reject dkim"},
      {"news.example.com", {{dmarc_of("example.com"), found({strict})}}, "refuse dmarc"},
      {"news.example.com",
       {{dmarc_of("example.com"), found({"v=DMARC1; p=reject; adkim=s"})}},
       "reject spf"},
      {"news.example.com",
       {{dmarc_of("example.com"), found({"v=DMARC1; p=reject; adkim=s; sp=none"})}},
       "none spf"},
      {"news.example.com",
       {{dmarc_of("news.example.com"), found({"v=DMARC1; p=none; adkim=s; aspf=s"})},
        {dmarc_of("example.com"), found({strict})}},
       "none"},
      {"news.example.com",
       {{dmarc_of("example.com"), found({"v=DMARC1; p=quarantine; adkim=s; aspf=s"})}},
       "quarantine"},
      // DNS itself fails
      {"example.com", {{dmarc_of("example.com"), failed()}}, "unknown"},
      {"news.example.com", {{dmarc_of("example.com"), failed()}}, "unknown"},
      {"news.example.com",
       {{dmarc_of("news.example.com"), failed()}, {dmarc_of("example.com"), found({strict})}},
       "unknown"},
      // the MAIL FROM domain does not work, or nobody knows
      {"news.example.com",
       {{dmarc_of("example.com"), found({"v=DMARC1; p=reject; adkim=s"})}, {bounce_mx, missing()}},
       "refuse dmarc"},
      {"news.example.com",
       {{dmarc_of("example.com"), found({"v=DMARC1; p=reject; adkim=s"})}, {bounce_spf, missing()}},
       "refuse dmarc"},
      {"news.example.com",
       {{dmarc_of("example.com"), found({"v=DMARC1; p=reject; adkim=s"})}, {bounce_mx, failed()}},
       "reject spf"},
      // nothing to ask
      {"vouched.example", {{dmarc_of("vouched.example"), found({strict})}}, "unknown"},
      {"news.vouched.example", {{dmarc_of("vouched.example"), found({strict})}}, "unknown"},
      {"other.example", {{dmarc_of("other.example"), found({strict})}}, "refuse from-domain"},
  };
  for (const Row& row : rows) {
    Bench bench;
    for (const auto& [question, answer] : row.answers) {
      CAPTURE(question.name);
      bench.resolver.answers[question] = answer;
    }
    CAPTURE(row.from);
    CHECK(bench.sight(row.from) == row.sight);
    CHECK(bench.resolver.asked.empty() == !row.from.ends_with("example.com"));
  }
}

TEST_CASE("where the upstream is not SES no MAIL FROM domain aligns, and none is asked about") {
  Bench bench;
  bench.region.clear();
  CHECK(bench.sight("example.com") == "no record dkim");
  CHECK(bench.resolver.asked == std::vector<std::string>{"_dmarc.example.com"});
}

TEST_CASE("each name is asked about once, however many messages have it") {
  Bench bench;
  for (int i = 0; i < 100; ++i) {
    CHECK(bench.sight("news.example.com") == "no record dkim spf");
    CHECK(bench.sight("example.com") == "no record dkim spf");
  }
  CHECK(bench.resolver.asked == std::vector<std::string>{"_dmarc.news.example.com",
                                                         "_dmarc.example.com",
                                                         "bounce.example.com",
                                                         "bounce.example.com"});
}

TEST_CASE("each From mailbox is asked about") {
  Bench bench;
  bench.resolver.answers[dmarc_of("example.com")] = found({"v=DMARC1; p=reject; adkim=s; aspf=s"});
  const std::vector<std::string> both{"example.com", "news.example.com"};
  const auto refusal = policy::judge_message(bench.learned(both), Bench::summary_of(both));
  REQUIRE(refusal);
  CHECK(refusal->reason == policy::Reason::dmarc);
  CHECK(refusal->evidence == "news.example.com");
}

TEST_CASE("after one silence nobody is asked any more, and everything is accepted") {
  Bench bench;
  bench.resolver.delay = forever;
  bench.patience = 20ms;
  for (int i = 0; i < 5000; ++i)
    CHECK(bench.sight("n" + std::to_string(i) + ".example.com") == "unknown");
  CHECK(bench.resolver.asked == std::vector<std::string>{"_dmarc.n0.example.com"});
}

TEST_CASE("slow answers use patience up together") {
  Bench bench;
  bench.resolver.delay = 15ms;
  bench.patience = 40ms;
  for (int i = 0; i < 20; ++i)
    static_cast<void>(bench.sight("n" + std::to_string(i) + ".example.com"));
  CHECK(bench.resolver.asked.size() <= 3);
  CHECK(bench.sight("another.example.com") == "unknown");
}

TEST_CASE("a lookup that ends by an exception says nothing of the domain, nor of others") {
  Bench bench;
  bench.resolver.throws_at = "_dmarc.news.example.com";
  CHECK(bench.sight("news.example.com") == "unknown");
  CHECK(bench.sight("example.com") == "no record dkim spf");
}
