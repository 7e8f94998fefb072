#include "relay/proto/reply_class.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace smtp {
namespace {

const policy::Envelope shop{"shop@example.com", {"a@example.net", "b@example.net"}};

std::string_view classified(Phase phase,
                            int code,
                            std::string_view text,
                            const policy::Envelope& envelope = shop) {
  return word(classify(phase, UpstreamReply{code, std::string(text)}, false, envelope));
}

/// A reply of ses.md with where it comes and what it means.
struct Row {
  Phase phase;
  int code;
  std::string_view text;
  ReplyClass means;
};

constexpr std::string_view unverified_sender =
    "Message rejected: Email address is not verified. The following identities failed the check in "
    "region US-EAST-1: ";

const std::vector<Row> replies{
    {Phase::end_of_data, 250, "Ok 0106019dec617b98-5f3c-000000", ReplyClass::taken},
    {Phase::greeting,
     421,
     "Too many concurrent SMTP connections",
     ReplyClass::too_many_connections},
    {Phase::hello, 421, "Too many concurrent SMTP connections", ReplyClass::too_many_connections},
    {Phase::mail,
     421,
     "Connection closed by server. Maximum message count per session reached.",
     ReplyClass::session_over},
    {Phase::data,
     421,
     "Connection closed by server. Maximum message count per session reached.",
     ReplyClass::session_over},
    {Phase::mail,
     421,
     "Connection closed by server. Too many messages in one session",
     ReplyClass::session_over},
    {Phase::rcpt, 451, "Temporary service failure", ReplyClass::transient},
    {Phase::end_of_data, 454, "Temporary service failure", ReplyClass::transient},
    {Phase::mail, 451, "4.4.2 Timeout waiting for data from client.", ReplyClass::session_over},
    {Phase::idle, 451, "4.4.2 Timeout waiting for data from client.", ReplyClass::session_over},
    {Phase::idle, 421, "Timeout waiting for data from client.", ReplyClass::session_over},
    {Phase::end_of_data,
     454,
     "Throttling failure: Maximum sending rate exceeded",
     ReplyClass::throttled},
    {Phase::end_of_data,
     454,
     "Throttling failure: Maximum SigV2 SMTP sending rate exceeded.",
     ReplyClass::throttled},
    {Phase::end_of_data,
     454,
     "Throttling failure: Daily message quota exceeded",
     ReplyClass::daily_quota},
    {Phase::auth, 454, "Temporary authentication failure", ReplyClass::transient},
    {Phase::mail, 501, "Invalid MAIL FROM address provided", ReplyClass::rejected},
    {Phase::rcpt, 501, "Invalid RCPT TO address provided", ReplyClass::rejected},
    {Phase::mail, 530, "Authentication required", ReplyClass::credentials},
    {Phase::auth, 535, "Authentication Credentials Invalid", ReplyClass::credentials},
    {Phase::auth, 535, "Account not subscribed to SES", ReplyClass::credentials},
    {Phase::end_of_data, 552, "Message is too long.", ReplyClass::rejected},
    {Phase::mail, 553, "<shop@@example.com> Invalid email address", ReplyClass::rejected},
    {Phase::rcpt, 553, "<a@@example.net> address unknown", ReplyClass::rejected},
    {Phase::end_of_data,
     554,
     "Access denied: User `arn:aws:iam::1:user/x' is not authorized to perform `ses:SendRawEmail' "
     "on resource `arn:aws:ses:eu-central-1:1:identity/example.com'",
     ReplyClass::credentials},
    {Phase::end_of_data,
     554,
     "Message rejected: Email address is not verified. The following identities failed the check "
     "in region US-EAST-1: shop@example.com",
     ReplyClass::identity},
    {Phase::end_of_data,
     554,
     "Message rejected: Email address is not verified. The following identities failed the check "
     "in region US-EAST-1: a@example.net, b@example.net",
     ReplyClass::recipients_unverified},
    {Phase::end_of_data,
     554,
     "Message rejected: Sending paused for this account. For more information, please check the "
     "inbox of the email address associated with your AWS account.",
     ReplyClass::account_paused},
    {Phase::end_of_data,
     554,
     "MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.",
     ReplyClass::mail_from_domain},
    {Phase::end_of_data,
     554,
     "Transaction failed: Duplicate header 'DKIM-Signature'.",
     ReplyClass::rejected},
    {Phase::end_of_data, 554, "Transaction failed: Duplicate header 'From'.", ReplyClass::rejected},
    {Phase::end_of_data,
     554,
     "Transaction failed: Illegal semicolon, not in group",
     ReplyClass::rejected},
    {Phase::end_of_data,
     554,
     "Transaction failed: Address contains illegal characters in user name: "
     "'<\"re:ceiver\"@example.net>'.",
     ReplyClass::rejected},
    {Phase::end_of_data, 554, "Transaction failed: Invalid domain name: 'x'", ReplyClass::rejected},
    {Phase::end_of_data,
     554,
     "Transaction failed: Local address contains control or whitespace",
     ReplyClass::rejected},
    {Phase::end_of_data, 554, "Transaction failed: Missing domain", ReplyClass::rejected},
    // What the same parser says to the API.
    {Phase::end_of_data, 554, "Duplicate header 'Content-Type'", ReplyClass::rejected},
    {Phase::end_of_data, 554, "Local address contains illegal character", ReplyClass::rejected},
    {Phase::end_of_data,
     554,
     "Message rejected: Local address contains control or whitespace",
     ReplyClass::rejected},
    {Phase::end_of_data, 554, "Missing domain", ReplyClass::rejected},
    // Named among the send errors, their SMTP text unpublished.
    {Phase::end_of_data,
     554,
     "There are non-ASCII characters in the email address",
     ReplyClass::rejected},
    {Phase::end_of_data, 554, "There are no recipients specified", ReplyClass::rejected},
    {Phase::end_of_data, 554, "Message rejected: Account is paused", ReplyClass::account_paused},
    {Phase::end_of_data, 554, "Mail FROM domain is not verified", ReplyClass::mail_from_domain},
    {Phase::end_of_data, 554, "Configuration set does not exist", ReplyClass::configuration_set},
    {Phase::end_of_data,
     554,
     "Message rejected: Configuration Set <drupal> does not exist.",
     ReplyClass::configuration_set},
    {Phase::end_of_data,
     554,
     "Transaction failed: Configuration set `drupal' does not exist.",
     ReplyClass::configuration_set},
    {Phase::end_of_data,
     554,
     "Message rejected: Sending paused for configuration set drupal",
     ReplyClass::configuration_set},
    {Phase::end_of_data, 554, "Tenant 'shop' does not exist", ReplyClass::configuration_set},
};

}  // namespace

