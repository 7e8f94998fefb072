#include "policy/record_doctor.hpp"

#include "policy/reply.hpp"
#include "record_zone.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>

using policy::CheckResult;
using policy::Diagnosis;
using policy::DnsOutcome;
using policy::DomainCheck;
using policy::DomainSetup;
using policy::Mistake;
using policy::RecordType;
using policy::SigningMode;
using records::first_of;
using records::key_record;
using records::Kind;
using records::public_key;
using records::result;
using records::right_zone;
using records::setup_of;
using records::Zone;

namespace {

constexpr const char* key_name = "p1._domainkey.example.com";
constexpr const char* dmarc_name = "_dmarc.example.com";

/// The domain with this text at the signing selector's name.
policy::Examination with_key_text(const std::string& text, const policy::Verdicts& verdicts = {}) {
  const DomainSetup setup = setup_of(Kind::plain);
  Zone zone = right_zone(setup);
  zone.clear(key_name);
  zone.publish({key_name, RecordType::txt, text});
  return records::examined(setup, zone, verdicts);
}

/// A setup that may occur, by number.
DomainSetup some_setup(std::uint_fast32_t seed) {
  std::mt19937 random(seed);
  const auto coin = [&random] { return random() % 2 == 0; };
  constexpr const char* names[] = {
      "example.com", "xn--mnchen-3ya.example", "shop.example.co.uk", "a.b.c.example.org"};
  DomainSetup setup{.name = names[random() % 4],
                    .selectors = {{"p1", key_record(random()), coin()}},
                    .challenge = "postern-challenge=abcdefghijklmnopqrstuvwxyz234567"};
  if (coin()) setup.selectors.push_back({"p2", key_record(random()), !setup.selectors[0].signs});
  if (coin()) setup.selectors.push_back({"p0", key_record(random()), false, true});
  if (coin()) setup.signing = SigningMode::ses;
  if (setup.signing == SigningMode::ses) setup.dkim_tokens = {"one", "two", "three"};
  if (coin()) setup.region = "eu-west-1";
  if (!setup.region.empty() && coin()) setup.mail_from = "bounce." + setup.name;
  if (coin()) setup.report_address = "reports@" + setup.name;
  return setup;
}

/// Octets in which the shapes of records occur.
std::string some_text(std::mt19937& random) {
  static const char* const pieces[] = {
      "v=DKIM1;",      "v=spf1 ", "v=DMARC1; ", "p=",   "\"",  "\" \"", "\\;", " ",
      "include:",      "example", "ip4:",       "ip6:", "::",  "all",   "-",   "redirect=",
      "\xE2\x80\x9C",  "\xFF",    "mailto:",    "none", "TXT", "10 ",   ".",   "a",
      "amazonses.com", "%{i}",    ":/=,"};
  std::string text;
  for (auto left = random() % 12; left > 0; --left) text += pieces[random() % std::size(pieces)];
  return text;
}

}  // namespace

TEST_CASE("a zone as the records are shown has nothing to mend") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const DomainSetup setup = some_setup(seed);
    const policy::Examination examination = records::examined(setup, right_zone(setup));
    for (const Diagnosis& diagnosis : examination.diagnoses) FAIL_CHECK(diagnosis.edit);
    CHECK(result(examination, DomainCheck::ownership) == CheckResult::good);
    CHECK(result(examination, DomainCheck::dkim) == CheckResult::good);
    CHECK(result(examination, DomainCheck::dmarc) == CheckResult::good);
    CHECK(result(examination, DomainCheck::spf) ==
          (setup.region.empty() ? CheckResult::unknown : CheckResult::good));
    CHECK(result(examination, DomainCheck::mail_from) ==
          (setup.mail_from.empty() ? CheckResult::unknown : CheckResult::good));
  }
}

TEST_CASE("where all is good one round of at most 40 questions is enough") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const DomainSetup setup = some_setup(seed);
    const Zone zone = right_zone(setup);
    const auto round = policy::questions(setup);
    CHECK(round.size() <= 40);
    policy::DnsAnswers answers;
    for (const auto& question : round) answers[question] = zone.resolve(question);
    policy::Verdicts verdicts{.domain_spf = records::spf_of_ses(zone, setup.name)};
    if (!setup.mail_from.empty())
      verdicts.mail_from_spf = records::spf_of_ses(zone, setup.mail_from);
    CHECK(policy::further_questions(setup, answers, verdicts).empty());
  }
}

TEST_CASE("where nothing is published the further questions stay within 40 a round and end") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const DomainSetup setup = some_setup(seed);
    const Zone zone("");
    policy::DnsAnswers answers;
    std::size_t rounds = 0;
    for (auto round = policy::questions(setup); !round.empty();
         round = policy::further_questions(setup, answers)) {
      REQUIRE(++rounds < 6);
      CHECK(round.size() <= 40);
      for (const auto& question : round) {
        CHECK(answers.count(question) == 0);
        answers[question] = zone.resolve(question);
      }
    }
  }
}

