#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using support::message;
using support::site;
using support::verdict_on;
using support::with_part;

namespace {

std::string word_of(const policy::Verdict& verdict) {
  return verdict ? std::string(policy::word(verdict->reason)) : "accept";
}

bool says(const policy::Verdict& verdict, std::string_view words) {
  return verdict && verdict->sentence.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a reverse-path must be at a domain of the app") {
  struct Row {
    const char* path;
    const char* verdict;
  };
  for (const Row& row : {Row{"noreply@example.com", "accept"},
                         Row{"bounces+1@EXAMPLE.COM", "accept"},
                         Row{"visitor@example.org", "sender-domain"},
                         Row{"noreply@notexample.com", "sender-domain"},
                         Row{"noreply@mail.example.com", "sender-domain"},
                         Row{"noreply@example.com.evil.example", "sender-domain"},
                         Row{"noreply@example.com.", "sender-domain"},
                         Row{"\"noreply@example.com\"@evil.example", "sender-domain"},
                         Row{"noreply@ex\xD0\xB0mple.com", "sender-domain"},
                         Row{"webmaster@localhost", "sender-domain"},
                         Row{"noreply", "sender-domain"},
                         Row{"", "sender-domain"}}) {
    CAPTURE(row.path);
    CHECK(word_of(policy::judge_mail(site(), row.path, 0)) == row.verdict);
  }
}

TEST_CASE("the sentence for a foreign sender names the address, the site and its domains") {
  policy::AppFacts app = site();
  app.domains.push_back({.name = "example.net"});
  const auto verdict = policy::judge_mail(app, "visitor@example.org", 0);
  REQUIRE(verdict);
  CHECK(verdict->sentence ==
        "Not sent: visitor@example.org may not be used as sender by site. Use an address at "
        "example.com or example.net; put "
        "the visitor in Reply-To");
  CHECK(says(policy::judge_mail(app, "", 0), "example.com or example.net"));
  for (int i = 0; i < 200; ++i)
    app.domains.push_back({.name = "domain" + std::to_string(i) + ".example"});
  const auto many = policy::judge_mail(app, "visitor@example.org", 0);
  CHECK(says(many, " more; put the visitor in Reply-To"));
  CHECK(policy::reply_to(*many, "ref").wire().size() < 300);
  CHECK(policy::reply_to(*many, "ref").wire().find("...") == std::string::npos);
  app.domains.clear();
  CHECK(says(policy::judge_mail(app, "a@example.com", 0), "none is yet"));
}

TEST_CASE("a domain that is not verified refuses at MAIL and at the end, and says what is wrong") {
  struct Row {
    policy::DomainStatus status;
    const char* words;  // null: accepted
  };
  for (const Row& row : {Row{policy::DomainStatus::verified, nullptr},
                         Row{policy::DomainStatus::warning, nullptr},
                         Row{policy::DomainStatus::pending, "not verified yet"},
                         Row{policy::DomainStatus::failed, "not verified in time"},
                         Row{policy::DomainStatus::revoked, "no longer verified"}}) {
    policy::AppFacts app = site();
    app.domains.front().status = row.status;
    const auto at_mail = policy::judge_mail(app, "noreply@example.com", 0);
    const auto at_end = policy::judge_message(app, policy::summarise(message("X: y", "x"), {}));
    CHECK(at_mail.has_value() == (row.words != nullptr));
    CHECK(at_end.has_value() == (row.words != nullptr));
    if (row.words == nullptr) continue;
    CHECK(at_mail->reason == policy::Reason::sender_domain);
    CHECK(at_end->reason == policy::Reason::from_domain);
    CHECK(says(at_mail, row.words));
    CHECK(says(at_end, row.words));
  }
}

TEST_CASE(
    "a domain covers names under it only where that is configured, and the closest one counts") {
  policy::AppFacts app = site();
  CHECK(policy::covering_domain(app, "mail.example.com") == nullptr);
  app.domains.front().subdomains = true;
  app.domains.push_back(
      {.name = "mail.example.com", .subdomains = true, .status = policy::DomainStatus::revoked});
  CHECK(policy::covering_domain(app, "www.example.com") == &app.domains[0]);
  CHECK(policy::covering_domain(app, "mail.example.com") == &app.domains[1]);
  CHECK(policy::covering_domain(app, "a.mail.example.com") == &app.domains[1]);
  CHECK(policy::covering_domain(app, "notexample.com") == nullptr);
  CHECK(policy::covering_domain(app, ".example.com") != nullptr);
  CHECK(policy::covering_domain(app, "") == nullptr);
}

TEST_CASE("a blocked app is told so at MAIL, with whom to ask") {
  policy::AppFacts app = site();
  app.blocked = true;
  app.contact = "web@example.com";
  const auto verdict = policy::judge_mail(app, "visitor@example.org", 0);
  CHECK(word_of(verdict) == "blocked");
  CHECK(says(verdict, "too much of it bounced or was complained of. Mend the cause, then contact"));
  CHECK(says(verdict, "contact web@example.com"));
  app.standing_why = "a list was bought.";
  const auto by_hand = policy::judge_mail(app, "visitor@example.org", 0);
  CHECK(says(by_hand, "is switched off: a list was bought. Contact web@example.com"));
  app.standing_until = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2};
  const auto until = policy::judge_mail(app, "visitor@example.org", 0);
  CHECK(says(until, "is switched off until 2026-03-02 00:00 UTC: a list was bought. Contact"));
}

