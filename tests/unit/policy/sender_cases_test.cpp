#include "policy/address.hpp"
#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using policy::DomainStatus;

namespace {

policy::DmarcFacts published(std::string_view text, bool inherited = false) {
  return {.known = true, .record = *policy::parse_dmarc(text), .inherited = inherited};
}

/// A domain that rejects what is not signed by exactly its name, or has a MAIL FROM of its own.
policy::SenderDomain strict_domain() {
  policy::SenderDomain domain{.name = "strict.example", .subdomains = true};
  domain.spf_domain = "bounce.strict.example";
  const char* strict = "v=DMARC1; p=reject; adkim=s; aspf=s";
  domain.dmarc["strict.example"] = published(strict);
  domain.dmarc["news.strict.example"] = published(strict, true);
  domain.dmarc["bounce.strict.example"] = published(strict, true);
  domain.dmarc["relaxed.strict.example"] = published("v=DMARC1; p=reject");
  domain.dmarc["spf.strict.example"] = published("v=DMARC1; p=reject; adkim=s");
  domain.dmarc["quarantine.strict.example"] = published("v=DMARC1; p=quarantine; adkim=s; aspf=s");
  domain.dmarc["none.strict.example"] = {.known = true, .record = {}, .inherited = false};
  domain.dmarc["silent.strict.example"] = {};
  return domain;
}

/// The app "shop" and its domains; all others are of other apps or of nobody.
policy::AppFacts shop() {
  policy::AppFacts app;
  app.name = "shop";
  app.domains = {
      {.name = "example.com"},
      {.name = "covered.example", .subdomains = true, .foreign = {"store.covered.example"}},
      {.name = "pending.example",
       .status = DomainStatus::pending,
       .trouble = "p1._domainkey.pending.example has no TXT record: publish the key."},
      {.name = "failed.example",
       .status = DomainStatus::failed,
       .trouble = "_postern-challenge.failed.example holds another value: copy it again"},
      {.name = "revoked.example",
       .status = DomainStatus::revoked,
       .trouble = "SES no longer verifies it: look at its identity there"},
      {.name = "warned.example",
       .status = DomainStatus::warning,
       .trouble = "p1._domainkey.warned.example is gone"},
      {.name = "xn--bcher-kva.example"},
      {.name = "rejecting.example"},
      strict_domain(),
  };
  app.domains[7].dmarc["rejecting.example"] = published("v=DMARC1; p=reject");
  return app;
}

struct Row {
  std::string text;
  std::string verdict;
  std::string words;  ///< that the sentence has
};

void check(const Row& row, const policy::Verdict& verdict) {
  CAPTURE(row.text);
  const std::string sentence = verdict ? verdict->sentence : "";
  CAPTURE(sentence);
  CHECK((verdict ? std::string(policy::word(verdict->reason)) : "accept") == row.verdict);
  CHECK(sentence.find(row.words) != std::string::npos);
  if (verdict) CHECK(policy::reply_to(*verdict, "20260102-12345").wire().size() < 300);
}

const std::string not_ours =
    " may not be used as sender by shop. Use an address at example.com or ";

}  // namespace

