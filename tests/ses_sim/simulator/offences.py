"""What no client of SES should send although the end point may swallow it: counted, so that tests can assert none."""

import re

_UNSTUFFED_DOT = re.compile(rb"(?:^|\r\n)\.(?!\.)")
_TAG = re.compile(r"[A-Za-z0-9_:-]{1,256}=[A-Za-z0-9_.@-]{1,256}")


def of_content(stuffed: bytes) -> list[str]:
    """Faults in the octets of DATA as they came, dots still stuffed, without the final dot."""
    found = []
    ends = stuffed.count(b"\r\n")
    if stuffed.count(b"\n") != ends or stuffed.count(b"\r") != ends or b"\0" in stuffed:
        found.append("bare-line-end")
    if _UNSTUFFED_DOT.search(stuffed):
        found.append("unstuffed-dot")
    return found


def of_header(message) -> list[str]:
    """Faults of a header section that SES does not refuse by a known text."""
    found = []
    if not message.head.isascii():
        found.append("non-ascii-header")
    if any(b":" not in field.octets or not field.name for field in message.fields):
        found.append("malformed-header")
    for value in message.values("x-ses-message-tags"):
        if not all(_TAG.fullmatch(tag.strip()) for tag in value.split(",")):
            found.append("malformed-tag")
    return found
