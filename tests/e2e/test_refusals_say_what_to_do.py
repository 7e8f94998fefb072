"""A refusal is one line that a site's administrator can act on, and its reference leads to it."""

import re
import typing

import pytest

from support import mail
from support.waiting import until

FORM = re.compile(r"^[245]\.\d{1,3}\.\d{1,3} .+ \([A-Za-z0-9.-]+\) \[[a-z-]+\]$")
PDF = (
    "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
    '--b\r\nContent-Type: application/pdf; name="invoice.pdf"\r\nContent-Disposition: attachment\r\n\r\n'
    "%PDF-1.4\r\n--b--\r\n"
)
MIXED = "multipart/mixed; boundary=b"
MANY = [f"r{number}@example.net" for number in range(51)]
RECEIVED = b"Received: from a by b; Mon, 06 Jan 2025 10:00:00 +0100\r\n"


class Refused(typing.NamedTuple):
    """A message and its envelope, and what the refusal must say."""

    code: int
    enhanced: str
    reason: str
    word: str  # of the sentence
    message: bytes
    envelope: dict = {}


VISITOR = "visitor@example.org"
REFUSED = {
    "reverse-path": Refused(550, "5.7.1", "sender-domain", "example.org", mail.plain(), {"sender": VISITOR}),
    "null reverse-path": Refused(550, "5.7.1", "sender-domain", "Not sent", mail.plain(), {"sender": ""}),
    "From of a visitor": Refused(550, "5.7.1", "from-domain", "Reply-To", mail.plain(From=VISITOR)),
    "foreign Sender": Refused(550, "5.7.1", "from-domain", VISITOR, mail.plain(Sender=VISITOR)),
    "attachment": Refused(
        550, "5.6.1", "attachment", "invoice.pdf", mail.plain(body=PDF, Content_Type=MIXED)
    ),
    "newsletter": Refused(550, "5.7.1", "bulk", "Precedence", mail.plain(Precedence="bulk")),
    "51 recipients": Refused(550, "5.5.3", "bulk", "50", mail.plain(), {"recipients": MANY}),
    "not an address": Refused(553, "5.1.3", "recipient", "nobody", mail.plain(), {"recipients": ["nobody"]}),
    "bare LF": Refused(550, "5.6.0", "malformed", "Not sent", mail.plain(body="one\ntwo\r\n")),
    "loop": Refused(550, "5.4.6", "loop", "Not sent", RECEIVED * 51 + mail.plain()),
    "11 MiB": Refused(552, "5.3.4", "too-big", "10485760", mail.of_size(11 << 20)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_reply_has_code_sentence_reference_and_reason(shared_site, name):
    case = REFUSED[name]
    reply = shared_site.send(case.message, **case.envelope)
    assert (reply.code, reply.reason, len(reply.lines)) == (case.code, case.reason, 1), reply
    assert FORM.match(reply.text) and reply.text.startswith(case.enhanced + " ") and case.word in reply.text
    assert len(f"{reply.code} {reply.text}\r\n") < 300

    def traced():
        return [event for event in shared_site.relay.trace(reply.reference) if event["event"] == "refused"]

    (event,) = until(traced, "the refusal in trace")
    assert event["reason"] == case.reason and event["reference"] == reply.reference and event["app"] == "shop"


def test_a_non_ascii_local_part_has_a_status_of_its_own(shared_site):
    with shared_site.wire() as wire:
        wire.ehlo()
        wire.command("MAIL FROM:<site@example.com>")
        reply = wire.command("RCPT TO:<jürgen@example.net>".encode())
    assert (reply.code, reply.reason) == (553, "recipient") and reply.text.startswith("5.6.7 ")


def test_the_declared_size_is_judged_at_mail(shared_site):
    with shared_site.wire() as wire:
        wire.ehlo()
        reply = wire.command(f"MAIL FROM:<site@example.com> SIZE={11 << 20}")
    assert (reply.code, reply.reason) == (552, "too-big")


def test_a_file_name_cannot_split_or_colour_the_reply(shared_site):
    name = "a=?utf-8?q?=0D=0A250_Ok?=\u202e.pdf".encode()
    body = PDF.replace(
        "Content-Disposition: attachment", 'Content-Disposition: attachment; filename="NAME"'
    ).encode()
    head = mail.plain(body="", Content_Type="multipart/mixed; boundary=b")
    reply = shared_site.send(head + body.replace(b"NAME", name))
    assert reply.reason == "attachment" and reply.text.isprintable()


def test_refusals_are_counted_by_reason(shared_site):
    before = shared_site.relay.metric("messages_refused_total", app="shop", reason="bulk")
    shared_site.send(mail.plain(Precedence="list"))
    until(
        lambda: shared_site.relay.metric("messages_refused_total", app="shop", reason="bulk") == before + 1,
        "the count",
    )


def test_a_refused_message_leaves_nothing_behind(shared_site):
    before = shared_site.ses.stats()["messages"]
    shared_site.send(mail.plain(Precedence="bulk"))
    accepted = shared_site.send(mail.plain())
    mail.await_arrival(shared_site.ses, accepted.queue_id)
    assert shared_site.ses.stats()["messages"] == before + 1
    shared_site.relay.await_empty_queue()


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_refused_without_a_hint(shared_site, password):
    with shared_site.wire("implicit") as wire:
        wire.ehlo()
        reply = wire.login("shop", password)
    assert reply.code in (501, 535) and "shop" not in reply.text


def test_failed_logins_are_counted_by_connection_since_clients_try_two_mechanisms_on_one(site):
    for connections in (1, 2):
        with site.wire("plain") as wire:
            wire.ehlo()
            assert [wire.login("shop", "wrong").code for _ in range(2)] == [535, 535]
        assert site.relay.metric("smtp_auth_failures_total") == connections


def test_mail_without_login_is_refused_at_mail(shared_site):
    with shared_site.wire("plain") as wire:
        wire.ehlo()
        reply = wire.command("MAIL FROM:<site@example.com>")
    assert (reply.code, reply.reason) == (530, "auth-required")