TEST_CASE("a reverse-path gets the verdict of this table") {
  const std::vector<Row> rows{
      {"noreply@example.com", "accept", ""},
      {"NoReply@EXAMPLE.Com", "accept", ""},
      {"bounces+17=alice=other.example@example.com", "accept", ""},
      {"alice%other.example@example.com", "accept", ""},
      {"alice!other.example@example.com", "accept", ""},
      {"\"alice@other.example\"@example.com", "accept", ""},
      {"alice@other.example", "sender-domain", "alice@other.example" + not_ours},
      {"alice@OTHER.example", "sender-domain", "alice@other.example" + not_ours},
      {"\"alice@example.com\"@other.example", "sender-domain", not_ours},
      {"alice@notexample.com", "sender-domain", "alice@notexample.com" + not_ours},
      {"alice@example.com.other.example", "sender-domain", not_ours},
      {"alice@com", "sender-domain", not_ours},
      // sub-domains
      {"alice@mail.example.com", "sender-domain", "alice@mail.example.com" + not_ours},
      {"alice@www.MAIL.example.com", "sender-domain", not_ours},
      {"alice@mail.covered.example", "accept", ""},
      {"alice@a.b.c.covered.example", "accept", ""},
      {"alice@store.covered.example", "sender-domain", "alice@store.covered.example" + not_ours},
      {"alice@STORE.covered.example", "sender-domain", not_ours},
      {"alice@a.store.covered.example", "sender-domain", not_ours},
      {"alice@mystore.covered.example", "accept", ""},
      {"alice@notcovered.example", "sender-domain", not_ours},
      // domains that do not stand well
      {"alice@pending.example",
       "sender-domain",
       "the domain pending.example is not verified yet. p1._domainkey.pending.example has no TXT "
       "record: publish the key"},
      {"alice@Pending.Example", "sender-domain", "pending.example is not verified yet"},
      {"alice@mail.pending.example", "sender-domain", not_ours},
      {"alice@failed.example",
       "sender-domain",
       "was not verified in time. _postern-challenge.failed.example holds another value"},
      {"alice@revoked.example",
       "sender-domain",
       "is no longer verified. SES no longer verifies it: look at its identity there"},
      {"alice@warned.example", "accept", ""},
      // look-alikes
      {"alice@ex\xD0\xB0mple.com", "sender-domain", "alice@xn--exmple-4nf.com" + not_ours},
      {"alice@xn--exmple-4nf.com", "sender-domain", "alice@xn--exmple-4nf.com" + not_ours},
      {"alice@XN--EXMPLE-4NF.com", "sender-domain", "alice@xn--exmple-4nf.com" + not_ours},
      {"alice@examp1e.com", "sender-domain", "alice@examp1e.com" + not_ours},
      {"alice@exam\xE2\x80\x8Bple.com", "sender-domain", "is not a valid sender"},
      {"alice@exam\xC2\xADple.com", "sender-domain", "is not a valid sender"},
      {"alice@\xEF\xBD\x85xample.com", "sender-domain", "is not a valid sender"},
      {"alice@example\xE3\x80\x82"
       "com",
       "sender-domain",
       "is not a valid sender"},
      // both forms of an internationalised name
      {"alice@b\xC3\xBC"
       "cher.example",
       "accept",
       ""},
      {"alice@bu\xCC\x88"
       "cher.example",
       "accept",
       ""},
      {"alice@xn--bcher-kva.example", "accept", ""},
      {"alice@Xn--Bcher-KVA.example", "accept", ""},
      {"alice@B\xC3\x9C"
       "CHER.example",
       "accept",
       ""},
      {"alice@Bu\xCC\x88"
       "CHER.Example",
       "accept",
       ""},
      {"alice@B\xC3\x99"
       "CHER.example",
       "sender-domain",
       "alice@xn--bcher-1ua.example"},
      {"alice@b\xC3\xB9"
       "cher.example",
       "sender-domain",
       "alice@xn--bcher-1ua.example"},
      {"alice@bucher.example", "sender-domain", not_ours},
      // not paths of a mailbox
      {"", "sender-domain", "the sender is empty (<>). Use an address at example.com or "},
      {"alice", "sender-domain", "is not a valid sender"},
      {"alice@", "sender-domain", "is not a valid sender"},
      {"@example.com", "sender-domain", "is not a valid sender"},
      {"alice@example.com.", "sender-domain", "ends with a dot"},
      {"alice@.example.com", "sender-domain", "is not a valid sender"},
      {"alice@example..com", "sender-domain", "is not a valid sender"},
      {"alice@localhost", "sender-domain", not_ours},
      {"alice@[192.0.2.1]", "sender-domain", "is not a valid sender"},
      {"@other.example:alice@example.com", "sender-domain", "is not a valid sender"},
      {"alice@other.example@example.com", "sender-domain", "is not a valid sender"},
      {"alice@example.com@other.example", "sender-domain", "is not a valid sender"},
      {"alice @example.com", "sender-domain", "is not a valid sender"},
      {"alice@example.com\t", "sender-domain", "is not a valid sender"},
      {"<alice@example.com>", "sender-domain", "is not a valid sender"},
      {"alice(x)@example.com", "sender-domain", "is not a valid sender"},
      {"=?utf-8?q?alice=40example.com?=", "sender-domain", "is not a valid sender"},
      {"al\xC3\xAF"
       "ce@example.com",
       "sender-domain",
       "non-ASCII characters before the @"},
      {std::string("alice@example.com\0.other.example", 32), "sender-domain", "not a valid sender"},
  };
  CHECK(rows.size() >= 50);
  for (const Row& row : rows) check(row, policy::judge_mail(shop(), row.text, 0));
}

