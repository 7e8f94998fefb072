"""What goes to SES: one signature over the right fields, nothing that SES refuses or that a site must not choose."""

import pathlib

import pytest

from support import dkim_check, mail

NEVER_SIGNED = {
    "date",
    "message-id",
    "return-path",
    "bounces-to",
    "dkim-signature",
    "received",
    "feedback-id",
}


def received(site, message: bytes, **envelope) -> tuple[dict, bytes]:
    """The record and the octets as they came to SES."""
    record = mail.await_arrival(site.ses, site.send(message, **envelope).queue_id)
    return record, pathlib.Path(record["received"]).read_bytes()


def test_there_is_one_signature_and_it_covers_the_right_fields(shared_site):
    record, octets = received(
        shared_site, mail.plain(Reply_To="visitor@example.org", List_Unsubscribe="<https://x.test/u>")
    )
    assert mail.header_names(octets).count("dkim-signature") == 1
    signed = dkim_check.signed_fields(pathlib.Path(record["received"]), "example.com")
    assert not NEVER_SIGNED & set(signed) and not any(name.startswith("x-ses-") for name in signed)
    assert {"from", "to", "subject", "mime-version", "content-type", "reply-to", "list-unsubscribe"} <= set(
        signed
    )
    for once_more in ("from", "to", "subject", "reply-to"):
        assert signed.count(once_more) == 2, once_more


@pytest.mark.parametrize(
    "spelling",
    [
        "DKIM-Signature: v=1; d=example.com; b=x",
        "dkim-signature : v=1; d=example.com; b=x",
        "X-SES-CONFIGURATION-SET: other",
        "x-ses-source-arn:arn:aws:ses:eu-central-1:1:identity/example.org",
        "X-SES-TENANT\t: other",
        "X-Postern-Id: 1",
        "Bounces-To: bounces@example.org",
        "Errors-To: errors@example.org",
        "Feedback-ID: 1:2:3:site",
        "Return-Path: <site@example.com>",
        "Bcc: hidden@example.net",
    ],
)
def test_fields_that_a_site_must_not_choose_are_removed(shared_site, spelling):
    field = spelling.encode() + b"\r\n"
    name = spelling.partition(":")[0].strip().lower()
    if name == "feedback-id":  # a campaign field: refused before it could be removed
        assert shared_site.send(field + mail.plain()).reason == "bulk"
        return
    record, octets = received(shared_site, field + mail.plain())
    assert spelling.encode() not in octets
    expected = {"dkim-signature": 1, "x-ses-configuration-set": 1}.get(name, 0)
    assert mail.header_names(octets).count(name) == expected
    assert record["configuration_set"] == "drupal"
    assert shared_site.faults([record]) == {}


def test_tags_name_app_and_queue_id(shared_site):
    reply = shared_site.send(mail.plain())
    assert {"shop", reply.queue_id} <= set(
        mail.await_arrival(shared_site.ses, reply.queue_id)["tags"].values()
    )


def test_missing_date_and_message_id_are_added(shared_site):
    _, octets = received(shared_site, mail.plain(Date=None, **{"Message-ID": None}))
    assert {"date", "message-id"} <= set(mail.header_names(octets))


def test_equal_duplicate_fields_are_merged(shared_site):
    record, octets = received(shared_site, b"MIME-Version: 1.0\r\n" + mail.plain())
    assert mail.header_names(octets).count("mime-version") == 1 and shared_site.faults([record]) == {}


def test_raw_eight_bit_header_text_is_encoded(shared_site):
    record, octets = received(shared_site, mail.plain(subject="Größe passt"))
    assert octets.partition(b"\r\n\r\n")[0].isascii() and b"=?utf-8?" in octets.lower()
    assert shared_site.faults([record]) == {}


def test_the_body_is_not_touched(shared_site):
    body = "..two dots\r\n.one\r\ntrailing blanks  \t\r\n\r\nGrüße\r\n\r\n\r\n"
    record, octets = received(shared_site, mail.plain(body=body))
    assert octets.partition(b"\r\n\r\n")[2] == body.encode()
    assert shared_site.faults([record]) == {}


def test_fifty_recipients_go_in_one_transaction(shared_site):
    recipients = [f"r{number}@example.net" for number in range(50)]
    record, _ = received(shared_site, mail.plain(), recipients=recipients)
    assert record["recipients"] == recipients


def test_a_large_message_arrives_whole(shared_site):
    message = mail.of_size(9 << 20)
    record, octets = received(shared_site, message)
    assert octets.partition(b"\r\n\r\n")[2] == message.partition(b"\r\n\r\n")[2]
    assert shared_site.faults([record]) == {}
