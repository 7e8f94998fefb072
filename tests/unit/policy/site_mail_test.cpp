#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <string>

using support::message;
using support::verdict_on;
using support::with_part;

TEST_CASE("what a Drupal site writes by right is accepted, odd as it looks") {
  struct Row {
    const char* what;
    std::string octets;
  };
  const std::string alternative =
      "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"_=_swift_1_=_\"";
  const Row rows[] = {
      {"a password reset with a long link",
       message("Subject: Replacement login\nReply-to: noreply@example.com\nX-Mailer: "
               "Drupal\nReturn-Path: noreply@example.com\n"
               "Sender: noreply@example.com\nContent-Type: text/plain; charset=UTF-8; "
               "format=flowed; delsp=yes\n"
               "Content-Transfer-Encoding: 8Bit",
               "https://www.example.com/user/reset/2/1767340800/" + std::string(900, 'x') +
                   "/login\n")},
      {"a comma in a quoted site name",
       message("From: \"Council, Example\" <noreply@example.com>", "x")},
      {"an encoded site name",
       message("From: =?UTF-8?B?UsOhdCAoYSk=?= <noreply@example.com>", "x")},
      {"several recipients and a visitor to answer to",
       message("To: a@b.example, \"C, D\" <c@d.example>\nCc: e@f.example\nReply-To: "
               "visitor@example.org",
               "x")},
      {"raw UTF-8 everywhere",
       message("Subject: Caf\xC3\xA9\nFrom: Caf\xC3\xA9 <noreply@example.com>",
               "Caf\xC3\xA9 \xFF\n")},
      {"an order receipt with an unsubscribe link",
       message("List-Unsubscribe: <https://example.com/u>\nList-Unsubscribe-Post: "
               "List-Unsubscribe=One-Click\nContent-Type: text/html; "
               "charset=UTF-8;",
               "<p>data: 7, cid: 8</p>")},
      {"an alternative without a preamble",
       message(alternative,
               "--_=_swift_1_=_\nContent-Type: text/plain; "
               "charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
               "a=3Db\n--_=_swift_1_=_\nContent-Type: text/html; "
               "charset=utf-8\nContent-Transfer-Encoding: "
               "quoted-printable\n\n<p>a</p>\n\n--_=_swift_1_=_--\n")},
      {"a text part that quotes MIME, as Mime Mail over smtp does",
       with_part("Content-Type: text/plain\n\n--inner\nContent-Type: image/png; "
                 "name=a.png\nContent-Disposition: attachment\n\niVBO\n--inner--")},
      {"code in a text",
       message("Content-Type: text/plain",
               "<?php\nphpinfo();\n#!/bin/sh\nbegin\n  x := 1;\nend\n")},
      {"an empty body", message("Subject: x", "")},
      {"a body of dots", message("Subject: x", ".\n..\n.x\n")},
      {"a webform's long base64 text",
       message("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64",
               support::base64(std::string(300000, 'x')))},
      {"an auto-reply",
       message(
           "Auto-Submitted: auto-replied\nPrecedence: auto_reply\nX-Auto-Response-Suppress: All",
           "x")},
      {"a read receipt wish",
       message("Disposition-Notification-To: noreply@example.com\nX-Confirm-Reading-To: "
               "noreply@example.com",
               "x")},
      {"a status field of its own",
       message("X-Drupal-Site: https://example.com/?name=value\nContent-Language: de", "x")},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto verdict = policy::judge_message(support::site(), policy::summarise(row.octets, {}));
    CAPTURE(verdict.value_or(policy::Refusal{}).sentence);
    CHECK(!verdict);
  }
}
