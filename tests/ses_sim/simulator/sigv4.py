"""AWS Signature Version 4, the part that a service does: is this request signed by who it says?"""

import calendar
import dataclasses
import hashlib
import hmac
import re
import time
import urllib.parse

from .request import Request

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW = 300  # seconds, either way
_AUTHORIZATION = re.compile(
    ALGORITHM + r" Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


class Refused(Exception):
    """The type and the message of the error that AWS answers, with status 403."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


@dataclasses.dataclass(frozen=True)
class Key:
    """Who may sign, and for what."""

    access_key_id: str
    secret: str
    session_token: str
    region: str
    service: str


def check(asked: Request, key: Key, now: float) -> None:
    """Raises Refused unless the request is signed with the key, for its region and service, about now."""
    found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
    if not found:
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    access_key_id, day, region, service, names, given = found.groups()
    if access_key_id != key.access_key_id or asked.headers.get("x-amz-security-token", "") != key.session_token:
        raise Refused(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    if (region, service) != (key.region, key.service):
        raise Refused(
            "InvalidSignatureException",
            f"Credential should be scoped to region '{key.region}' and service '{key.service}'.",
        )
    moment = asked.headers.get("x-amz-date", "")
    _check_time(moment, day, now)
    _check_signed_names(asked, names.split(";"))
    if not hmac.compare_digest(signature(asked, names.split(";"), key), given):
        raise Refused(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )


def signature(asked: Request, names: list[str], key: Key) -> str:
    """The signature over the headers of these names, in hexadecimal."""
    moment = asked.headers["x-amz-date"]
    scope = f"{moment[:8]}/{key.region}/{key.service}/aws4_request"
    canonical = "\n".join(
        (
            asked.method,
            urllib.parse.quote(asked.path or "/", safe="/-._~"),
            _canonical_query(asked.query),
            *(f"{name}:{' '.join(asked.headers[name].split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(asked.body).hexdigest(),
        )
    )
    to_sign = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signing_key = ("AWS4" + key.secret).encode()
    for part in scope.split("/"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    return hmac.digest(signing_key, to_sign.encode(), "sha256").hex()


def _canonical_query(query: str) -> str:
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    quoted = [tuple(urllib.parse.quote(part, safe="-._~") for part in pair) for pair in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(quoted))


def _check_time(moment: str, day: str, now: float) -> None:
    try:
        signed_at = calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused("InvalidSignatureException", "Date must be in ISO-8601 'basic format'.") from None
    if moment[:8] != day:
        raise Refused("InvalidSignatureException", "Date in Credential scope does not match X-Amz-Date.")
    if signed_at < now - MAX_SKEW:
        raise Refused("InvalidSignatureException", f"Signature expired: {moment} is now too early.")
    if signed_at > now + MAX_SKEW:
        raise Refused("InvalidSignatureException", f"Signature not yet current: {moment} is still later.")


def _check_signed_names(asked: Request, names: list[str]) -> None:
    must = {"host", *(name for name in asked.headers if name.startswith("x-amz-"))}
    if names != sorted(names) or not must <= set(names) <= set(asked.headers):
        raise Refused("InvalidSignatureException", "Host and x-amz headers must be signed, in order.")
