"""Messages to send, and where they come out."""

import itertools
import pathlib
import re

from .waiting import until

_numbers = itertools.count(1)


def plain(subject: str = "", body: str = "Hello.\r\n", **fields: str) -> bytes:
    """A Drupal-shaped text message from site@example.com, unlike any other by its Message-ID."""
    number = next(_numbers)
    header = {
        "From": "Site <site@example.com>",
        "To": "a@example.net",
        "Subject": subject or f"Notice {number}",
        "Date": "Mon, 06 Jan 2025 10:00:00 +0100",
        "Message-ID": f"<{number}.{id(fields):x}@example.com>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = [f"{name}: {value}\r\n" for name, value in header.items() if value is not None]
    return "".join(lines).encode() + b"\r\n" + body.encode()


def of_size(octets: int) -> bytes:
    """A message of about that many octets."""
    return plain(body=("x" * 76 + "\r\n") * (octets // 78))


def arrived(ses, queue_id: str) -> list[dict]:
    """The simulator's records of the message with this queue id, as many as there are copies."""
    return [record for record in ses.messages() if queue_id in record["tags"].values()]


def await_arrival(ses, queue_id: str, seconds: float = 30.0) -> dict:
    """The record of a message, once it has come."""
    return until(lambda: arrived(ses, queue_id), f"{queue_id} at ses_sim", seconds)[0]


def delivered(record: dict) -> pathlib.Path:
    """The message as recipients get it."""
    return pathlib.Path(record["delivered"])


def header_names(octets: bytes) -> list[str]:
    """Names of the header fields, lower case, in their order."""
    head = octets.partition(b"\r\n\r\n")[0]
    return [name.lower().decode() for name in re.findall(rb"(?m)^([^\s:]+)[ \t]*:", head)]