TEST_CASE("a question that failed makes its check silent, never bad") {
  const auto silenced = [](const DomainSetup& setup, const Zone& zone) {
    for (const policy::DnsQuestion& question : policy::questions(setup)) {
      CAPTURE(question.name);
      policy::DnsAnswers answers = records::answers(setup, zone, {});
      const auto before = policy::examine(setup, answers, {}).results;
      answers[question] = {.outcome = DnsOutcome::failed, .why = "SERVFAIL"};
      const auto after = policy::examine(setup, answers, {}).results;
      bool silent = false;
      for (std::size_t i = 0; i < after.size(); ++i) {
        silent = silent || after[i] == CheckResult::silent;
        if (after[i] != before[i]) CHECK(after[i] == CheckResult::silent);
      }
      CHECK(silent);
    }
  };
  for (const Kind kind : {Kind::plain, Kind::easy, Kind::shop}) {
    silenced(setup_of(kind), right_zone(setup_of(kind)));
    silenced(setup_of(kind), Zone(""));
  }
  policy::DnsAnswers outage;
  for (const auto& question : policy::questions(setup_of(Kind::rotating)))
    outage[question] = {.outcome = DnsOutcome::failed};
  const auto dark = policy::examine(setup_of(Kind::rotating), outage, {});
  CHECK(dark.diagnoses.empty());
  for (const DomainCheck check : {DomainCheck::ownership,
                                  DomainCheck::dkim,
                                  DomainCheck::mail_from,
                                  DomainCheck::spf,
                                  DomainCheck::dmarc})
    CHECK(result(dark, check) == CheckResult::silent);
}

TEST_CASE("a check whose question was not asked is unknown") {
  const auto nothing = policy::examine(setup_of(Kind::plain), {}, {});
  CHECK(nothing.diagnoses.empty());
  for (const CheckResult result : nothing.results) CHECK(result == CheckResult::unknown);
}

TEST_CASE("the DKIM check is about the selector that signs") {
  const DomainSetup setup = setup_of(Kind::rotating);
  Zone zone = right_zone(setup);
  zone.clear("p2._domainkey.example.com");  // fresh, not published yet
  const auto fresh = records::examined(setup, zone);
  CHECK(result(fresh, DomainCheck::dkim) == CheckResult::good);
  REQUIRE(first_of(fresh, DomainCheck::dkim) != nullptr);
  CHECK(first_of(fresh, DomainCheck::dkim)->name == "p2._domainkey.example.com");

  DomainSetup turned = setup;
  turned.selectors[0].signs = false;
  turned.selectors[1].signs = true;
  const auto missing = records::examined(turned, zone);
  CHECK(result(missing, DomainCheck::dkim) == CheckResult::bad);
  CHECK(first_of(missing, DomainCheck::dkim)->name == "p2._domainkey.example.com");

  turned.selectors[1].signs = false;  // none signs yet: either will do
  CHECK(result(records::examined(turned, zone), DomainCheck::dkim) == CheckResult::good);
  zone.clear("p1._domainkey.example.com");
  CHECK(result(records::examined(turned, zone), DomainCheck::dkim) == CheckResult::bad);
}

TEST_CASE("the key test of libopendkim overrides what we read") {
  policy::Verdicts verdicts;
  verdicts.key_tests["p1"] = true;
  CHECK(result(with_key_text(key_record(1) + "; k=rsa", verdicts), DomainCheck::dkim) ==
        CheckResult::good);
  verdicts.key_tests["p1"] = false;
  const auto refused = with_key_text(key_record(1) + "; x=1", verdicts);
  CHECK(result(refused, DomainCheck::dkim) == CheckResult::bad);
  CHECK(first_of(refused, DomainCheck::dkim)->mistake == Mistake::key_refused);
}

TEST_CASE("a key record that works is good, and what is unwise in it is said") {
  struct AdviceRow {
    std::string text;
    Mistake mistake;
  };
  const std::string key = public_key(1);
  for (const AdviceRow& row : {AdviceRow{"v=DKIM1; t=y; p=" + key, Mistake::testing_flag},
                               AdviceRow{"v=DKIM1; p=" + key.substr(0, 200) + " " + key.substr(200),
                                         Mistake::key_spaced}}) {
    CAPTURE(row.text);
    const auto examination = with_key_text(row.text);
    CHECK(result(examination, DomainCheck::dkim) == CheckResult::good);
    REQUIRE(examination.diagnoses.size() == 1);
    CHECK(examination.diagnoses[0].mistake == row.mistake);
  }
  for (const std::string& text : {"p=" + key, "v=DKIM1;p=" + key + ";", "k=rsa; s=email; p=" + key})
    CHECK(with_key_text(text).diagnoses.empty());
  const DomainSetup setup = setup_of(Kind::plain);
  Zone zone = right_zone(setup);
  zone.publish({key_name, RecordType::txt, "google-site-verification=1"});
  const auto beside = records::examined(setup, zone);
  CHECK(result(beside, DomainCheck::dkim) == CheckResult::good);
  REQUIRE(beside.diagnoses.size() == 1);
  CHECK(beside.diagnoses[0].mistake == Mistake::text_beside_key);
  CHECK(zone.edit(beside.diagnoses[0]) == "");
  CHECK(records::examined(setup, zone).diagnoses.empty());
}