TEST_CASE("an app's queue is full at its bound of messages or of octets, and not before") {
  policy::AppFacts app = site();
  CHECK(!policy::judge_queue(app, {1'000'000'000, 1ULL << 50U}));
  app.limits.queued_messages = 20;
  app.limits.queued_bytes = 5 * 1024 * 1024;
  CHECK(!policy::judge_queue(app, {19, 5 * 1024 * 1024 - 1}));
  const auto many = policy::judge_queue(app, {20, 0});
  CHECK(word_of(many) == "quota");
  CHECK(says(many, "20 messages of site wait in the relay, the limit is 20"));
  CHECK(says(many, "Ask the operator of the relay"));
  app.contact = "web@example.com";
  const auto large = policy::judge_queue(app, {0, 5 * 1024 * 1024});
  CHECK(word_of(large) == "quota");
  CHECK(says(large, "5 MB of site wait in the relay, the limit is 5 MB. Ask web@example.com"));
  CHECK(says(large, "Drupal will not retry this mail"));
  app.name = std::string(63, 'a');
  app.contact = std::string(200, 'b') + "@example.com";
  const auto longest = policy::judge_queue(app, {20, 0});
  CHECK(policy::reply_to(*longest, "reference").wire().size() < 300);
}

TEST_CASE("size is judged as declared and as received") {
  policy::AppFacts app = site();
  app.limits.message_size = 1000;
  CHECK(!policy::judge_mail(app, "noreply@example.com", 1000));
  CHECK(word_of(policy::judge_mail(app, "noreply@example.com", 1001)) == "too-big");
  CHECK(word_of(policy::judge_mail(app, "noreply@example.com", 0)) == "accept");
  CHECK(verdict_on(message("X: y", "x"), app) == "accept");
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "0123456789\n";
  CHECK(verdict_on(message("X: y", lines), app) == "too-big");
  app.limits.message_size = 10 * 1024 * 1024;
  CHECK(says(policy::judge_mail(app, "noreply@example.com", 12 * 1024 * 1024 + 1),
             "12.1 MB, the limit is 10 MB"));
}

TEST_CASE("a recipient must be an address that SES can take") {
  CHECK(!policy::judge_recipient("alice@example.org"));
  CHECK(
      !policy::judge_recipient("user@b\xC3\xBC"
                               "cher.example"));
  for (const char* path : {"",
                           "alice",
                           "alice@localhost",
                           "alice@[192.0.2.1]",
                           "a b@example.org",
                           "alice@example.org."}) {
    const auto verdict = policy::judge_recipient(path);
    CAPTURE(path);
    CHECK(word_of(verdict) == "recipient");
    CHECK(policy::reply_to(*verdict, "r").wire().starts_with("553 5.1.3 Not sent: "));
  }
  CHECK(policy::reply_to(*policy::judge_recipient("j\xC3\xBCrgen@example.org"), "r")
            .wire()
            .starts_with("553 5.6.7 Not sent: "));
}

TEST_CASE("too many recipients: nobody gets it") {
  policy::AppFacts app = site();
  policy::Envelope envelope{.reverse_path = "noreply@example.com",
                            .forward_paths = std::vector<std::string>(50, "a@b.example")};
  CHECK(!policy::judge_data(app, envelope));
  envelope.forward_paths.emplace_back("a@b.example");
  const auto verdict = policy::judge_data(app, envelope);
  CHECK(word_of(verdict) == "bulk");
  CHECK(policy::reply_to(*verdict, "r").wire() ==
        "550 5.5.3 Not sent to anyone: 51 recipients, the limit is 50. Send one mail per person "
        "(r) [bulk]\r\n");
}

TEST_CASE(
    "every From and Sender mailbox must be at a domain of the app, whatever the field looks like") {
  struct Row {
    const char* header;
    const char* verdict;
  };
  for (const Row& row :
       {Row{"From: noreply@example.com", "accept"},
        Row{"FROM: \"Example\" <NoReply@Example.Com>", "accept"},
        Row{"From: visitor@example.org", "from-domain"},
        Row{"from:visitor@example.org", "from-domain"},
        Row{"From\t : visitor@example.org", "from-domain"},
        Row{"From:\n visitor@example.org", "from-domain"},
        Row{"From: a@example.com, b@example.org", "from-domain"},
        Row{"From: a@example.com\nFrom: b@example.org", "from-domain"},
        Row{"From: b@example.org\nFrom: a@example.com", "from-domain"},
        Row{"From: garbage\nFrom: b@example.org", "from-domain"},
        Row{"From: \"noreply@example.com\" <ceo@bank.example>", "from-domain"},
        Row{"From: noreply@example.com@bank.example", "malformed"},
        Row{"From: noreply@sub.example.com", "from-domain"},
        Row{"From: noreply@[192.0.2.1]", "from-domain"},
        Row{"From: noreply@example.com.", "malformed"},
        Row{"From: noreply@ex\xD0\xB0mple.com", "from-domain"},
        Row{"From: =?utf-8?q?noreply=40example.com?= <ceo@bank.example>", "from-domain"},
        Row{"From: =?utf-8?q?ceo=40bank.example?= <noreply@example.com>", "accept"},
        Row{"From: ceo@bank.example <noreply@example.com>", "malformed"},
        Row{"From: noreply@example.com\nSender: visitor@example.org", "from-domain"},
        Row{"From: noreply@example.com\nSender: Site <web@example.com>", "accept"},
        Row{"From: noreply@example.com\nSender:", "malformed"},
        Row{"From: noreply@example.com\nSender: x", "malformed"},
        Row{"From: noreply@example.com\nReply-To: visitor@example.org", "accept"},
        Row{"From: noreply@example.com\nResent-From: visitor@example.org", "accept"},
        Row{"From: noreply@example.com\nX-From: visitor@example.org", "accept"},
        Row{"From:", "malformed"},
        Row{"From: group: noreply@example.com;", "malformed"}}) {
    CAPTURE(row.header);
    CHECK(verdict_on(message(row.header, "x")) == row.verdict);
  }
}

TEST_CASE("of several reasons the first in the order of the interface is given") {
  const std::string foreign = "From: visitor@example.org\n";
  const std::string file = "Content-Disposition: attachment\n";
  std::string loop;
  for (int i = 0; i < 51; ++i) loop += "Received: x\n";
  const std::string contradiction = "Subject: a\nSubject: b\n";
  const std::string bulk = "Precedence: bulk";
  CHECK(verdict_on(message(foreign + file + loop + contradiction + bulk, "x") + "bare\n") ==
        "malformed");
  policy::AppFacts small = site();
  small.limits.message_size = 10;
  CHECK(verdict_on(message(foreign + file + loop + contradiction + bulk, "x"), small) == "too-big");
  CHECK(verdict_on(message(foreign + file + loop + contradiction + bulk, "x")) == "from-domain");
  CHECK(verdict_on(message(file + loop + contradiction + bulk, "x")) == "attachment");
  CHECK(verdict_on(message(loop + contradiction + bulk, "x")) == "loop");
  CHECK(verdict_on(message(contradiction + bulk, "x")) == "malformed");
  CHECK(verdict_on(message(bulk, "x")) == "bulk");
  CHECK(verdict_on("Subject: no author\r\nContent-Disposition: attachment\r\n\r\nx\r\n") ==
        "attachment");
  CHECK(verdict_on("Subject: no author\r\nPrecedence: bulk\r\n\r\nx\r\n") == "malformed");
}

TEST_CASE("the first From mailbox chooses the domain that signs") {
  policy::AppFacts app = site();
  app.domains.push_back({.name = "example.net"});
  const auto signing = [&](const std::string& header) {
    const policy::SenderDomain* domain =
        policy::signing_domain(app, policy::summarise(message(header, "x"), {}));
    return domain == nullptr ? "none" : domain->name;
  };
  CHECK(signing("From: a@example.net, b@example.com") == "example.net");
  CHECK(signing("From: a@example.org") == "none");
  CHECK(signing("From: garbage") == "none");
}

TEST_CASE("no sentence carries foreign octets, and every one says what is wrong and what to do") {
  const std::vector<std::string> messages{
      with_part("Content-Type: application/pdf; name*=utf-8''a%0D%0A250%20Ok%E2%80%AEfdp.exe\n\nx"),
      with_part("Content-Type: application/pdf; name=\"=?utf-8?B?YQ0KMjUwIE9rDQo=?=\"\n\nx"),
      with_part("Content-Type: application/" + std::string(300, 'x') +
                "; name=" + std::string(300, 'y') + "\n\nx"),
      message("Precedence: bulk " + std::string(400, 'x'), "x"),
      message("From: \"\x01\" <a@b>", "x"),
      message("B\xC3\xBC\xE2\x80\xAE x", "x"),
  };
  for (const std::string& octets : messages) {
    const auto verdict = policy::judge_message(site(), policy::summarise(octets, {}));
    REQUIRE(verdict);
    const std::string reply = policy::reply_to(*verdict, "20260102-7").wire();
    CAPTURE(reply);
    CHECK(reply.size() < 300);
    CHECK(reply.find_first_not_of(
              " !\"#$%&'()*+,-./"
              "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") ==
          reply.size() - 2);
    CHECK(reply.find(" Not sent: ") != std::string::npos);
    CHECK(reply.find(". ") != std::string::npos);
  }
}