TEST_CASE("the originators of a message get the verdict of this table") {
  const std::vector<Row> rows{
      {"From: noreply@example.com", "accept", ""},
      {"From: NoReply@EXAMPLE.Com", "accept", ""},
      {"From: Shop <noreply@example.com>", "accept", ""},
      {"From: \"Shop, Ltd.\" <noreply@example.com>", "accept", ""},
      {"From: alice@other.example", "from-domain", "From: alice@other.example" + not_ours},
      {"From: Alice <alice@mail.example.com>", "from-domain", "alice@mail.example.com" + not_ours},
      {"From: alice@mail.covered.example", "accept", ""},
      {"From: alice@store.covered.example", "from-domain", not_ours},
      {"From: alice@a.STORE.covered.example", "from-domain", not_ours},
      {"From: alice@pending.example", "from-domain", "has no TXT record: publish the key"},
      {"From: alice@failed.example", "from-domain", "holds another value: copy it again"},
      {"From: alice@REVOKED.example", "from-domain", "SES no longer verifies it"},
      {"From: alice@warned.example", "accept", ""},
      // look-alikes and both forms
      {"From: alice@ex\xD0\xB0mple.com", "from-domain", "alice@xn--exmple-4nf.com" + not_ours},
      {"From: Example <alice@xn--exmple-4nf.com>", "from-domain", "xn--exmple-4nf.com"},
      {"From: alice@\xEF\xBD\x85xample.com", "malformed", ""},
      {"From: alice@exam\xE2\x80\x8Bple.com", "malformed", ""},
      {"From: alice@b\xC3\xBC"
       "cher.example",
       "accept",
       ""},
      {"From: Alice <alice@B\xC3\x9C"
       "CHER.Example>",
       "accept",
       ""},
      {"From: alice@\xC4\xB0stanbul.example", "malformed", ""},
      {"From: alice@xn--bcher-kva.example", "accept", ""},
      // several mailboxes, several fields, groups
      {"From: a@example.com, b@covered.example", "accept", ""},
      {"From: a@example.com, b@other.example", "from-domain", "b@other.example"},
      {"From: b@other.example, a@example.com", "from-domain", "b@other.example"},
      {"From: a@example.com, b@pending.example", "from-domain", "pending.example"},
      {"From: a@example.com\nFrom: b@other.example", "from-domain", "b@other.example"},
      {"From: b@other.example\nfrom: a@example.com", "from-domain", "b@other.example"},
      {"From: a@example.com\nFrom: a@example.com", "accept", ""},
      {"From: a@example.com\nFrom: b@covered.example", "malformed", ""},
      {"From: shop: a@example.com;", "malformed", ""},
      {"From: shop: a@example.com, b@other.example;", "malformed", ""},
      {"From: undisclosed-recipients:;", "malformed", ""},
      {"From: a@example.com;", "malformed", ""},
      // encoded words, quoted strings, comments
      {"From: =?utf-8?q?alice=40other.example?= <noreply@example.com>", "accept", ""},
      {"From: =?utf-8?q?noreply=40example.com?= <alice@other.example>", "from-domain", ""},
      {"From: =?utf-8?b?bm9yZXBseUBleGFtcGxlLmNvbQ==?= <alice@other.example>", "from-domain", ""},
      {"From: =?utf-8?q?noreply=40example.com=3E?= <alice@other.example>", "from-domain", ""},
      {"From: =?utf-8?q?noreply=40example.com?=", "malformed", ""},
      {"From: \"noreply@example.com\" <alice@other.example>", "from-domain", ""},
      {"From: \"noreply@example.com>\" <alice@other.example>", "from-domain", ""},
      {"From: \"\\\"\" <alice@other.example>", "from-domain", ""},
      {"From: \"noreply@example.com\"@other.example", "from-domain", ""},
      {"From: \"alice@other.example\" <noreply@example.com>", "accept", ""},
      {"From: alice@other.example (noreply@example.com)", "from-domain", ""},
      {"From: (noreply@example.com) alice@other.example", "from-domain", ""},
      {"From: noreply@example.com (alice@other.example)", "accept", ""},
      {"From: noreply(@other.example)@example.com", "accept", ""},
      {"From: noreply@example.com(.other.example)", "accept", ""},
      {"From: noreply@example.com (unclosed", "malformed", ""},
      {"From: alice@other.example <noreply@example.com>", "malformed", ""},
      {"From: noreply@example.com <alice@other.example>", "malformed", ""},
      {"From: <noreply@example.com> <alice@other.example>", "malformed", ""},
      {"From: <<noreply@example.com>>", "malformed", ""},
      // folding, 8-bit, routes, dots
      {"From: Shop\n <noreply@example.com>", "accept", ""},
      {"From:\n\tAlice\n <alice@other.example>", "from-domain", ""},
      {"From : alice@other.example", "from-domain", ""},
      {"From: J\xC3\xBCrgen <noreply@example.com>", "accept", ""},
      {"From: J\xFCrgen <alice@other.example>", "from-domain", ""},
      {"From: al\xC3\xAF"
       "ce@example.com",
       "malformed",
       ""},
      {"From: <@other.example:alice@example.com>", "malformed", ""},
      {"From: alice@other.example@example.com", "malformed", ""},
      {"From: noreply@example.com.", "malformed", ""},
      {"From: noreply@[192.0.2.1]", "from-domain", ""},
      {"From: <>", "malformed", ""},
      {"From:", "malformed", ""},
      // Sender
      {"From: a@example.com\nSender: b@covered.example", "accept", ""},
      {"From: a@example.com\nSender: alice@other.example", "from-domain", "Sender: alice@other."},
      {"From: a@example.com\nSENDER: alice@mail.example.com", "from-domain", not_ours},
      {"From: a@example.com\nSender: alice@revoked.example", "from-domain", "no longer verified"},
      {"From: a@example.com\nSender: a@example.com, b@other.example", "from-domain", ""},
      {"From: a@example.com\nSender: group: a@example.com;", "malformed", ""},
      {"From: alice@other.example\nSender: a@example.com", "from-domain", "From: alice@other."},
      {"From: a@example.com\nReply-To: alice@other.example", "accept", ""},
      // DMARC
      {"From: a@rejecting.example", "accept", ""},
      {"From: a@strict.example", "accept", ""},
      {"From: a@news.strict.example",
       "dmarc",
       "Not sent: news.strict.example publishes DMARC p=reject, but this mail is signed as "
       "strict.example. Use a From address at strict.example, or set up news.strict.example as a "
       "domain of its own"},
      {"From: a@bounce.strict.example", "accept", ""},
      {"From: a@relaxed.strict.example", "accept", ""},
      {"From: a@spf.strict.example", "accept", ""},
      {"From: a@quarantine.strict.example", "accept", ""},
      {"From: a@none.strict.example", "accept", ""},
      {"From: a@silent.strict.example", "accept", ""},
      {"From: a@unasked.strict.example", "accept", ""},
      {"From: a@example.com, b@rejecting.example", "dmarc", "rejecting.example publishes DMARC"},
      {"From: b@rejecting.example, a@example.com", "accept", ""},
      {"From: a@example.com\nSender: b@news.strict.example", "accept", ""},
      {"From: a@news.strict.example\nSubject: a\nSubject: b", "malformed", ""},
      {"From: a@news.strict.example\nPrecedence: bulk", "dmarc", ""},
  };
  CHECK(rows.size() >= 50);
  for (const Row& row : rows) {
    check(row,
          policy::judge_message(shop(), policy::summarise(support::message(row.text, "x"), {})));
  }
}

