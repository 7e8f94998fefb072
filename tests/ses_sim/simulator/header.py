"""Header sections as octets: split, looked up, and the rules of SES about them."""

import dataclasses
import email.utils
import functools
import re

# ses.md 3.2: these may occur once only. To, Cc and Received are not among them.
ONCE_ONLY = frozenset(
    name.lower()
    for name in """
    Accept-Language acceptLanguage Archived-At Auto-Submitted Bounces-to Comments Content-Alternative Content-Base
    Content-Class Content-Description Content-Disposition Content-Duration Content-ID Content-Language Content-Length
    Content-Location Content-MD5 Content-Transfer-Encoding Content-Type Date Delivered-To Disposition-Notification-Options
    Disposition-Notification-To DKIM-Signature DomainKey-Signature Errors-To From Importance In-Reply-To Keywords
    List-Archive List-Help List-Id List-Owner List-Post List-Subscribe List-Unsubscribe List-Unsubscribe-Post
    Message-Context Message-ID MIME-Version Organization Original-From Original-Message-ID Original-Recipient
    Original-Subject Precedence Priority References Reply-To Return-Path Return-Receipt-To Sender Solicitation
    Sensitivity Subject Thread-Index Thread-Topic User-Agent VBR-Info
    """.split()
)

_FIELD_ENDS = re.compile(rb"\r\n(?![ \t])")
_QUOTED_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|\([^()]*\)')


@dataclasses.dataclass(frozen=True)
class Field:
    """One header field, folded as it came, without its last CRLF."""

    name: str  # lower case, no trailing blanks
    octets: bytes

    @property
    def spelling(self) -> str:
        return self.octets.partition(b":")[0].decode("latin-1").strip()

    @property
    def value(self) -> str:
        return self.octets.partition(b":")[2].replace(b"\r\n", b"").decode("latin-1").strip()


class Message:
    """A message in two halves: header fields and the octets of the body."""

    def __init__(self, octets: bytes):
        head, blank, self.body = octets.partition(b"\r\n\r\n")
        if not blank:
            head, self.body = octets.removesuffix(b"\r\n"), b""
        self.head = head
        self.fields = [
            Field(piece.partition(b":")[0].rstrip(b" \t").lower().decode("latin-1"), piece)
            for piece in _FIELD_ENDS.split(head)
            if piece
        ]

    def values(self, name: str) -> list[str]:
        return [field.value for field in self.fields if field.name == name]

    def first(self, name: str) -> str:
        """The first such field's value, or nothing."""
        return next(iter(self.values(name)), "")

    @functools.cached_property
    def originators(self) -> list[tuple[str, str]]:
        """(display name, address) of all that SES checks in the header: From, Sender, Return-Path."""
        values = [value for name in ("from", "sender", "return-path") for value in self.values(name)]
        return [pair for pair in email.utils.getaddresses(values) if pair[1]]


def duplicate(message: Message) -> str:
    """The first once-only field that occurs twice, as it is spelled there; or nothing."""
    seen = set()
    for field in message.fields:
        if field.name in seen:
            return field.spelling
        if field.name in ONCE_ONLY:
            seen.add(field.name)
    return ""


def stray_semicolon(message: Message) -> bool:
    """Whether an address list is divided by semicolons (a group's own is preceded by a colon)."""
    for name in ("to", "cc", "bcc", "reply-to"):
        for value in message.values(name):
            bare = _QUOTED_OR_COMMENT.sub("", value)
            if bare.count(";") > bare.count(":"):
                return True
    return False
