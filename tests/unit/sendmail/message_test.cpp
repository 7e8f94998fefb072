#include "relay/sendmail/message.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using Paths = std::vector<std::string>;
using sendmail::Request;
using sendmail::Settings;

const sendmail::Circumstances now{
    "Sun, 22 Nov 2026 10:00:00 +0000", "1795341600.abc", "web1", "www-data"};

const std::string complete =
    "From: Site <site@example.com>\r\nTo: a@example.net\r\nSubject: Hi\r\n"
    "Date: Mon, 06 Jan 2025 10:00:00 +0100\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n";

Request by_header() {
  Request request;
  request.header_recipients = true;
  return request;
}

Request to(std::string recipient) {
  Request request;
  request.recipients = {std::move(recipient)};
  return request;
}

sendmail::Outgoing prepared(const Request& request,
                            const std::string& octets,
                            const Settings& settings = {}) {
  const auto outgoing = sendmail::prepare(request, settings, now, octets);
  REQUIRE_MESSAGE(outgoing.has_value(), outgoing.error().sentence());
  return *outgoing;
}

sendmail::Trouble refused(const Request& request,
                          const std::string& octets,
                          const Settings& settings = {}) {
  const auto outgoing = sendmail::prepare(request, settings, now, octets);
  REQUIRE_FALSE(outgoing.has_value());
  return outgoing.error();
}

}  // namespace

