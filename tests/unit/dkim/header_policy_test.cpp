#include "dkim/header_policy.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("dkim/header_policy");

TEST_CASE("a field that SES would act on, refuse or show is removed, and no other") {
  struct Row {
    std::string_view name;
    bool removed;
  };
  static const Row rows[] = {
      {"return-path", true},
      {"bcc", true},
      {"resent-bcc", true},
      {"dkim-signature", true},
      {"domainkey-signature", true},
      {"bounces-to", true},
      {"errors-to", true},
      {"feedback-id", true},
      {"x-ses-configuration-set", true},
      {"x-ses-", true},
      {"x-postern-queue", true},
      {"x-ses", false},
      {"x-session", false},
      {"x-mailer", false},
      {"cc", false},
      {"received", false},
      {"arc-seal", false},
      {"from", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(dkim::removed_on_release(row.name) == row.removed);
  }
}

TEST_CASE("SES's once-only list has each name it is documented with, and not To, Cc or Received") {
  static const std::string_view names[] = {"accept-language",
                                           "acceptlanguage",
                                           "archived-at",
                                           "auto-submitted",
                                           "bounces-to",
                                           "comments",
                                           "content-alternative",
                                           "content-base",
                                           "content-class",
                                           "content-description",
                                           "content-disposition",
                                           "content-duration",
                                           "content-id",
                                           "content-language",
                                           "content-length",
                                           "content-location",
                                           "content-md5",
                                           "content-transfer-encoding",
                                           "content-type",
                                           "date",
                                           "delivered-to",
                                           "disposition-notification-options",
                                           "disposition-notification-to",
                                           "dkim-signature",
                                           "domainkey-signature",
                                           "errors-to",
                                           "from",
                                           "importance",
                                           "in-reply-to",
                                           "keywords",
                                           "list-archive",
                                           "list-help",
                                           "list-id",
                                           "list-owner",
                                           "list-post",
                                           "list-subscribe",
                                           "list-unsubscribe",
                                           "list-unsubscribe-post",
                                           "message-context",
                                           "message-id",
                                           "mime-version",
                                           "organization",
                                           "original-from",
                                           "original-message-id",
                                           "original-recipient",
                                           "original-subject",
                                           "precedence",
                                           "priority",
                                           "references",
                                           "reply-to",
                                           "return-path",
                                           "return-receipt-to",
                                           "sender",
                                           "solicitation",
                                           "sensitivity",
                                           "subject",
                                           "thread-index",
                                           "thread-topic",
                                           "user-agent",
                                           "vbr-info"};
  for (const std::string_view name : names) {
    CAPTURE(name);
    CHECK(dkim::once_only(name));
  }
  for (const std::string_view name : {"to", "cc", "received", "x-mailer", "resent-from"}) {
    CAPTURE(name);
    CHECK_FALSE(dkim::once_only(name));
  }
}

TEST_CASE("a signature never covers what SES replaces, removes or adds") {
  static const std::string_view never[] = {"date",
                                           "message-id",
                                           "return-path",
                                           "bounces-to",
                                           "bcc",
                                           "received",
                                           "dkim-signature",
                                           "feedback-id",
                                           "x-ses-message-tags",
                                           "x-ses-outgoing"};
  for (const std::string_view name : never) {
    CAPTURE(name);
    CHECK_FALSE(dkim::covered_by_signature(name));
  }
}

TEST_SUITE_END();