TEST_CASE("a name that another owner proved is refused in the words for a name of nobody") {
  policy::AppFacts app = shop();
  const auto sentence_for = [&](const char* domain) {
    std::string sentence = policy::judge_mail(app, std::string("a@") + domain, 0)->sentence;
    return sentence.replace(sentence.find(domain), std::string_view(domain).size(), "DOMAIN");
  };
  CHECK(sentence_for("store.covered.example") == sentence_for("nobody.example"));
  app.domains[1].subdomains = false;
  CHECK(sentence_for("mail.covered.example") == sentence_for("nobody.example"));
}

TEST_CASE("a refusal recommends the domains that may send, and others only where none may") {
  policy::AppFacts app = shop();
  app.domains = {{.name = "pending.example", .status = DomainStatus::pending},
                 {.name = "good.example"}};
  const auto sentence = [&] { return policy::judge_mail(app, "a@other.example", 0)->sentence; };
  CHECK(sentence().find("Use an address at good.example; put") != std::string::npos);
  app.domains.pop_back();
  CHECK(sentence().find("Use an address at pending.example; put") != std::string::npos);
}

TEST_CASE("the closest domain above a name decides, with its own foreign names") {
  policy::AppFacts app;
  app.domains = {
      {.name = "a.example", .subdomains = true, .foreign = {"b.a.example"}},
      {.name = "c.a.example", .subdomains = true, .foreign = {"d.c.a.example"}},
  };
  struct Row {
    const char* name;
    const policy::SenderDomain* covering;
  };
  for (const Row& row : {Row{"a.example", &app.domains[0]},
                         Row{"x.a.example", &app.domains[0]},
                         Row{"b.a.example", nullptr},
                         Row{"x.b.a.example", nullptr},
                         Row{"bb.a.example", &app.domains[0]},
                         Row{"c.a.example", &app.domains[1]},
                         Row{"x.c.a.example", &app.domains[1]},
                         Row{"d.c.a.example", nullptr},
                         Row{"x.d.c.a.example", nullptr}}) {
    CAPTURE(row.name);
    CHECK(policy::covering_domain(app, row.name) == row.covering);
  }
  app.domains.push_back({.name = "b.a.example"});
  CHECK(policy::covering_domain(app, "b.a.example") == &app.domains[2]);
}