TEST_SUITE("preparing a message") {
  TEST_CASE("a complete message goes out as it is") {
    const auto outgoing = prepared(by_header(), complete);
    CHECK(outgoing.octets == complete);
    CHECK(outgoing.envelope.reverse_path == "site@example.com");
    CHECK(outgoing.envelope.forward_paths == Paths{"a@example.net"});
  }

  TEST_CASE("-t takes To, Cc and Bcc, each address once, beside the arguments; Bcc is removed") {
    Request request = by_header();
    request.recipients = {"z@example.net, a@example.net"};
    const auto outgoing =
        prepared(request,
                 "From: s@example.com\r\nTo: A <a@example.net>,\r\n b@example.net\r\n"
                 "cc: c@example.net\r\nBCC: d@example.net,\r\n e@example.net\r\n"
                 "Subject: x\r\n\r\nBcc: not@example.net\r\n");
    CHECK(outgoing.envelope.forward_paths == Paths{"z@example.net",
                                                   "a@example.net",
                                                   "b@example.net",
                                                   "c@example.net",
                                                   "d@example.net",
                                                   "e@example.net"});
    const std::string header = outgoing.octets.substr(0, outgoing.octets.find("\r\n\r\n"));
    CHECK(header.find("d@example.net") == std::string::npos);
    CHECK(header.find("e@example.net") == std::string::npos);
    CHECK(header.find("To: A <a@example.net>,\r\n b@example.net\r\n") != std::string::npos);
    CHECK(outgoing.octets.ends_with("\r\n\r\nBcc: not@example.net\r\n"));
  }

  TEST_CASE("without -t the header names nobody, and Bcc is removed all the same") {
    const auto outgoing =
        prepared(to("x@example.net"),
                 "From: s@example.com\r\nTo: a@example.net\r\nBcc: b@example.net\r\n\r\n");
    CHECK(outgoing.envelope.forward_paths == Paths{"x@example.net"});
    CHECK(outgoing.octets.find("b@example.net") == std::string::npos);
  }

  TEST_CASE("-t with Resent- fields takes those alone") {
    const auto outgoing = prepared(by_header(),
                                   "From: s@example.com\r\nTo: a@example.net\r\nResent-To: "
                                   "r@example.net\r\nResent-Bcc: h@example.net\r\n\r\n");
    CHECK(outgoing.envelope.forward_paths == Paths{"r@example.net", "h@example.net"});
    CHECK(outgoing.octets.find("h@example.net") == std::string::npos);
  }

  TEST_CASE("the sender is -f, then the configured one, then Sender, From, and the user") {
    Settings configured;
    configured.from = "conf@example.com";
    configured.domain = "example.com";
    Request with_path = to("a@example.net");
    with_path.reverse_path = "f@example.com";
    const std::string both = "From: From <from@example.com>\r\nSender: sender@example.com\r\n\r\n";
    CHECK(prepared(with_path, both, configured).envelope.reverse_path == "f@example.com");
    CHECK(prepared(to("a@example.net"), both, configured).envelope.reverse_path ==
          "conf@example.com");
    CHECK(prepared(to("a@example.net"), both).envelope.reverse_path == "sender@example.com");
    CHECK(prepared(to("a@example.net"), "From: x@example.com, y@example.com\r\n\r\n")
              .envelope.reverse_path == "x@example.com");
    CHECK(prepared(to("a@example.net"), "Subject: x\r\n\r\n").envelope.reverse_path ==
          "www-data@web1");
    with_path.reverse_path = "";
    CHECK(prepared(with_path, both, configured).envelope.reverse_path.empty());
    with_path.reverse_path = "root";
    CHECK(prepared(with_path, both, configured).envelope.reverse_path == "root@example.com");
  }

  TEST_CASE("Date, Message-ID and From are added where they are missing, never twice") {
    Settings settings;
    settings.from = "site@example.com";
    settings.domain = "example.com";
    const auto outgoing = prepared(to("a@example.net"), "subject: x\r\n\r\nHello.\r\n", settings);
    CHECK(outgoing.octets ==
          "subject: x\r\nFrom: site@example.com\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
          "Message-ID: <1795341600.abc@example.com>\r\n\r\nHello.\r\n");
    const auto again = prepared(to("a@example.net"), outgoing.octets, settings);
    CHECK(again.octets == outgoing.octets);
    Request from_nobody = to("a@example.net");
    from_nobody.reverse_path = "";
    CHECK(prepared(from_nobody, "Subject: x\r\n\r\n", settings)
              .octets.find("From: site@example.com\r\n") != std::string::npos);
  }

  TEST_CASE("-F names the author of a message without From") {
    struct Row {
      const char* name;
      const char* expected;
    };
    for (const Row& row :
         {Row{"CronDaemon", "From: \"CronDaemon\" <root@example.com>\r\n"},
          Row{"A \"b\" \\ c", "From: \"A \\\"b\\\" \\\\ c\" <root@example.com>\r\n"},
          Row{"J\xc3\xb6rg", "From: =?utf-8?B?SsO2cmc=?= <root@example.com>\r\n"}}) {
      CAPTURE(row.name);
      Request request = to("a@example.net");
      request.reverse_path = "root@example.com";
      request.full_name = row.name;
      CHECK(prepared(request, "Subject: x\r\n\r\n").octets.find(row.expected) != std::string::npos);
      CHECK(prepared(request, complete).octets == complete);
    }
  }

  TEST_CASE("a long name becomes encoded words that split no character") {
    Request request = to("a@example.net");
    request.reverse_path = "root@example.com";
    for (int i = 0; i < 60; ++i) request.full_name += "\xc3\xb6";
    request.full_name.insert(0, "x");
    const std::string octets = prepared(request, "Subject: x\r\n\r\n").octets;
    // 1 + 44 octets, then 45 - 1 and so on: no word may begin within a character.
    CHECK(octets.find(
              "From: =?utf-8?B?eMO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2?= "
              "=?utf-8?B?w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7Y=?= ") !=
          std::string::npos);
  }

  TEST_CASE("cron's addresses without a domain get the configured one, in envelope and header") {
    Settings settings;
    settings.domain = "example.com";
    const std::string mail =
        "From: root (Cron Daemon)\r\nTo: root\r\nReply-To: Root <root>, x@example.net\r\n\r\n";
    const auto outgoing = prepared(to("root"), mail, settings);
    CHECK(outgoing.envelope.reverse_path == "root@example.com");
    CHECK(outgoing.envelope.forward_paths == Paths{"root@example.com"});
    CHECK(
        outgoing.octets.starts_with("From: root@example.com (Cron Daemon)\r\n"
                                    "To: root@example.com\r\n"
                                    "Reply-To: Root <root@example.com>, x@example.net\r\n"));
    settings.local_recipient = "ops@example.org";
    CHECK(prepared(to("root"), mail, settings).envelope.forward_paths == Paths{"ops@example.org"});
  }

  TEST_CASE("a name without a domain, and none to put behind it, is EX_NOUSER") {
    const auto trouble = refused(to("root"), complete);
    CHECK(trouble.exit_code() == 67);
    CHECK(trouble.sentence().find("/etc/postern/sendmail.yml") != std::string::npos);
  }

  TEST_CASE("text without a header is all body; an mbox line is dropped") {
    const auto outgoing = prepared(to("a@example.net"), "Just text here\r\nsecond line\r\n");
    CHECK(outgoing.octets.ends_with("\r\n\r\nJust text here\r\nsecond line\r\n"));
    CHECK(outgoing.octets.starts_with("From: "));
    CHECK(prepared(to("a@example.net"), "\r\nBody\r\n").octets.ends_with("\r\n\r\nBody\r\n"));
    CHECK(prepared(to("a@example.net"), "").octets.ends_with("\r\n\r\n"));
    CHECK(prepared(by_header(), "From www-data Mon Jan  6 10:00:00 2025\r\n" + complete).octets ==
          complete);
    CHECK(prepared(to("a@example.net"), "From here on").octets.ends_with("\r\n\r\n"));
  }

  TEST_CASE("what cannot be sent says why, with its own exit code") {
    CHECK(refused(Request(), complete).exit_code() == 64);
    CHECK(refused(by_header(), "From: s@example.com\r\nTo: undisclosed-recipients:;\r\n\r\n")
              .exit_code() == 65);
    CHECK(refused(by_header(), "From: s@example.com\r\nTo: a b c\r\n\r\n").exit_code() == 65);
    const auto broken =
        refused(to("a@example.net"), "Subject: x\r\nno field here\r\n\r\nHello.\r\n");
    CHECK(broken.exit_code() == 65);
    CHECK(broken.sentence().find("`no field here`") != std::string::npos);
    CHECK(refused(to("a@example.net"), "X: " + std::string(70000, 'x') + "\r\n\r\n").exit_code() ==
          65);
  }

  TEST_CASE("a thousand recipients are sent to, one more is not") {
    std::string list;
    for (std::size_t i = 0; i < sendmail::max_recipients; ++i)
      list += "a" + std::to_string(i) + "@example.net,";
    CHECK(prepared(to(list), complete).envelope.forward_paths.size() == sendmail::max_recipients);
    CHECK(refused(to(list + "more@example.net"), complete).exit_code() == 65);
  }
}
