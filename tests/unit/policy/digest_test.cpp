#include "policy/digest.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace policy;
using namespace std::chrono_literals;

namespace {

constexpr auto noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;

Event refusal(std::string app,
              Reason reason,
              std::string sentence,
              std::chrono::minutes after,
              std::string reference) {
  Event event;
  event.kind = EventKind::refused;
  event.at = noon + after;
  event.app = std::move(app);
  event.reason = reason;
  event.detail = std::move(sentence);
  event.reference = std::move(reference);
  return event;
}

/// Two sites, and a client that is none's.
RefusalFold some_refusals() {
  RefusalFold fold;
  fold.take(refusal("shop",
                    Reason::attachment,
                    "Not sent: the attachment invoice-17.pdf is not allowed; put a link into the "
                    "mail instead",
                    0min,
                    "R1"));
  fold.take(refusal("shop",
                    Reason::attachment,
                    "Not sent: the attachment invoice-1234.pdf is not allowed; put a link into "
                    "the mail instead",
                    90min,
                    "R2"));
  fold.take(refusal("shop",
                    Reason::from_domain,
                    "Not sent: From is at gmail.com; send as web@example.com",
                    5min,
                    "R3"));
  fold.take(refusal(
      "blog", Reason::quota, "Not sent: the day's limit of 500 mails is reached", 200min, "R4"));
  fold.take(refusal("", Reason::auth_required, "Log in first", 7min, "R5"));
  return fold;
}

void check_golden(const std::string& name, const std::string& text) {
  CAPTURE(name);
  std::ifstream stream(std::string(POSTERN_GOLDEN "/") + name, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
  if (golden != text) std::ofstream("/tmp/postern_" + name, std::ios::binary) << text;
  CHECK(golden == text);
}

std::string message(const Digest& digest) {
  return message_of(letter_of(digest, "web@example.com"),
                    {"postern@example.com", "<ID@example.com>", "Sun, 22 Nov 2026 16:00:00 +0000"});
}

}  // namespace

TEST_SUITE("policy/digest") {
  TEST_CASE("a site's owner reads what was refused, how often, why and what to do") {
    Digest digest = some_refusals().digest("shop");
    digest.since = noon - 1h;
    digest.held.push_back({"shop", Reason::account_paused, 3});
    CHECK(sentence_of(digest) ==
          "3 mails of shop were refused since 2026-11-22 11:00 UTC, and 3 are held back.");
    check_golden("digest_site.eml", message(digest));
  }

  TEST_CASE("the operator reads of all sites, and what is known no more") {
    Digest digest = some_refusals().digest("");
    digest.since = noon - 1h;
    digest.unlisted = 7;
    digest.forgotten = 1200;
    digest.held.push_back({"blog", Reason::by_hand, 1});
    CHECK(digest.refusals() == 12);
    check_golden("digest_operator.eml", message(digest));
  }

  TEST_CASE("a site where nothing was refused has no digest unless mail is held") {
    Digest digest = some_refusals().digest("forum");
    CHECK(digest.empty());
    digest.held.push_back({"forum", Reason::domain, 1});
    CHECK_FALSE(digest.empty());
    CHECK(sentence_of(digest) == "1 mail of forum is held back.");
    CHECK(letter_of(digest, "x@example.com").subject == "1 mail of forum held back");
  }

  TEST_CASE("a flood of alike refusals is one line with its first and last time") {
    RefusalFold fold;
    for (int i = 0; i < 100'000; ++i)
      fold.take(refusal("shop",
                        Reason::quota,
                        "Not sent: " + std::to_string(i) + " mails since 10:00",
                        std::chrono::minutes(i % 600),
                        "R" + std::to_string(i)));
    CHECK(fold.kinds() == 1);
    const Digest digest = fold.digest("shop");
    REQUIRE(digest.refused.size() == 1);
    CHECK(digest.refused.front().count == 100'000);
    CHECK(digest.refused.front().first == noon);
    CHECK(digest.refused.front().last == noon + 599min);
    CHECK(digest.refused.front().reference == "R99999");
  }

  TEST_CASE("however many kinds there are memory and mail are bounded, and all are counted") {
    RefusalFold fold;
    const auto word = [](int number) {  // letters: numbers do not make a kind
      std::string text;
      for (; number > 0; number /= 26) text += static_cast<char>('a' + number % 26);
      return text;
    };
    for (int app = 0; app < 50; ++app)
      for (int i = 1; i <= 300; ++i)
        fold.take(
            refusal("app-" + word(app + 1), Reason::malformed, "Not sent: " + word(i), 0min, "R"));
    CHECK(fold.kinds() == RefusalFold::most_kinds);
    const Digest one = fold.digest("app-b");
    CHECK(one.refused.size() == most_digest_lines);
    CHECK(one.refusals() == 300);
    const Digest all = fold.digest("");
    CHECK(all.refused.size() == most_digest_lines);
    CHECK(all.refusals() == 50 * 300);
    CHECK(message(all).size() < 16'000);
  }

  TEST_CASE("foreign octets of a sentence cannot break out of their line") {
    RefusalFold fold;
    fold.take(refusal("shop",
                      Reason::malformed,
                      "Not sent: \r\n.\r\nBcc: all@example.com\xE2\x80\xAE" + std::string(900, 'x'),
                      0min,
                      "R\r\n1"));
    const std::string text = letter_of(fold.digest("shop"), "web@example.com").text;
    CHECK(text.find("\r\nBcc") == std::string::npos);
    CHECK(text.find("\r\n.\r\n") == std::string::npos);
    CHECK(text.find('\xE2') == std::string::npos);
    CHECK(text.size() < 1500);
  }
}
