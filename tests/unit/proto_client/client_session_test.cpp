#include "client_script.hpp"
#include "relay/proto/base64.hpp"
#include "relay/proto/client_session.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace smtp {
namespace {

constexpr std::string_view greeting =
    "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-GI38EMLB2 hkD7YwduxMJw9KrXpof7";
constexpr std::string_view offers =
    "250-email-smtp.amazonaws.com\n250-8BITMIME\n250-STARTTLS\n250-AUTH PLAIN LOGIN\n250 Ok";
constexpr std::string_view accepted = "250 Ok 0106019dec617b98-5f3c-000000";
constexpr std::string_view go_ahead = "354 End data with <CR><LF>.<CR><LF>";
constexpr std::string_view mail_from = "MAIL FROM:<shop@example.com> BODY=8BITMIME";
constexpr std::string_view rcpt_to = "RCPT TO:<a@example.net>";

ClientOptions account() {
  return {.hostname = "relay.example.com",
          .starttls = false,
          .user = "AKIAUSER",
          .password = "BMXhUYlu5Z3gSXVQ"};
}

std::string plain() {
  return "AUTH PLAIN " + base64_encode(std::string("\0AKIAUSER\0BMXhUYlu5Z3gSXVQ", 26));
}

policy::Envelope envelope(std::vector<std::string> forward_paths = {"a@example.net"}) {
  return {.reverse_path = "shop@example.com", .forward_paths = std::move(forward_paths)};
}

/// As SES speaks, up to Ready.
ClientScript signed_in() {
  ClientScript script(account());
  script.hears(greeting).says("EHLO relay.example.com", Phase::hello);
  script.hears(offers).says(plain(), Phase::auth);
  script.hears("235 Authentication successful.").ready();
  return script;
}

ClientScript& deliver_one(ClientScript& script) {
  script.delivers(envelope()).says(mail_from, Phase::mail);
  script.hears("250 Ok").says(rcpt_to, Phase::rcpt);
  script.hears("250 Ok").says("DATA", Phase::data);
  script.hears(go_ahead).sends_content();
  script.content_sent().awaits(Phase::end_of_data);
  return script.hears(accepted).finishes(Phase::end_of_data, 250);
}

void check_all(const ClientScript& script) {
  script.check();
  script.check_break_at_every_step();
  script.check_line_at_every_step("no reply of SMTP");
  script.check_line_at_every_step("421 4.3.2 Service going down");
}

/// What the session wants after `lines`, given one by one from the start.
ClientStep after(const ClientOptions& options, const std::vector<std::string>& lines) {
  ClientSession session(options);
  ClientStep step = session.start();
  for (const std::string& line : lines) step = session.resume(ReplyLine{line});
  return step;
}

}  // namespace

