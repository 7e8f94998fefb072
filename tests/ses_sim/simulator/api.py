"""SES's HTTP API, version 2: signatures, rights, rate, and the identities. The account is told by account_api.py."""

import asyncio
import base64
import binascii
import json
import math
import re
import time

from . import account_api, request, sigv4
from .endpoint import Endpoint
from .registry import ON_MX_FAILURE, Identity

HOSTED_ZONE = "dkim.amazonses.com"
_SELECTOR = re.compile(r"[A-Za-z0-9]{1,63}")
# Action, method, path. PutEmailIdentityDkimSigningAttributes lies at /v1, in version 2 as well.
_OPERATIONS = (
    ("GetEmailIdentity", "GET", re.compile(r"/v2/email/identities/([^/]+)")),
    ("CreateEmailIdentity", "POST", re.compile(r"/v2/email/identities()")),
    ("PutEmailIdentityMailFromAttributes", "PUT", re.compile(r"/v2/email/identities/([^/]+)/mail-from")),
    ("PutEmailIdentityDkimSigningAttributes", "PUT", re.compile(r"/v1/email/identities/([^/]+)/dkim/signing")),
    *account_api.OPERATIONS,
)
_OF_THE_ACCOUNT = {action for action, _, _ in account_api.OPERATIONS}


class Failure(Exception):
    """An answer that is an error: its status, type and message."""

    def __init__(self, status: str, kind: str, message: str):
        super().__init__(message)
        self.status, self.kind = status, kind


def _bad(message: str) -> Failure:
    return Failure("400 Bad Request", "BadRequestException", message)


