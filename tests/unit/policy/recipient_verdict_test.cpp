#include "policy/recipient_verdict.hpp"

#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

/// One letter a recipient: k known, n new, s suppressed though known, x suppressed and new.
std::vector<policy::RecipientFacts> facts_of(std::string_view letters) {
  std::vector<policy::RecipientFacts> facts;
  for (const char letter : letters)
    facts.push_back(
        {.suppressed = letter == 's' || letter == 'x', .reached = letter == 'k' || letter == 's'});
  return facts;
}

policy::Envelope envelope_for(std::size_t recipients) {
  policy::Envelope envelope{.reverse_path = "noreply@example.com", .forward_paths = {}};
  for (std::size_t i = 0; i < recipients; ++i)
    envelope.forward_paths.push_back("person" + std::to_string(i) + "@example.net");
  return envelope;
}

policy::RecipientVerdict judged(std::string_view letters, bool restricted) {
  return policy::judge_recipients(
      support::site(), envelope_for(letters.size()), facts_of(letters), restricted);
}

/// "suppressed" where it is refused, else "accept" and what is left out: "accept 1:blocked".
std::string told(const policy::RecipientVerdict& verdict) {
  if (verdict.refusal) return std::string(policy::word(verdict.refusal->reason));
  std::string text = "accept";
  for (const policy::LeftOut& left_out : verdict.left_out)
    text +=
        ' ' + std::to_string(left_out.recipient) + ':' + std::string(policy::word(left_out.reason));
  return text;
}

}  // namespace

TEST_CASE("suppressed recipients are left out, and new ones of a restricted app") {
  struct Row {
    std::string_view letters;
    std::string_view free;
    std::string_view restricted;
  };
  for (const Row& row : {Row{"k", "accept", "accept"},
                         Row{"n", "accept", "blocked"},
                         Row{"s", "suppressed", "suppressed"},
                         Row{"x", "suppressed", "suppressed"},
                         Row{"kn", "accept", "accept 1:blocked"},
                         Row{"ks", "accept 1:suppressed", "accept 1:suppressed"},
                         Row{"nk", "accept", "accept 0:blocked"},
                         Row{"sx", "suppressed", "suppressed"},
                         Row{"sn", "accept 0:suppressed", "blocked"},
                         Row{"ns", "accept 1:suppressed", "blocked"},
                         Row{"nn", "accept", "blocked"},
                         Row{"snk", "accept 0:suppressed", "accept 0:suppressed 1:blocked"},
                         Row{"", "accept", "accept"}}) {
    CAPTURE(row.letters);
    CHECK(told(judged(row.letters, false)) == row.free);
    CHECK(told(judged(row.letters, true)) == row.restricted);
  }
}

TEST_CASE("a refused message leaves nobody out, for nobody gets it") {
  CHECK(judged("ss", false).left_out.empty());
  CHECK(judged("sn", true).left_out.empty());
}

TEST_CASE("the sentences name the address that is meant and what to change") {
  const auto suppressed = judged("s", false);
  REQUIRE(suppressed.refusal);
  CHECK(suppressed.refusal->sentence ==
        "Not sent: person0@example.net bounced or complained earlier. Correct the address, or ask "
        "the operator of the relay to take it off the suppression list");
  CHECK(suppressed.refusal->evidence == "person0@example.net");
  const auto blocked = judged("sn", true);
  REQUIRE(blocked.refusal);
  CHECK(blocked.refusal->sentence ==
        "Not sent: too much mail of site bounced or was complained of, so only recipients it "
        "reached before get mail, and person1@example.net is new. Protect forms that mail to any "
        "address typed in; contact the operator of the relay");
  CHECK(blocked.refusal->evidence == "person1@example.net");
}

TEST_CASE("who is restricted by hand is told the operator's reason, and until when") {
  policy::AppFacts app = support::site();
  app.standing_why = "a bought list";
  const auto sentence = [&] {
    return policy::judge_recipients(app, envelope_for(1), facts_of("n"), true).refusal->sentence;
  };
  CHECK(sentence() ==
        "Not sent: mail of site goes to recipients it reached before alone (a bought list), and "
        "person0@example.net is new. Contact the operator of the relay");
  app.standing_until = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2};
  CHECK(sentence().find("before alone until 2026-03-02 00:00 UTC (a bought list), and") !=
        std::string::npos);
}

TEST_CASE("the replies hold whole sentences however long the names are") {
  policy::AppFacts app = support::site();
  app.name = std::string(63, 'a');
  app.contact = std::string(200, 'c') + "@example.com";
  policy::Envelope envelope = envelope_for(1);
  envelope.forward_paths[0] = std::string(64, 'p') + "@" + std::string(180, 'd') + ".example";
  for (const std::string_view letter : {"s", "n"}) {
    const auto verdict = policy::judge_recipients(app, envelope, facts_of(letter), true);
    REQUIRE(verdict.refusal);
    const std::string wire = policy::reply_to(*verdict.refusal, "1234567890123").wire();
    CAPTURE(wire);
    CHECK(wire.size() < 300);
    CHECK(wire.find("... (1234567890123) [") ==
          (letter == "n" ? wire.find("... (") : std::string::npos));
    CHECK(wire.starts_with(letter == "s" ? "550 5.1.1 Not sent: " : "550 5.7.1 Not sent: "));
  }
}