TEST_CASE("a key that a CNAME leads to is as good as one at the name") {
  const DomainSetup setup = setup_of(Kind::plain);
  Zone zone = right_zone(setup);
  zone.clear(key_name);
  zone.add(std::string(key_name) + " CNAME keys.invalid\nkeys.invalid TXT " + key_record(1));
  CHECK(records::examined(setup, zone).diagnoses.empty());
}

TEST_CASE("p=reject is a mistake as long as nothing aligns") {
  DomainSetup setup = setup_of(Kind::plain);
  setup.mail_from.clear();
  Zone zone = right_zone(setup);
  zone.clear(dmarc_name);
  zone.add("_dmarc.example.com TXT v=DMARC1; p=reject; sp=reject; rua=mailto:a@example.com");
  CHECK(records::examined(setup, zone).diagnoses.empty());
  zone.clear(key_name);
  const auto rejected = records::examined(setup, zone);
  REQUIRE(first_of(rejected, DomainCheck::dmarc) != nullptr);
  CHECK(first_of(rejected, DomainCheck::dmarc)->mistake == Mistake::dmarc_rejects_own_mail);
  CHECK(first_of(rejected, DomainCheck::dmarc)->expected ==
        "v=DMARC1; p=none; rua=mailto:a@example.com");
  CHECK(zone.edit(*first_of(rejected, DomainCheck::dmarc)) == "");
  CHECK(result(records::examined(setup, zone), DomainCheck::dmarc) == CheckResult::good);

  policy::DnsAnswers answers = records::answers(setup, zone, {});
  answers[{dmarc_name, RecordType::txt}] = {.outcome = DnsOutcome::found,
                                            .records = {{.text = "v=DMARC1; p=reject"}}};
  answers[{key_name, RecordType::txt}] = {.outcome = DnsOutcome::failed};
  CHECK(result(policy::examine(setup, answers, {}), DomainCheck::dmarc) == CheckResult::good);
}

TEST_CASE("a DMARC record that stands elsewhere keeps its policy when it is moved") {
  const DomainSetup setup = setup_of(Kind::plain);
  Zone zone = right_zone(setup);
  zone.clear(dmarc_name);
  zone.add("dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:a@example.com");
  const auto examination = records::examined(setup, zone);
  REQUIRE(first_of(examination, DomainCheck::dmarc) != nullptr);
  CHECK(first_of(examination, DomainCheck::dmarc)->expected ==
        "v=DMARC1; p=reject; rua=mailto:a@example.com");
}

TEST_CASE("a sub-domain may do with the DMARC record of its organization") {
  const DomainSetup setup = setup_of(Kind::shop);
  Zone zone = right_zone(setup);
  zone.clear("_dmarc.shop.example.co.uk");
  zone.add("_dmarc.example.co.uk TXT v=DMARC1; p=none; sp=reject");
  CHECK(result(records::examined(setup, zone), DomainCheck::dmarc) == CheckResult::good);
  zone.clear("p1._domainkey.shop.example.co.uk");
  zone.clear("bounce.shop.example.co.uk");
  const auto rejected = records::examined(setup, zone);
  REQUIRE(first_of(rejected, DomainCheck::dmarc) != nullptr);
  CHECK(first_of(rejected, DomainCheck::dmarc)->mistake == Mistake::dmarc_rejects_own_mail);
  CHECK(zone.edit(*first_of(rejected, DomainCheck::dmarc)) == "");
  CHECK(result(records::examined(setup, zone), DomainCheck::dmarc) == CheckResult::good);
}

