#include "dkim/signer.hpp"

#include "dkim/mend.hpp"
#include "dkim/verifier.hpp"
#include "mail/header_fields.hpp"
#include "rfc_keys.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace {

const auto noon = std::chrono::sys_seconds(std::chrono::seconds(1795255200));

std::string signature(dkim::Library& library, std::string_view key, std::string_view message) {
  const auto signer =
      dkim::make_signer(library, dkim::read_key(key, true).value(), "example.com", "p1").value();
  const auto field = signer.sign(message, noon);
  return field ? *field : "failed: " + field.error().sentence();
}

/// The names in h=, in lower case.
std::string covered(std::string_view message) {
  dkim::Library library;
  std::string field = signature(library, dkim::test::rfc8463_key, message);
  std::erase_if(field, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  const auto start = field.find(";h=") + 3;
  return mail::to_lower(field.substr(start, field.find(';', start) - start));
}

constexpr std::string_view drupal_message =
    "From: Example Site <noreply@example.com>\r\n"
    "To: alice@example.org\r\n"
    "Subject: Replacement login information\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
    "Message-ID: <m@example.com>\r\n"
    "\r\n"
    "alice,  \r\n\r\nA request to reset the password.\r\n\r\n\r\n";

}  // namespace

TEST_SUITE_BEGIN("dkim/signer");

TEST_CASE("a signature of a given moment is always the same, folded with CRLF") {
  dkim::Library library;
  CHECK(signature(library, dkim::test::rfc6376_key, drupal_message) ==
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=p1;\r\n"
        "\tt=1795255200; bh=rfdTIH42NnxQ44omtw2sUM4UJ6qtU1buCsvAcluLDfQ=;\r\n"
        "\th=From:To:Subject:MIME-Version:Content-Type:From:To:Cc:Subject:\r\n"
        "\t Reply-To;\r\n"
        "\tb=wOEQPWJGD12BoArLak1rIvdmFk5DyQhp27evrPsBrnwP2+AcCathbrIovFsNMv001\r\n"
        "\t Z3zG8VinaWqmPNsPqX9Zd+9J5Ku+aVH9y/XpttIq97LyTbboBSL7lhtW894a5NhBXR\r\n"
        "\t tQJdaVSs+tfE7WZ7Wp2BlLBy6RTEafq+sJMMVIzE=\r\n");
  CHECK(signature(library, dkim::test::rfc8463_key, drupal_message) ==
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com;\r\n"
        "\ts=p1; t=1795255200; bh=rfdTIH42NnxQ44omtw2sUM4UJ6qtU1buCsvAcluLDfQ=;\r\n"
        "\th=From:To:Subject:MIME-Version:Content-Type:From:To:Cc:Subject:\r\n"
        "\t Reply-To;\r\n"
        "\tb=PxzL41shv1b47lKayc0reQvrod6PzjvMQSFwMuQuaCnb++nysTnfUIIZnzV+9WJLN\r\n"
        "\t iRYV/6etZRJ29IWtMOLAQ==\r\n");
}

TEST_CASE("h= names each listed field that is present, and five of them once more") {
  struct Row {
    std::string_view message;
    std::string_view covered;
  };
  static const Row rows[] = {
      {"From: a\r\n\r\n", "from:from:to:cc:subject:reply-to"},
      {"From: a\r\nTo: b\r\nTo: c\r\nCc: d\r\n\r\n", "from:to:to:cc:from:to:cc:subject:reply-to"},
      {"X-SES-CONFIGURATION-SET: x\r\nReceived: x\r\nDate: x\r\nMessage-ID: x\r\nFrom: "
       "a\r\nX-Mailer: x\r\n\r\n",
       "from:from:to:cc:subject:reply-to"},
      {"sender: a\r\nfrom: a\r\nreply-to: a\r\nto: a\r\ncc: a\r\nsubject: a\r\nmime-version: "
       "a\r\ncontent-type: a\r\n"
       "content-transfer-encoding: a\r\nin-reply-to: a\r\nreferences: a\r\nauto-submitted: "
       "a\r\nlist-unsubscribe: a\r\n"
       "list-unsubscribe-post: a\r\nlist-id: a\r\nprecedence: a\r\n\r\n",
       "sender:from:reply-to:to:cc:subject:mime-version:content-type:content-transfer-encoding:in-"
       "reply-to:references:"
       "auto-submitted:list-unsubscribe:list-unsubscribe-post:from:to:cc:subject:reply-to"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    CHECK(covered(row.message) == row.covered);
  }
}

TEST_CASE("a message that must not be signed is not") {
  dkim::Library library;
  CHECK(signature(library, dkim::test::rfc8463_key, "Subject: no From\r\n\r\n")
            .starts_with(
                "failed: The message could not be signed for example.com: libopendkim says"));
  CHECK(signature(library, dkim::test::rfc8463_key, "dkim-signature : v=1\r\nFrom: a\r\n\r\n") ==
        "failed: The message has a DKIM-Signature already: mend it first.");
  CHECK(signature(library, dkim::test::rfc8463_key, "From: a\r\nno field\r\n\r\n") ==
        "failed: The message has a line that is no header field: mend it first.");
  const auto signer =
      dkim::make_signer(
          library, dkim::read_key(dkim::test::rfc8463_key).value(), "example.com", "p1")
          .value();
  CHECK(signer.sign("From: a\r\n\r\n", std::chrono::system_clock::time_point()).has_error());
}

TEST_CASE("a mended message of more fields than the reader takes at once is signed whole") {
  dkim::Library library;
  std::string message = "From: a@example.com\r\n";
  for (std::size_t i = 1; i < mail::max_header_fields; ++i) message += "X: y\r\n";
  const dkim::MendFacts facts{"d", "relay.example.com", "Q1", {{"X-SES-MESSAGE-TAGS", "app=shop"}}};
  const std::string mended = dkim::mend(message + "\r\nbody\r\n", facts).value();
  const auto key = dkim::read_key(dkim::test::rfc8463_key).value();
  const std::string field =
      dkim::make_signer(library, key, "example.com", "p1").value().sign(mended, noon).value();
  CHECK(dkim::verify(library, field + mended, {"example.com", "p1", key.public_record()})
            .has_value());
}

TEST_CASE("a signature field has no line over 998 octets, however long the names are") {
  dkim::Library library;
  std::string domain;
  for (int i = 0; i < 25; ++i) domain += "abcdefghi.";
  domain += "abc";
  const auto key = dkim::read_key(dkim::test::rfc8463_key).value();
  const std::string field = dkim::make_signer(library, key, domain, std::string(63, 's'))
                                .value()
                                .sign(drupal_message, noon)
                                .value();
  std::size_t start = 0;
  while (start < field.size()) {
    const std::size_t end = field.find("\r\n", start);
    REQUIRE(end != std::string::npos);
    CHECK(end - start <= 998);
    start = end + 2;
  }
}

TEST_CASE("a domain or selector that is no name is refused before anything is signed with it") {
  dkim::Library library;
  const auto key = dkim::read_key(dkim::test::rfc8463_key).value();
  for (const std::string name : {"", "a;b", "a b", "a\r\nb", "bü", ".a", "a.", "a..b"}) {
    CAPTURE(name);
    CHECK(dkim::make_signer(library, key, name, "p1").has_error());
    CHECK(dkim::make_signer(library, key, "example.com", name).has_error());
  }
  CHECK(dkim::make_signer(library, key, std::string(254, 'a'), "p1").has_error());
  CHECK(dkim::make_signer(library, key, "example.com", std::string(64, 'a')).has_error());
}

TEST_SUITE_END();
