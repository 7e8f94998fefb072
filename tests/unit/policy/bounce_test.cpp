#include "policy/bounce.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

using policy::BounceReport;

TEST_CASE("a bounce is classified by type, subtype, and the status where SES gives one") {
  struct Row {
    BounceReport report;
    std::string_view expected;
    bool counted;
  };
  const auto rows = std::to_array<Row>({
      {{"Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"}, "mailbox", true},
      {{"Permanent", "General", "5.1.10", ""}, "mailbox", true},
      {{"Permanent", "General", "5.1.0", ""}, "mailbox", true},
      {{"Permanent", "General", "5.2.1", ""}, "mailbox", true},
      {{"Permanent", "NoEmail", "", ""}, "mailbox", true},
      {{"Permanent", "NoEmail", "5.7.1", ""}, "mailbox", true},
      {{"Permanent", "General", "5.1.7", ""}, "policy", true},
      {{"Permanent", "General", "5.1.8", ""}, "policy", true},
      {{"Permanent", "General", "5.7.1", "smtp; 550 5.7.1 spam"}, "policy", true},
      {{"Permanent", "General", "5.7.26", ""}, "policy", true},
      {{"Permanent", "General", "", ""}, "unspecific", true},
      {{"Permanent", "General", "5.0.0", "smtp; 550 mailbox disabled"}, "unspecific", true},
      {{"Permanent", "General", "5.2.2", ""}, "unspecific", true},
      {{"Permanent", "General", "5.4.1", ""}, "unspecific", true},
      {{"Permanent", "General", "4.1.1", ""}, "unspecific", true},
      {{"Permanent", "SomethingNew", "", ""}, "unspecific", true},
      {{"Permanent", "Suppressed", "5.1.1", ""}, "ses-list", true},
      {{"Permanent", "OnAccountSuppressionList", "5.1.1", ""}, "ses-list", false},
      {{"Permanent", "OnTenantSuppressionList", "5.1.1", ""}, "ses-list", false},
      {{"Permanent", "EmailValidationSuppressed", "5.1.1", ""}, "ses-list", false},
      {{"Permanent", "OnSomeNewSuppressionList", "5.1.1", ""}, "ses-list", false},
      {{"Permanent", "UnsubscribedRecipient", "5.1.1", ""}, "ses-list", false},
      {{"Transient", "General", "", ""}, "auto-reply", false},
      {{"Transient", "General", "4.4.7", "smtp; 554 4.4.7 Message expired"}, "soft", false},
      {{"Transient", "General", "", "smtp; 421 try later"}, "soft", false},
      {{"Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 mailbox full"}, "soft", false},
      {{"Transient", "MailboxFull", "", ""}, "soft", false},
      {{"Transient", "CustomTimeoutExceeded", "4.4.7", ""}, "soft", false},
      {{"Transient", "MessageTooLarge", "5.3.4", ""}, "content", false},
      {{"Transient", "ContentRejected", "5.6.0", ""}, "content", false},
      {{"Transient", "AttachmentRejected", "5.7.1", ""}, "content", false},
      {{"Undetermined", "Undetermined", "", ""}, "soft", false},
      {{"SomethingNew", "General", "5.1.1", ""}, "soft", false},
      {{"", "", "", ""}, "soft", false},
  });
  for (const Row& row : rows) {
    CAPTURE(row.report.type);
    CAPTURE(row.report.subtype);
    CAPTURE(row.report.status);
    CHECK(policy::word(policy::classify_bounce(row.report)) == row.expected);
    CHECK(policy::counted_by_aws(row.report) == row.counted);
  }
}

TEST_CASE("a status that is missing or says nothing is read from the front of the diagnostic") {
  struct Row {
    std::string_view status;
    std::string_view diagnostic;
    std::string_view expected;
  };
  const auto rows = std::to_array<Row>({
      {"", "smtp; 550 5.1.1 user unknown", "mailbox"},
      {"", "smtp;550 5.1.1 user unknown", "mailbox"},
      {"", "smtp; 550-5.1.1 The account does not exist.\n550 5.1.1 ok", "mailbox"},
      {"", "550 5.1.1 user unknown; sorry", "mailbox"},
      {"", "5.1.1", "mailbox"},
      {"", "X-Postfix; 5.7.1 no", "policy"},
      {"5.0.0", "smtp; 550 5.7.1 no", "policy"},
      {"5.0.0", "smtp; 550 5.2.1 disabled", "mailbox"},
      {"not a status", "smtp; 550 5.1.1", "mailbox"},
      {"5.7.1", "smtp; 550 5.1.1", "policy"},
      {" 5.1.1 (bad mailbox)", "", "mailbox"},
      // What a recipient's server says further on is anybody's text.
      {"", "smtp; 550 see 5.1.1 <5.1.1@example.org>", "unspecific"},
      {"", "smtp; 550 <a;550 5.1.1 b>", "unspecific"},
      {"", "smtp; 550\t5.1.1", "unspecific"},
      {"", "smtp; 550  5.1.1", "mailbox"},
      {"", "smtp; 5501 5.1.1", "unspecific"},
      {"", "smtp; 550 5.1.1.1", "unspecific"},
      {"", "smtp; 550 5.1.", "unspecific"},
      {"", "smtp; 550 5..1", "unspecific"},
      {"", "smtp; 550 99999999999999999999.1.1", "unspecific"},
      {"", "smtp; 550 5.4294967297.1", "unspecific"},
      {"", "smtp; 550 -5.1.1", "unspecific"},
      {"", ";", "unspecific"},
      {"", "smtp;", "unspecific"},
      {"", "550", "unspecific"},
      {"", "550 ", "unspecific"},
      {"5", "", "unspecific"},
  });
  for (const Row& row : rows) {
    CAPTURE(row.status);
    CAPTURE(row.diagnostic);
    const BounceReport report{"Permanent", "General", row.status, row.diagnostic};
    CHECK(policy::word(policy::classify_bounce(report)) == row.expected);
  }
}

TEST_CASE("every cut of a diagnostic and every odd octet in it is read without harm") {
  const std::string whole = "smtp; 550-5.1.1 gone";
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    for (int octet = 0; octet < 256; ++octet) {
      const std::string text = whole.substr(0, cut) + static_cast<char>(octet);
      const auto bounce = policy::classify_bounce({"Permanent", "General", "", text});
      CAPTURE(text);
      CHECK((bounce == policy::BounceClass::unspecific || text.starts_with("smtp; 550-5.")));
    }
  }
  const std::string long_text(1U << 20U, '5');
  CHECK(policy::classify_bounce({"Permanent", "General", long_text, long_text}) ==
        policy::BounceClass::unspecific);
}

TEST_CASE("a complaint is one unless SES answers for its list or somebody took a message back") {
  CHECK(policy::counted_by_aws({"", "abuse", 1}));
  CHECK(policy::counted_by_aws({"", "", 1}));
  CHECK(policy::counted_by_aws({"", "something-new", 3}));
  CHECK_FALSE(policy::counted_by_aws({"", "not-spam", 1}));
  CHECK_FALSE(policy::counted_by_aws({"OnAccountSuppressionList", "", 1}));
}

TEST_CASE("the words of the classes are read back") {
  for (const policy::BounceClass bounce : policy::bounce_classes)
    CHECK(policy::bounce_class_of(policy::word(bounce)) == bounce);
  CHECK(policy::bounce_class_of("hard") == std::nullopt);
}
