"""What SES makes of a message: the octets that recipients get."""

import base64
import email.utils
import hashlib
import os
import time
import uuid

from .header import Message

REGION_CODES = {
    "us-east-1": "0100",
    "us-west-2": "0101",
    "eu-west-1": "0102",
    "ap-northeast-1": "0106",
    "eu-central-1": "0107",
    "ap-south-1": "0109",
}
OUTGOING_ADDRESS = "203.0.113.25"
_REPLACED = frozenset(("date", "message-id", "return-path", "feedback-id"))


def make_id(region: str) -> str:
    """The shape of SES's message ids: region code and milliseconds, a UUID, a counter."""
    return f"{REGION_CODES.get(region, '01ff')}{int(time.time() * 1000):012x}-{uuid.uuid4()}-000000"


def id_domain(region: str) -> str:
    return "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"


def control_fields(message: Message) -> dict[str, str]:
    """The X-SES-* fields, names in lower case; of several the first wins."""
    found: dict[str, str] = {}
    for field in message.fields:
        if field.name.startswith("x-ses-"):
            found.setdefault(field.name, field.value)
    return found


def tags(message: Message) -> dict[str, str]:
    """Message tags by name."""
    pairs = (pair.partition("=") for pair in message.first("x-ses-message-tags").split(","))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def as_delivered(message: Message, message_id: str, region: str) -> bytes:
    """Date and Message-ID rewritten, Return-Path and control fields gone, SES's own fields added around the rest."""
    kept = [
        field.octets
        for field in message.fields
        if field.name not in _REPLACED and not field.name.startswith("x-ses-")
    ]
    token = base64.b64encode(hashlib.sha256(message_id.encode()).digest()).decode()
    added = [
        f"Message-ID: <{message_id}@{id_domain(region)}>",
        f"Date: {email.utils.formatdate()}",
        f"Feedback-ID: ::1.{region}.{token}:AmazonSES",
        f"X-SES-Outgoing: {time.strftime('%Y.%m.%d', time.gmtime())}-{OUTGOING_ADDRESS}",
    ]
    lines = [_own_signature(message.body), *kept, *(line.encode() for line in added)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + message.body


def _own_signature(body: bytes) -> bytes:
    """Looks like SES's second signature; no key anywhere verifies it."""
    body_hash = base64.b64encode(hashlib.sha256(body).digest())
    signature = base64.b64encode(os.urandom(128))
    return (
        b"DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\r\n"
        b"\ts=sessimulator0000000000000000000000; d=amazonses.com; t=%d;\r\n"
        b"\th=MIME-Version:Content-Type:Content-Transfer-Encoding:Subject:From:To:Date:Message-ID:Feedback-ID;\r\n"
        b"\tbh=%s;\r\n\tb=%s" % (int(time.time()), body_hash, signature)
    )
