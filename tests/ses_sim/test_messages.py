"""What SES refuses in a message, and what it makes of one."""

import pathlib

import pytest

from simulator.header import ONCE_ONLY
from test_dialogue import MESSAGE, send


def with_field(field: bytes) -> bytes:
    return field + b"\r\n" + MESSAGE


@pytest.mark.parametrize(
    "name", ["From", "DKIM-Signature", "Content-Type", "mime-version", "List-Unsubscribe-Post"]
)
def test_a_once_only_field_that_occurs_twice_is_refused(session, name):
    twice = f"{name}: a@example.com\r\n{name}: a@example.com\r\n".encode()
    assert send(session, twice + MESSAGE) == (554, f"Transaction failed: Duplicate header '{name}'.")


@pytest.mark.parametrize("name", ["To", "Cc", "Received", "X-Other"])
def test_other_fields_may_occur_twice(session, name):
    assert send(session, f"{name}: a@example.com\r\n{name}: a@example.com\r\n".encode() + MESSAGE)[0] == 250


def test_the_once_only_list_has_all_names_of_ses():
    assert len(ONCE_ONLY) == 60 and "dkim-signature" in ONCE_ONLY and not {"to", "cc", "received"} & ONCE_ONLY


NOT_VERIFIED = (
    "Message rejected: Email address is not verified. "
    "The following identities failed the check in region EU-CENTRAL-1: "
)


@pytest.mark.parametrize(
    "field, envelope, names",
    [
        (b"X: y", "site@example.org", "site@example.org"),
        (b"Sender: V <v@example.org>", "site@example.com", "V <v@example.org>, v@example.org"),
        (b"Return-Path: <b@bounces.test>", "site@example.com", "b@bounces.test"),
    ],
)
def test_identities_that_are_not_verified_are_named(session, field, envelope, names):
    assert send(session, with_field(field), envelope) == (554, NOT_VERIFIED + names)


def test_an_address_can_be_an_identity_and_counts_with_its_case(session, ses):
    ses.set(identities=["Site@example.com"])
    assert send(session)[0] == 554
    ses.set(identities=["site@EXAMPLE.com"])
    assert send(session)[0] == 250


def test_subdomains_of_an_identity_are_verified(session):
    assert send(session, MESSAGE.replace(b"@example.com", b"@shop.example.com"), "a@b.example.com")[0] == 250


def test_the_sandbox_names_recipients(session, ses):
    ses.set(sandbox=True)
    assert send(session) == (554, NOT_VERIFIED + "a@example.net")
    assert send(session, recipients=["b@example.com", "bounce+1@simulator.amazonses.com"])[0] == 250
    assert ses.messages()[0]["simulator"] == {"bounce+1@simulator.amazonses.com": "bounce"}


@pytest.mark.parametrize("length, code", [(998, 250), (999, 554)])
def test_lines_have_at_most_1000_octets(session, length, code):
    assert send(session, MESSAGE + b"x" * length + b"\r\n")[0] == code


@pytest.mark.parametrize("count, code", [(50, 250), (51, 554)])
def test_a_message_has_at_most_50_recipients(session, count, code):
    assert send(session, recipients=[f"r{number}@example.net" for number in range(count)])[0] == code


def test_the_size_is_limited(session, ses):
    ses.set(max_size=1000)
    assert send(session, MESSAGE + b"x\r\n" * 400) == (552, "Message is too long.")


def test_an_address_list_with_semicolons_is_refused(session):
    stray = MESSAGE.replace(b"<a@example.net>", b"a@example.net; b@example.net")
    assert send(session, stray) == (554, "Transaction failed: Illegal semicolon, not in group")
    assert send(session, MESSAGE.replace(b"<a@example.net>", b"undisclosed-recipients:;"))[0] == 250


def test_unknown_configuration_sets_are_refused_where_they_are_listed(session, ses):
    assert send(session, with_field(b"X-SES-CONFIGURATION-SET: any"))[0] == 250
    ses.set(configuration_sets=["drupal"])
    assert send(session, with_field(b"X-SES-CONFIGURATION-SET: any"))[0] == 554
    assert send(session, with_field(b"X-SES-CONFIGURATION-SET: drupal"))[0] == 250


def test_a_delivered_message_is_rewritten_as_ses_does(session, ses):
    control = b"X-SES-CONFIGURATION-SET: drupal\r\nX-SES-MESSAGE-TAGS: app=shop, id=7\r\n"
    fields = control + b"Return-Path: <site@example.com>\r\n"
    send(session, fields + MESSAGE + b".dot\r\n")
    (record,) = ses.messages()
    assert record["configuration_set"] == "drupal" and record["tags"] == {"app": "shop", "id": "7"}
    assert pathlib.Path(record["received"]).read_bytes() == fields + MESSAGE + b".dot\r\n"
    head, _, body = pathlib.Path(record["delivered"]).read_bytes().partition(b"\r\n\r\n")
    assert body == b"Hello\r\n.dot\r\n"
    assert head.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;") and b"d=amazonses.com" in head
    assert f"\r\nMessage-ID: <{record['id']}@eu-central-1.amazonses.com>\r\n".encode() in head
    for gone in (b"X-SES-CONF", b"X-SES-MESS", b"Return-Path", b"<1@site>", b"Mon, 1 Jan 2024"):
        assert gone not in head
    for added in (b"\r\nFeedback-ID: ::1.eu-central-1.", b"\r\nX-SES-Outgoing: ", b"\r\nDate: "):
        assert head.count(added) == 1


@pytest.mark.parametrize(
    "message, offence",
    [
        (MESSAGE.replace(b"Subject: s", "Subject: é".encode()), "non-ascii-header"),
        (MESSAGE.replace(b"Subject: s", b"Subject"), "malformed-header"),
        (with_field(b"X-SES-MESSAGE-TAGS: a=b c"), "malformed-tag"),
    ],
)
def test_faults_without_a_known_text_are_offences(session, ses, message, offence):
    assert send(session, message)[0] == 250
    assert ses.stats()["offences"] == {offence: 1}


@pytest.mark.parametrize(
    "content, offence",
    [(b"a\nb\r\n", "bare-line-end"), (b".x\r\n", "unstuffed-dot"), (b"\0\r\n", "bare-line-end")],
)
def test_faults_of_framing_are_offences(session, ses, content, offence):
    session.mail("site@example.com")
    session.rcpt("a@example.net")
    session.docmd("DATA")
    session.sock.sendall(MESSAGE + content + b".\r\n")
    assert session.getreply()[0] == 250
    assert ses.stats()["offences"] == {offence: 1}