class Api:
    """One request a connection."""

    def __init__(self, endpoint: Endpoint):
        self._endpoint = endpoint
        self._taken_at = -math.inf  # the last request within the rate

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        settings = self._endpoint.settings
        try:
            asked = await request.read(reader)
            if settings.api == "silent":
                await reader.read()  # until the client goes
                writer.close()
                return
            status, answer, headers = "200 OK", self._answer(asked), ""
        except (ValueError, TypeError, AttributeError, asyncio.IncompleteReadError) as mistake:
            status, answer, headers = "400 Bad Request", {"message": str(mistake)}, ""
        except Failure as failure:
            status, answer = failure.status, {"message": str(failure)}
            headers = f"x-amzn-ErrorType: {failure.kind}\r\n"
        self._endpoint.api_answers[status[:3]] += 1
        request.write_answer(writer, status, answer, headers)

    def _answer(self, asked: request.Request) -> dict:
        settings = self._endpoint.settings
        if settings.api == "unavailable":
            raise Failure("503 Service Unavailable", "ServiceUnavailableException", "Try again later.")
        key = sigv4.Key(settings.user, settings.api_secret, settings.api_session_token, settings.region, "ses")
        try:
            sigv4.check(asked, key, time.time())
        except sigv4.Refused as refused:
            raise Failure("403 Forbidden", refused.kind, str(refused)) from None
        action, name = self._operation(asked)
        self._endpoint.api_calls[action] += 1
        self._limit_rate()
        self._authorize(action, name)
        body = json.loads(asked.body or b"{}")
        perform = self._of_the_account if action in _OF_THE_ACCOUNT else self._perform
        return perform(action, name, body)

    def _operation(self, asked: request.Request) -> tuple[str, str]:
        for action, method, path in _OPERATIONS:
            found = path.fullmatch(asked.path)
            if found and method == asked.method:
                return action, found[1]
        raise Failure("404 Not Found", "UnknownOperationException", "")

    def _limit_rate(self) -> None:
        rate, now = self._endpoint.settings.api_rate, time.monotonic()
        if rate and now < self._taken_at + 1 / rate:
            raise Failure("429 Too Many Requests", "TooManyRequestsException", "Rate exceeded")
        self._taken_at = now

    def _authorize(self, action: str, name: str) -> None:
        settings = self._endpoint.settings
        if f"ses:{action}" in settings.api_denied or "ses:*" in settings.api_denied:
            raise Failure(
                "403 Forbidden",
                "AccessDeniedException",
                f"User: arn:aws:iam::123456789012:user/relay is not authorized to perform: ses:{action} on resource: "
                f"arn:aws:ses:{settings.region}:123456789012:identity/{name} because no identity-based policy allows "
                f"the ses:{action} action",
            )

    def _of_the_account(self, action: str, name: str, body: dict) -> dict:
        try:
            return account_api.perform(self._endpoint, action, name, body)
        except account_api.Unknown as unknown:
            raise Failure("404 Not Found", "NotFoundException", str(unknown)) from None
        except ValueError as mistake:
            raise _bad(str(mistake)) from None

    def _perform(self, action: str, name: str, body: dict) -> dict:
        if action == "CreateEmailIdentity":
            return self._create(body)
        identity = self._endpoint.registry.find(name)
        if identity is None:
            raise Failure("404 Not Found", "NotFoundException", f"Email identity {name} does not exist.")
        if action == "PutEmailIdentityMailFromAttributes":
            return self._set_mail_from(identity, body)
        if action == "PutEmailIdentityDkimSigningAttributes":
            return self._set_dkim(identity, body)
        return self._described(identity)

    def _create(self, body: dict) -> dict:
        name = body.get("EmailIdentity", "")
        if not re.fullmatch(r"[A-Za-z0-9._-]+\.[A-Za-z0-9-]+", name):
            raise _bad(f"Invalid email identity <{name}>.")
        if self._endpoint.registry.find(name):
            raise Failure(
                "400 Bad Request", "AlreadyExistsException", f"Email identity {name} already exist."
            )
        identity = self._endpoint.registry.new(name)
        if signing := body.get("DkimSigningAttributes", {}):
            self._endpoint.registry.use_own_key(identity, *_own_key(signing))
        self._endpoint.registry.keep(identity)
        described = self._described(identity)
        return {name: described[name] for name in ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")}

    def _set_mail_from(self, identity: Identity, body: dict) -> dict:
        domain = body.get("MailFromDomain", "").lower()
        on_mx_failure = body.get("BehaviorOnMxFailure", ON_MX_FAILURE[0])
        if domain and not domain.endswith("." + identity.name):
            raise _bad(f"Provided MAIL-FROM domain <{domain}> is not subdomain of <{identity.name}>.")
        if on_mx_failure not in ON_MX_FAILURE:
            raise _bad(f"BehaviorOnMxFailure is one of {', '.join(ON_MX_FAILURE)}.")
        identity.mail_from_domain, identity.on_mx_failure = domain, on_mx_failure
        identity.mail_from_status = "PENDING"
        self._endpoint.registry.keep(identity)
        return {}

    def _set_dkim(self, identity: Identity, body: dict) -> dict:
        origin = body.get("SigningAttributesOrigin", "")
        if origin == "EXTERNAL":
            self._endpoint.registry.use_own_key(identity, *_own_key(body.get("SigningAttributes", {})))
        elif origin == "AWS_SES":
            self._endpoint.registry.use_easy_dkim(identity)
        else:
            raise _bad(f"Unknown SigningAttributesOrigin <{origin}>.")
        self._endpoint.registry.keep(identity)
        return {"DkimStatus": identity.dkim_status, "DkimTokens": identity.tokens}

    def _described(self, identity: Identity) -> dict:
        verified = self._endpoint.registry.verified(identity.name)
        mail_from = {"BehaviorOnMxFailure": identity.on_mx_failure}
        if identity.mail_from_domain:
            mail_from |= {
                "MailFromDomain": identity.mail_from_domain,
                "MailFromDomainStatus": identity.mail_from_status,
            }
        return {
            "IdentityType": "DOMAIN",
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": verified,
            "DkimAttributes": {
                "SigningEnabled": True,
                "Status": identity.dkim_status,
                "Tokens": identity.tokens,
                "SigningAttributesOrigin": identity.dkim_origin,
                "SigningHostedZone": HOSTED_ZONE,
            },
            "MailFromAttributes": mail_from,
            "Policies": {},
            "Tags": [],
            "VerificationStatus": "SUCCESS" if verified else identity.dkim_status,
        }


def _own_key(signing: dict) -> tuple[str, str]:
    """The selector and the private key of "bring your own DKIM"."""
    selector, key = signing.get("DomainSigningSelector", ""), signing.get("DomainSigningPrivateKey", "")
    if not _SELECTOR.fullmatch(selector):
        raise _bad(f"Invalid selector <{selector}>.")
    try:
        octets = base64.b64decode(key, validate=True)
    except binascii.Error:
        octets = b""
    if not octets.startswith(b"\x30\x82"):  # a DER sequence of some hundred octets
        raise _bad("Invalid private key.")
    return selector, key
