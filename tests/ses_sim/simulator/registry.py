"""The identities as SES's API shows them: which there are, and what SES found in their DNS.

Whether one is verified is told by `identities` of the settings alone, for SMTP and API alike. One that stands there
and nowhere else is an Easy DKIM identity with all in order.
"""

import base64
import dataclasses
import hashlib

from .settings import Settings

STATUSES = ("NOT_STARTED", "PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE")
ORIGINS = ("AWS_SES", "EXTERNAL")
ON_MX_FAILURE = ("USE_DEFAULT_VALUE", "REJECT_MESSAGE")


@dataclasses.dataclass
class Identity:
    """A domain and the attributes that the API tells or takes."""

    name: str
    tokens: list[str]  # of Easy DKIM; with a key of the customer's: the selector
    dkim_status: str = "PENDING"
    dkim_origin: str = "AWS_SES"
    private_key: str = ""  # of the customer, as it was sent
    mail_from_domain: str = ""
    mail_from_status: str = "PENDING"
    on_mx_failure: str = "USE_DEFAULT_VALUE"

    def check(self) -> None:
        """Raises ValueError for an attribute that the API could not tell."""
        for name, value, allowed in (
            ("dkim_status", self.dkim_status, STATUSES),
            ("mail_from_status", self.mail_from_status, STATUSES),
            ("dkim_origin", self.dkim_origin, ORIGINS),
            ("on_mx_failure", self.on_mx_failure, ON_MX_FAILURE),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


class Registry:
    """The identities of one account in one region, by name in lower case."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._known: dict[str, Identity] = {}

    def find(self, name: str) -> Identity | None:
        """The identity, to be kept once it is changed; None if there is none of that name."""
        name = name.lower()
        if name not in self._known and self.verified(name):
            return dataclasses.replace(self.new(name), dkim_status="SUCCESS")
        return self._known.get(name)

    def new(self, name: str) -> Identity:
        """An Easy DKIM identity, pending and not verified; not kept yet."""
        return Identity(name.lower(), self._easy_tokens(name))

    def keep(self, identity: Identity) -> None:
        self._known[identity.name] = identity

    def verified(self, name: str) -> bool:
        return name.lower() in (identity.lower() for identity in self._settings.identities)

    def use_easy_dkim(self, identity: Identity) -> None:
        identity.dkim_origin, identity.dkim_status, identity.private_key = "AWS_SES", "PENDING", ""
        identity.tokens = self._easy_tokens(identity.name)

    def use_own_key(self, identity: Identity, selector: str, private_key: str) -> None:
        identity.dkim_origin, identity.dkim_status, identity.private_key = "EXTERNAL", "PENDING", private_key
        identity.tokens = [selector]

    def change(self, changes: dict) -> None:
        """Makes or changes the identity `name`; with `verified`, its DKIM status follows unless given; with `exists`
        false it is gone. Raises ValueError or TypeError for what makes no sense, and changes nothing then."""
        name = changes.pop("name", "").lower()
        if not name:
            raise ValueError("an identity has a name")
        verified = changes.pop("verified", None)
        if not changes.pop("exists", True):
            self._known.pop(name, None)
            self._set_verified(name, False)
            return
        if verified is not None:
            changes.setdefault("dkim_status", "SUCCESS" if verified else "PENDING")
        changed = dataclasses.replace(self.find(name) or self.new(name), **changes)
        changed.check()
        self.keep(changed)
        if verified is not None:
            self._set_verified(name, verified)

    def listing(self) -> list[dict]:
        names = {*self._known, *(name.lower() for name in self._settings.identities if "@" not in name)}
        return [
            {**dataclasses.asdict(self.find(name)), "verified": self.verified(name)} for name in sorted(names)
        ]

    def _set_verified(self, name: str, verified: bool) -> None:
        others = [identity for identity in self._settings.identities if identity.lower() != name]
        self._settings.identities = [*others, name] if verified else others

    def _easy_tokens(self, name: str) -> list[str]:
        digests = (hashlib.sha256(f"{self._settings.region} {name.lower()} {n}".encode()) for n in range(3))
        return [base64.b32encode(digest.digest()[:20]).decode().lower() for digest in digests]