TEST_CASE("what is wrong with a domain stands whole in the reply, or its beginning does") {
  policy::AppFacts app = shop();
  policy::SenderDomain& domain = app.domains.front();
  domain.name = std::string(60, 'a') + ".example";
  domain.status = DomainStatus::failed;
  for (const std::size_t length : {10U, 100U, 160U, 400U}) {
    domain.trouble = "begin " + std::string(length, 'x') + "\r\n250 \xC3\xBC.";
    const auto verdict = policy::judge_mail(app, "a@" + domain.name, 0);
    REQUIRE(verdict);
    const std::string reply = policy::reply_to(*verdict, std::string(40, 'r')).wire();
    CAPTURE(reply);
    CHECK(reply.size() < 300);
    CHECK(reply.find("was not verified in time. begin xxx") != std::string::npos);
    CHECK(reply.find_first_of("\r\n\xC3") == reply.size() - 2);
    CHECK(reply.ends_with(" [sender-domain]\r\n"));
  }
}

TEST_CASE("a long local part does not hide the domain of a refused sender") {
  const std::string local(64, 'a');
  const auto verdict = policy::judge_mail(shop(), local + "@xn--exmple-4nf.com", 0);
  REQUIRE(verdict);
  CHECK(verdict->sentence.find("...@xn--exmple-4nf.com may not be used") != std::string::npos);
  CHECK(verdict->evidence == local + "@xn--exmple-4nf.com");
}

TEST_CASE("the pre-flight of a message is that of the From mailbox that fares worst") {
  const policy::AppFacts app = shop();
  const auto sight = [&](const std::string& from) {
    return policy::dmarc_sight(app, policy::summarise(support::message("From: " + from, "x"), {}));
  };
  const auto own = sight("a@rejecting.example");
  REQUIRE(own);
  CHECK(own->by_dkim);
  CHECK(!own->by_spf);
  const auto quarantined = sight("a@quarantine.strict.example");
  REQUIRE(quarantined);
  CHECK(!quarantined->passes());
  CHECK(quarantined->policy == policy::DmarcPolicy::quarantine);
  const auto worst = sight(
      "a@strict.example, b@quarantine.strict.example, c@news.strict.example, "
      "d@none.strict.example");
  REQUIRE(worst);
  CHECK(worst->from_domain == "news.strict.example");
  CHECK(worst->policy == policy::DmarcPolicy::reject);
  CHECK(!worst->passes());
  CHECK(!sight("a@example.com"));
  CHECK(!sight("a@silent.strict.example"));
  CHECK(!sight("a@other.example"));
  CHECK(!sight("garbage"));
}

TEST_CASE("a signing domain other than the name is what DMARC sees") {
  policy::AppFacts app;
  app.domains = {{.name = "news.example.com", .signing_domain = "example.com"}};
  app.domains.front().dmarc["news.example.com"] = published("v=DMARC1; p=reject; adkim=s");
  const auto verdict = [&] {
    return support::verdict_on(support::message("From: a@news.example.com", "x"), app);
  };
  CHECK(verdict() == "dmarc");
  app.domains.front().signing_domain.clear();
  CHECK(verdict() == "accept");
}

TEST_CASE("the longest names leave the DMARC refusal its mend") {
  policy::AppFacts app;
  app.domains = {{.name = std::string(63, 'a') + ".example", .subdomains = true}};
  const std::string from = std::string(63, 'b') + "." + app.domains.front().name;
  app.domains.front().dmarc[from] = published("v=DMARC1; p=reject; adkim=s");
  const auto verdict =
      policy::judge_message(app, policy::summarise(support::message("From: a@" + from, "x"), {}));
  REQUIRE(verdict);
  CHECK(verdict->reason == policy::Reason::dmarc);
  CHECK(verdict->evidence == from);
  const std::string reply = policy::reply_to(*verdict, "20260102-12345").wire();
  CHECK(reply.size() < 300);
  CHECK(reply.find(". Use a From address at aaa") != std::string::npos);
}