TEST_SUITE("relay/proto/reply_class") {
  TEST_CASE(
      "each reply of SES has its class, in any case, with or without an enhanced status code") {
    for (const Row& row : replies) {
      CAPTURE(row.text);
      CHECK(classified(row.phase, row.code, row.text) == word(row.means));
      if (row.code < 400) continue;
      std::string shouted(row.text);
      for (char& c : shouted) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      CHECK(classified(row.phase, row.code, shouted) == word(row.means));
      const std::string enhanced = std::to_string(row.code / 100) + ".0.0  ";
      CHECK(classified(row.phase, row.code, enhanced + std::string(row.text)) == word(row.means));
    }
  }

  TEST_CASE("small changes of the wording do not change the class") {
    const std::vector<Row> rows{
        {Phase::end_of_data,
         454,
         "Throttling failure - maximum sending rate has been exceeded",
         ReplyClass::throttled},
        {Phase::end_of_data, 454, "Maximum sending rate exceeded.", ReplyClass::throttled},
        {Phase::end_of_data,
         554,
         "Throttling failure: Maximum sending rate exceeded",
         ReplyClass::throttled},
        {Phase::end_of_data, 454, "Daily sending quota exceeded", ReplyClass::daily_quota},
        {Phase::end_of_data,
         454,
         "Throttling failure: Message quota exceeded",
         ReplyClass::daily_quota},
        {Phase::end_of_data,
         454,
         "4.0.0 Maximum sending rate 4.0.0 exceeded",
         ReplyClass::throttled},
        {Phase::greeting,
         421,
         "4.7.0 Too many SMTP connections from this account",
         ReplyClass::too_many_connections},
        {Phase::end_of_data,
         554,
         "Message rejected: Sending is paused for the account",
         ReplyClass::account_paused},
        {Phase::end_of_data, 554, "Sending suspended", ReplyClass::account_paused},
        {Phase::end_of_data, 554, "Email address not verified", ReplyClass::identity},
        {Phase::end_of_data,
         554,
         "5.7.1 Message rejected: 5.7.1 Email  address\tis not verified.",
         ReplyClass::identity},
        {Phase::end_of_data, 554, "User is not authorized to send", ReplyClass::credentials},
        {Phase::mail,
         554,
         "5.7.1 <relay.example.com>: Client host rejected: Access denied",
         ReplyClass::credentials},
        {Phase::mail, 421, "Maximum message count reached", ReplyClass::session_over},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(classified(row.phase, row.code, row.text) == word(row.means));
    }
  }

  TEST_CASE("a code that no text explains is judged by its digit and phase") {
    const std::vector<Row> rows{
        {Phase::end_of_data, 554, "Nobody has seen this before", ReplyClass::unknown_permanent},
        {Phase::end_of_data, 554, "", ReplyClass::unknown_permanent},
        {Phase::mail, 550, "5.7.1 policy", ReplyClass::unknown_permanent},
        {Phase::data, 503, "bad sequence", ReplyClass::unknown_permanent},
        {Phase::rcpt, 503, "bad sequence", ReplyClass::unknown_permanent},
        {Phase::rcpt, 550, "5.1.1 user unknown", ReplyClass::rejected},
        {Phase::rcpt, 550, "no such mailbox", ReplyClass::rejected},
        {Phase::mail, 550, "5.1.8 no such sender domain", ReplyClass::rejected},
        {Phase::end_of_data, 550, "5.6.0 bad content", ReplyClass::rejected},
        {Phase::mail, 552, "5.3.4 too big", ReplyClass::rejected},
        {Phase::mail, 554, "5.3.4 too big", ReplyClass::rejected},
        {Phase::mail, 554, "5.3.5 misconfigured", ReplyClass::unknown_permanent},
        {Phase::end_of_data, 450, "greylisted", ReplyClass::transient},
        {Phase::end_of_data, 421, "Service shutting down", ReplyClass::transient},
        {Phase::end_of_data, 451, "Transaction failed: try later", ReplyClass::transient},
        {Phase::greeting, 554, "No SMTP service here", ReplyClass::credentials},
        {Phase::hello, 501, "bad name", ReplyClass::credentials},
        {Phase::starttls, 502, "not here", ReplyClass::credentials},
        {Phase::starttls, 454, "not now", ReplyClass::transient},
        {Phase::starttls, 250, "Ok", ReplyClass::credentials},
        {Phase::auth, 250, "Ok", ReplyClass::credentials},
        {Phase::auth, 334, "", ReplyClass::credentials},
        {Phase::auth, 504, "mechanism", ReplyClass::credentials},
        {Phase::auth, 553, "whatever", ReplyClass::credentials},
        {Phase::auth, 421, "later", ReplyClass::transient},
        {Phase::data, 535, "5.7.8 no longer", ReplyClass::credentials},
        {Phase::idle, 421, "bye", ReplyClass::session_over},
        {Phase::idle, 554, "bye", ReplyClass::session_over},
        {Phase::quit, 500, "what", ReplyClass::session_over},
        {Phase::greeting, 354, "go", ReplyClass::broken},
        {Phase::mail, 250, "Ok", ReplyClass::broken},
        {Phase::end_of_data, 354, "go", ReplyClass::broken},
        {Phase::end_of_data, 600, "", ReplyClass::broken},
        {Phase::end_of_data, -554, "", ReplyClass::broken},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CAPTURE(row.code);
      CHECK(classified(row.phase, row.code, row.text) == word(row.means));
    }
  }

  TEST_CASE("without a reply the phase and the final dot decide") {
    for (const Phase phase :
         {Phase::connect, Phase::greeting, Phase::auth, Phase::mail, Phase::rcpt, Phase::data}) {
      CHECK(classify(phase, std::nullopt, false, shop) == ReplyClass::broken);
    }
    CHECK(classify(Phase::idle, std::nullopt, false, shop) == ReplyClass::session_over);
    CHECK(classify(Phase::end_of_data, std::nullopt, true, shop) == ReplyClass::ambiguous);
  }

  TEST_CASE("words of the message that the upstream quotes hold nobody's mail") {
    const std::vector<Row> rows{
        {Phase::end_of_data,
         554,
         "Transaction failed: Address contains illegal characters in user name: '<\"sending paused "
         "for this account\"@example.net>'.",
         ReplyClass::rejected},
        {Phase::end_of_data,
         554,
         "Transaction failed: Invalid domain name: access denied",
         ReplyClass::rejected},
        {Phase::rcpt, 553, "<\"throttling\"@example.net> address unknown", ReplyClass::rejected},
        {Phase::rcpt,
         550,
         "<\"x>: access denied\"@example.net>: user unknown",
         ReplyClass::rejected},
        {Phase::rcpt, 550, "throttling@example.net unknown", ReplyClass::rejected},
        {Phase::end_of_data,
         554,
         "Bad words 'access denied' in Subject",
         ReplyClass::unknown_permanent},
        {Phase::end_of_data,
         554,
         "Bad words \"sending paused\" in Subject",
         ReplyClass::unknown_permanent},
        {Phase::end_of_data,
         554,
         "Refused. Subject was: sending paused for this account",
         ReplyClass::unknown_permanent},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(classified(row.phase, row.code, row.text) == word(row.means));
    }
    CHECK(classified(Phase::end_of_data,
                     554,
                     std::string(unverified_sender) + "sending paused <throttling@x.example>") ==
          word(ReplyClass::identity));
  }

  TEST_CASE("the list of unverified identities tells the sender from recipients") {
    struct List {
      std::string_view named;
      ReplyClass means;
    };
    const std::vector<List> rows{
        {"shop@example.com", ReplyClass::identity},
        {"SHOP@Example.COM", ReplyClass::identity},
        {"example.com", ReplyClass::identity},
        {"Shop <shop@example.com>, shop@example.com", ReplyClass::identity},
        {"yoyo <yoyo@other.example>, yoyo@other.example", ReplyClass::identity},
        {"a@example.net", ReplyClass::recipients_unverified},
        {"A@Example.Net, b@example.net", ReplyClass::recipients_unverified},
        {"Ann <a@example.net>, b@example.net.", ReplyClass::recipients_unverified},
        {"\"Doe, Ann\" <a@example.net>", ReplyClass::recipients_unverified},
        {"a@example.net, shop@example.com", ReplyClass::identity},
        {"a@example.net, example.com", ReplyClass::identity},
        {"a@example.net, editor@example.com", ReplyClass::identity},
        {"a@example.net, b@example.net...", ReplyClass::recipients_unverified},
        {"a@example.net, b@exam...", ReplyClass::recipients_unverified},
        {"a@example.net, b@exam\xE2\x80\xA6", ReplyClass::recipients_unverified},
        {"a@example.net, ...", ReplyClass::recipients_unverified},
        {"a@example.net, shop@exam...", ReplyClass::identity},
        {"a@exam...", ReplyClass::identity},
        {"a@example.net, b@exam", ReplyClass::identity},
        {"b@exam, a@example.net...", ReplyClass::identity},
        {"\"<Ann\" <a@example.net>", ReplyClass::recipients_unverified},
        {"...", ReplyClass::identity},
        {"", ReplyClass::identity},
        {", ,", ReplyClass::identity},
        {"<", ReplyClass::identity},
    };
    for (const List& row : rows) {
      CAPTURE(row.named);
      CHECK(classified(Phase::end_of_data,
                       554,
                       std::string(unverified_sender) + std::string(row.named)) == word(row.means));
    }
    CHECK(classified(Phase::end_of_data, 554, "Message rejected: Email address is not verified.") ==
          word(ReplyClass::identity));
    CHECK(
        classified(Phase::end_of_data, 554, "Email address is not verified in region US-EAST-1") ==
        word(ReplyClass::identity));
  }

  TEST_CASE("a sender who writes to himself counts as sender") {
    const policy::Envelope self{"shop@example.com", {"shop@example.com"}};
    CHECK(classified(
              Phase::end_of_data, 554, std::string(unverified_sender) + "shop@example.com", self) ==
          word(ReplyClass::identity));
  }

  TEST_CASE("each class has a word of its own") {
    std::set<std::string_view> words;
    constexpr int last = static_cast<int>(ReplyClass::ambiguous);
    for (int c = 0; c <= last; ++c) words.insert(word(static_cast<ReplyClass>(c)));
    CHECK(words.size() == last + 1);
    CHECK(!words.contains(""));
  }

  TEST_CASE(
      "the upstream closes after 421 and after its word for an idle session, whatever the phase") {
    CHECK(ends_session({421, ""}));
    CHECK(ends_session({451, "4.4.2 Timeout waiting for data from client."}));
    CHECK(!ends_session({451, "Temporary service failure"}));
    CHECK(!ends_session({454, "Throttling failure: Maximum sending rate exceeded"}));
    CHECK(!ends_session({250, "Ok timeout waiting"}));
  }

  TEST_CASE("the message id is read from 250 Ok with one word behind it") {
    struct Id {
      int code;
      std::string_view text;
      std::string_view id;
    };
    const std::string longest(128, 'a');
    const std::vector<Id> rows{
        {250, "Ok 0106019dec617b98-5f3c-000000", "0106019dec617b98-5f3c-000000"},
        {250, "OK  x ", "x"},
        {250, "2.0.0 Ok x", "x"},
        {250, "Ok", ""},
        {250, "", ""},
        {250, "Ok: queued as 4F2", ""},
        {250, "Ok a b", ""},
        {250, "Okay x", ""},
        {250, "Ok <script>", ""},
        {251, "Ok x", ""},
    };
    for (const Id& row : rows) {
      CAPTURE(row.text);
      CHECK(upstream_id({row.code, std::string(row.text)}) == row.id);
    }
    CHECK(upstream_id({250, "Ok " + longest}) == longest);
    CHECK(upstream_id({250, "Ok a" + longest}).empty());
  }
}

}  // namespace smtp