TEST_CASE("SPF is judged by its evaluation where the text shows nothing") {
  using policy::SpfResult;
  const DomainSetup setup = setup_of(Kind::plain);
  const policy::DnsAnswers answers = records::answers(setup, right_zone(setup), {});
  struct VerdictRow {
    SpfResult verdict;
    CheckResult result;
  };
  for (const VerdictRow& row : {VerdictRow{SpfResult::pass, CheckResult::good},
                                VerdictRow{SpfResult::temp_error, CheckResult::silent},
                                VerdictRow{SpfResult::unknown, CheckResult::unknown},
                                VerdictRow{SpfResult::perm_error, CheckResult::bad},
                                VerdictRow{SpfResult::softfail, CheckResult::bad}}) {
    policy::Verdicts verdicts;
    verdicts.domain_spf = verdicts.mail_from_spf = policy::SpfVerdict{row.verdict, "a macro"};
    const auto examination = policy::examine(setup, answers, verdicts);
    CHECK(result(examination, DomainCheck::spf) == row.result);
    CHECK(result(examination, DomainCheck::mail_from) == row.result);
    if (row.result != CheckResult::bad) continue;
    CHECK(first_of(examination, DomainCheck::spf)->mistake == Mistake::spf_refused);
    CHECK(first_of(examination, DomainCheck::spf)->edit.find("(a macro)") != std::string::npos);
  }
}

TEST_CASE("an include that DNS failed for is no mistake") {
  const DomainSetup setup = setup_of(Kind::plain);
  Zone zone = right_zone(setup);
  zone.clear("example.com");
  zone.add("example.com TXT v=spf1 include:small.invalid ~all");
  policy::DnsAnswers answers = records::answers(setup, zone, {});
  CHECK(result(policy::examine(setup, answers, {}), DomainCheck::spf) == CheckResult::bad);
  answers[{"smaller.invalid", RecordType::txt}] = {.outcome = DnsOutcome::failed};
  CHECK(result(policy::examine(setup, answers, {}), DomainCheck::spf) == CheckResult::silent);
}

TEST_CASE("where no record can stay under ten lookups the edit says what else to do") {
  const DomainSetup setup = setup_of(Kind::plain);
  Zone zone = right_zone(setup);
  zone.clear("example.com");
  zone.add(
      "other.invalid TXT v=spf1 a:mail.invalid mx:mail.invalid exists:mail.invalid -all\n"
      "third.invalid TXT v=spf1 a:mail.invalid mx:mail.invalid exists:mail.invalid -all\n"
      "example.com TXT v=spf1 include:partner.invalid include:other.invalid include:third.invalid "
      "~all");
  const auto examination = records::examined(setup, zone);
  REQUIRE(first_of(examination, DomainCheck::spf) != nullptr);
  const Diagnosis& diagnosis = *first_of(examination, DomainCheck::spf);
  CHECK(diagnosis.mistake == Mistake::spf_too_many_lookups);
  CHECK(diagnosis.expected.empty());
  CHECK(diagnosis.edit.find("13 lookups") != std::string::npos);
}

TEST_CASE("SES's word on its identity is passed on") {
  policy::Verdicts verdicts{.identity = CheckResult::bad,
                            .identity_why = "DKIM is pending in eu-central-1.\x1B[31m"};
  const DomainSetup setup = setup_of(Kind::plain);
  const auto examination = records::examined(setup, right_zone(setup), verdicts);
  REQUIRE(examination.diagnoses.size() == 1);
  CHECK(examination.diagnoses[0].mistake == Mistake::identity_unverified);
  CHECK(examination.diagnoses[0].found == "DKIM is pending in eu-central-1.?[31m");
  CHECK(examination.diagnoses[0].edit.find("region eu-central-1") != std::string::npos);
}

TEST_CASE("foreign text is shown printable and cut, whatever it is") {
  std::mt19937 random(20);
  for (int round = 0; round < 500; ++round) {
    const DomainSetup setup = some_setup(random());
    policy::DnsAnswers answers;
    for (int asked = 0; asked < 3; ++asked) {
      for (const auto& question : policy::further_questions(setup, answers)) {
        policy::DnsAnswer& answer = answers[question];
        answer.outcome = random() % 8 == 0 ? DnsOutcome::no_data : DnsOutcome::found;
        for (auto left = random() % 3; left > 0; --left)
          answer.records.push_back({.text = some_text(random)});
      }
    }
    for (const Diagnosis& diagnosis : policy::examine(setup, answers, {}).diagnoses) {
      CAPTURE(diagnosis.edit);
      CHECK(policy::printable(diagnosis.found, 300) == diagnosis.found);
      CHECK(policy::printable(diagnosis.expected, 4000) == diagnosis.expected);
      CHECK(policy::printable(diagnosis.edit, 4000) == diagnosis.edit);
      CHECK(diagnosis.edit.ends_with('.'));
      for (const auto& record : diagnosis.remove)
        CHECK(policy::printable(record.value, 300) == record.value);
    }
  }
}

TEST_CASE("each mistake has a word of its own and a cause") {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(Mistake::identity_unverified); ++i) {
    const auto mistake = static_cast<Mistake>(i);
    CHECK(words.insert(word(mistake)).second);
    CHECK(word(mistake).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
          std::string_view::npos);
    CHECK_FALSE(cause(mistake).empty());
  }
}