TEST_SUITE("relay/proto/client_session") {
  TEST_CASE("two messages leave on one session, lock-step, and QUIT ends it") {
    ClientScript script = signed_in();
    deliver_one(script);
    deliver_one(script);
    script.quits().says("QUIT", Phase::quit);
    script.hears("221 Bye").closes(Phase::quit, 221);
    check_all(script);
  }

  TEST_CASE("every forward path has its RCPT, in order") {
    ClientScript script = signed_in();
    script.delivers(envelope({"a@example.net", "b@example.net", "c@example.org"}))
        .says(mail_from, Phase::mail);
    script.hears("250 Ok").says("RCPT TO:<a@example.net>", Phase::rcpt);
    script.hears("250 Ok").says("RCPT TO:<b@example.net>", Phase::rcpt);
    script.hears("251 2.1.5 Will forward").says("RCPT TO:<c@example.org>", Phase::rcpt);
    script.hears("250 Ok").says("DATA", Phase::data);
    check_all(script);
  }

  TEST_CASE("with STARTTLS nothing but EHLO goes out in clear text, and EHLO is said afresh") {
    ClientOptions options = account();
    options.starttls = true;
    ClientScript script(options);
    script.hears(greeting).says("EHLO relay.example.com", Phase::hello);
    script.hears("250-host\n250-AUTH LOGIN\n250-SIZE 1000\n250 STARTTLS")
        .says("STARTTLS", Phase::starttls);
    script.hears("220 Ready to start TLS").starts_tls();
    script.encrypted().says("EHLO relay.example.com", Phase::hello);
    SUBCASE("what was offered in clear text is forgotten") {
      script.hears("250-host\n250 AUTH PLAIN").says(plain(), Phase::auth);
      script.hears("235 ok").ready();
      script.delivers(envelope(), 500).says("MAIL FROM:<shop@example.com>", Phase::mail);
    }
    SUBCASE("a second STARTTLS on offer is not taken") {
      script.hears(offers).says(plain(), Phase::auth);
    }
    check_all(script);
  }

  TEST_CASE("without the STARTTLS that is asked for the session ends, and says how to mend it") {
    ClientOptions options = account();
    options.starttls = true;
    ClientScript script(options);
    script.hears(greeting).says("EHLO relay.example.com", Phase::hello);
    script.hears("250-STARTTLS\n250-XSTARTTLS\n250 AUTH PLAIN").closes(Phase::starttls, 250);
    const ClientStep end = script.check();
    CHECK(std::get<ClientClose>(end.next).trouble.find("STARTTLS") != std::string_view::npos);
    script.check_break_at_every_step();
  }

  TEST_CASE("a refused STARTTLS ends the session in clear text") {
    ClientOptions options = account();
    options.starttls = true;
    ClientScript script(options);
    script.hears(greeting).says("EHLO relay.example.com", Phase::hello);
    script.hears(offers).says("STARTTLS", Phase::starttls);
    script.hears("454 TLS not available").closes(Phase::starttls, 454);
    check_all(script);
  }

  TEST_CASE("AUTH LOGIN is taken only where PLAIN is not offered") {
    ClientScript script(account());
    script.hears(greeting).says("EHLO relay.example.com", Phase::hello);
    script.hears("250-host\n250 auth login cram-md5").says("AUTH LOGIN", Phase::auth);
    script.hears("334 VXNlcm5hbWU6").says(base64_encode("AKIAUSER"), Phase::auth);
    script.hears("334 UGFzc3dvcmQ6").says(base64_encode("BMXhUYlu5Z3gSXVQ"), Phase::auth);
    script.hears("235 Authentication successful.").ready();
    check_all(script);
  }

  TEST_CASE("without a user there is no AUTH, with one and no mechanism no session") {
    ClientScript open({.hostname = "relay.example.com"});
    open.hears("220 hi").says("EHLO relay.example.com", Phase::hello);
    open.hears("250-host\n250 AUTH PLAIN").ready();
    check_all(open);

    ClientScript refused(account());
    refused.hears("220 hi").says("EHLO relay.example.com", Phase::hello);
    refused.hears("250-host\n250 AUTH XOAUTH2 PLAIN2").closes(Phase::auth, 250);
    CHECK(!std::get<ClientClose>(refused.check().next).trouble.empty());
  }

  TEST_CASE("a session that is refused before MAIL closes with the reply") {
    struct Row {
      std::string_view name;
      std::vector<std::string> lines;
      Phase phase;
      int code;
    };
    const std::vector<Row> rows{
        {"too many", {"421 Too many concurrent SMTP connections"}, Phase::greeting, 421},
        {"no service", {"554 No SMTP service here"}, Phase::greeting, 554},
        {"354 as greeting", {"354 go"}, Phase::greeting, 354},
        {"EHLO refused", {"220 hi", "550 who"}, Phase::hello, 550},
        {"password",
         {"220 hi", "250-h", "250 AUTH PLAIN", "535 Authentication Credentials Invalid"},
         Phase::auth,
         535},
        {"asked again", {"220 hi", "250-h", "250 AUTH PLAIN", "334 Ok"}, Phase::auth, 334},
        {"login", {"220 hi", "250-h", "250 AUTH LOGIN", "504 no"}, Phase::auth, 504},
        {"user", {"220 hi", "250-h", "250 AUTH LOGIN", "334 u", "235 what"}, Phase::auth, 235},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      const ClientStep step = after(account(), row.lines);
      REQUIRE(std::holds_alternative<ClientClose>(step.next));
      const auto& end = std::get<ClientClose>(step.next);
      CHECK(step.output.empty());
      CHECK(word(end.phase) == word(row.phase));
      REQUIRE(end.reply.has_value());
      CHECK(end.reply->code == row.code);
    }
  }

  TEST_CASE("SIZE is said only where it is offered and known, 8BITMIME where offered") {
    struct Row {
      std::string_view offered;
      std::uint64_t octets;
      std::string_view mail;
    };
    const std::vector<Row> rows{
        {"250 host", 4096, "MAIL FROM:<shop@example.com>"},
        {"250-host\n250 SIZE", 4096, "MAIL FROM:<shop@example.com> SIZE=4096"},
        {"250-host\n250 size 10485760", 4096, "MAIL FROM:<shop@example.com> SIZE=4096"},
        {"250-host\n250 SIZE 10485760", 0, "MAIL FROM:<shop@example.com>"},
        {"250-SIZE 8BITMIME\n250 X-SIZE", 4096, "MAIL FROM:<shop@example.com>"},
        {"250-host\n250-SIZE 0\n250 8bitmime",
         1,
         "MAIL FROM:<shop@example.com> SIZE=1 BODY=8BITMIME"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.offered);
      ClientScript script({.hostname = "r"});
      script.hears("220 hi").says("EHLO r", Phase::hello).hears(row.offered).ready();
      script.delivers(envelope(), row.octets).says(row.mail, Phase::mail);
      check_all(script);
    }
  }

  TEST_CASE("after a refused MAIL, RCPT or DATA the session goes on with RSET") {
    ClientScript script = signed_in();
    SUBCASE("MAIL") {
      script.delivers(envelope()).says(mail_from, Phase::mail);
      script.hears("501 Invalid MAIL FROM address provided").finishes(Phase::mail, 501);
    }
    SUBCASE("RCPT") {
      script.delivers(envelope({"b@example.net", "a@example.net"})).says(mail_from, Phase::mail);
      script.hears("250 Ok").says("RCPT TO:<b@example.net>", Phase::rcpt);
      script.hears("501 Invalid RCPT TO address provided").finishes(Phase::rcpt, 501);
    }
    SUBCASE("DATA") {
      script.delivers(envelope()).says(mail_from, Phase::mail);
      script.hears("250 Ok").says(rcpt_to, Phase::rcpt);
      script.hears("250 Ok").says("DATA", Phase::data);
      script.hears("451 Temporary service failure").finishes(Phase::data, 451);
    }
    script.delivers(envelope()).says("RSET", Phase::mail);
    script.hears("250 Ok").says(mail_from, Phase::mail);
    script.hears("250 Ok").says(rcpt_to, Phase::rcpt);
    script.hears("250 Ok").says("DATA", Phase::data);
    script.hears(go_ahead).sends_content();
    script.content_sent().awaits(Phase::end_of_data);
    script.hears(accepted).finishes(Phase::end_of_data, 250);
    script.delivers(envelope()).says(mail_from, Phase::mail);
    check_all(script);
  }

  TEST_CASE("a message refused after the dot leaves the session usable without RSET") {
    ClientScript script = signed_in();
    script.delivers(envelope()).says(mail_from, Phase::mail);
    script.hears("250 Ok").says(rcpt_to, Phase::rcpt);
    script.hears("250 Ok").says("DATA", Phase::data);
    script.hears(go_ahead).sends_content();
    script.content_sent().awaits(Phase::end_of_data);
    script.hears("454 Throttling failure: Maximum sending rate exceeded")
        .finishes(Phase::end_of_data, 454);
    deliver_one(script);
    check_all(script);
  }

  TEST_CASE("a refused RSET never fails the message that waits behind it") {
    ClientScript script = signed_in();
    script.delivers(envelope()).says(mail_from, Phase::mail);
    script.hears("550 no").finishes(Phase::mail, 550);
    script.delivers(envelope()).says("RSET", Phase::mail);
    SUBCASE("5yz") { script.hears("502 what").breaks_off(Phase::idle, false); }
    SUBCASE("4yz") { script.hears("451 later").finishes(Phase::mail, 451, true); }
    SUBCASE("positive of another kind") { script.hears("354 go").breaks_off(Phase::idle, false); }
    script.check();
  }

  TEST_CASE(
      "421, and SES's word for an idle session, close the connection behind the transaction") {
    ClientScript script = signed_in();
    script.delivers(envelope()).says(mail_from, Phase::mail);
    SUBCASE("421") {
      script.hears("421 Connection closed by server. Maximum message count per session reached.")
          .finishes(Phase::mail, 421, true);
    }
    SUBCASE("451 4.4.2") {
      script.hears("451 4.4.2 Timeout waiting for data from client.")
          .finishes(Phase::mail, 451, true);
    }
    SUBCASE("another 451 does not") {
      script.hears("451 Temporary service failure").finishes(Phase::mail, 451, false);
    }
    script.check();
    script.check_break_at_every_step();
  }

  TEST_CASE("what is no answer to its command breaks the transaction off") {
    ClientScript script = signed_in();
    script.delivers(envelope()).says(mail_from, Phase::mail);
    SUBCASE("354 to MAIL") { script.hears(go_ahead).breaks_off(Phase::mail, false); }
    SUBCASE("later") {
      script.hears("250 Ok").says(rcpt_to, Phase::rcpt);
      script.hears("250 Ok").says("DATA", Phase::data);
      SUBCASE("250 to DATA") { script.hears("250 Ok").breaks_off(Phase::data, false); }
      SUBCASE("354 after the dot leaves it ambiguous") {
        script.hears(go_ahead).sends_content();
        script.content_sent().awaits(Phase::end_of_data);
        script.hears(go_ahead).breaks_off(Phase::end_of_data, true);
      }
      SUBCASE("250 ahead of the dot leaves it ambiguous") {
        script.hears(go_ahead).sends_content();
        script.hears("250 Ok").breaks_off(Phase::end_of_data, true);
      }
      SUBCASE("content that was held back leaves nothing in doubt") {
        script.hears(go_ahead).sends_content();
        script.content_withheld().breaks_off(Phase::data, false);
      }
      SUBCASE(
          "a refusal ahead of the dot is a reply, and nothing may follow the half-written "
          "content") {
        script.hears(go_ahead).sends_content();
        script.hears("552 Message is too long.").finishes(Phase::end_of_data, 552, true);
      }
    }
    script.check();
  }

  TEST_CASE("a break ahead of MAIL's reply speaks against a fresh session only") {
    ClientScript fresh = signed_in();
    fresh.delivers(envelope()).says(mail_from, Phase::mail).breaks().breaks_off(Phase::mail, false);
    fresh.check();

    ClientScript used = signed_in();
    deliver_one(used);
    used.delivers(envelope()).says(mail_from, Phase::mail).breaks().breaks_off(Phase::idle, false);
    used.check();

    ClientScript later = signed_in();
    deliver_one(later);
    later.delivers(envelope()).says(mail_from, Phase::mail);
    later.hears("250 Ok").says(rcpt_to, Phase::rcpt).breaks().breaks_off(Phase::rcpt, false);
    later.check();
  }

  TEST_CASE("what the upstream says of itself while idle closes the session with its reply") {
    ClientScript script = signed_in();
    script.hears("451-4.4.2 Timeout waiting for data from client.\n451 4.4.2 bye")
        .closes(Phase::idle, 451);
    script.check();
  }

  TEST_CASE("a message that comes while the upstream is halfway through a reply is not sent") {
    ClientScript script = signed_in();
    script.hears("451-4.4.2 Timeout").awaits(Phase::idle);
    SUBCASE("Deliver") { script.delivers(envelope()).closes(Phase::idle); }
    SUBCASE("Quit") { script.quits().closes(Phase::idle); }
    script.check();
  }

  TEST_CASE("an envelope that is no command is not sent, and the session goes on") {
    const std::vector<policy::Envelope> rows{
        {"shop@example.com", {}},
        {"shop@example.com", {""}},
        {"shop@example.com", {"a@example.net", "b@example.net>\r\nRCPT TO:<c@example.net"}},
        {"shop@example.com\r\n", {"a@example.net"}},
        {"shop@example.com> SIZE=0", {"a@example.net"}},
        {"shop@example.com", {"a@exa\x7Fmple.net"}},
        {"shop@example.com", {std::string("a\0@example.net", 14)}},
        {"shop@example.com", {"\"a>@example.net"}},
    };
    for (const policy::Envelope& row : rows) {
      CAPTURE(row.reverse_path);
      ClientScript script = signed_in();
      script.delivers(row).finishes(Phase::mail, 0);
      script.delivers(envelope()).says(mail_from, Phase::mail);
      script.check();
    }
    ClientScript quoted = signed_in();
    quoted.delivers({"", {"\"a b>\\\"\"@example.net"}})
        .says("MAIL FROM:<> BODY=8BITMIME", Phase::mail);
    quoted.hears("250 Ok").says("RCPT TO:<\"a b>\\\"\"@example.net>", Phase::rcpt);
    quoted.check();
  }

  TEST_CASE("an input out of turn ends the session as a break does") {
    const std::vector<ClientInput> rows{
        ClientTlsStarted{}, Deliver{envelope(), 0}, ContentSent{}, ContentWithheld{}, Quit{}};
    for (const ClientInput& input : rows) {
      CAPTURE(input.index());
      ClientSession greeted({.hostname = "r"});
      (void)greeted.start();
      CHECK(std::holds_alternative<ClientClose>(greeted.resume(input).next));

      ClientSession mailing({.hostname = "r"});
      (void)mailing.start();
      for (const std::string_view line : {"220 hi", "250 r"}) (void)mailing.resume(ReplyLine{line});
      (void)mailing.resume(Deliver{envelope(), 0});
      const ClientStep step = mailing.resume(input);
      REQUIRE(std::holds_alternative<Finished>(step.next));
      CHECK(std::get<Finished>(step.next).closing);
    }
  }

  TEST_CASE("a reply that echoes a secret is kept without it") {
    const std::string response = plain().substr(11);
    const std::vector<std::string> echoes{"BMXhUYlu5Z3gSXVQ",
                                          base64_encode("BMXhUYlu5Z3gSXVQ"),
                                          response,
                                          "<" + response.substr(20) + ">",
                                          response.substr(8, 16)};
    for (const std::string& echo : echoes) {
      CAPTURE(echo);
      const ClientStep step = after(
          account(),
          {"220 hi", "250-h", "250 AUTH PLAIN", "501 5.5.2 cannot decode " + echo + " sorry"});
      CHECK(std::get<ClientClose>(step.next).reply->text == "5.5.2 cannot decode [removed] sorry");
    }
  }
}

}  // namespace smtp
