"""What SES says to a complete message: its size, its header, its identities, then the state of the account."""

import collections
import re
import time

from . import header, identities, replies
from .settings import Settings

_LONG_LINE = re.compile(rb"[^\n]{1000}")  # a line with its CRLF may have 1,000 octets
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Account:
    """Judges messages by the settings of the moment, and counts what was sent."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._tokens = 0.0
        self._filled_at = 0.0
        self._rate = 0.0
        self._sent = collections.deque()  # (time, recipients) within the quota's window
        self.sent_in_window = 0
        self.reset()

    def reset(self) -> None:
        self._tokens = self._burst()
        self._filled_at = time.monotonic()
        self._sent.clear()
        self.sent_in_window = 0

    def refusal(
        self, envelope_from: str, recipients: list[str], message: header.Message, octets: bytes
    ) -> str:
        """The reply that refuses, or nothing: then the recipients are counted as sent."""
        return (
            self._unsendable(message, octets, len(recipients))
            or self._unverified(envelope_from, recipients, message)
            or self._held_back(recipients)
        )

    def _unsendable(self, message: header.Message, octets: bytes, recipients: int) -> str:
        settings = self._settings
        if settings.max_size and len(octets) > settings.max_size:
            return replies.TOO_LONG
        if recipients > settings.max_recipients:
            return replies.TOO_MANY_RECIPIENTS.format(limit=settings.max_recipients)
        if _LONG_LINE.search(octets):
            return replies.LONG_LINE
        if twice := header.duplicate(message):
            return replies.DUPLICATE.format(name=twice)
        if not message.first("from"):
            return replies.MISSING.format(name="From")
        if header.stray_semicolon(message):
            return replies.SEMICOLON
        chosen = message.first("x-ses-configuration-set")
        unknown = settings.configuration_sets and chosen not in settings.configuration_sets
        if chosen and (unknown or not _NAME.fullmatch(chosen)):
            return replies.NO_CONFIGURATION_SET.format(name=chosen)
        return ""

    def _unverified(self, envelope_from: str, recipients: list[str], message: header.Message) -> str:
        settings = self._settings
        names = identities.failing(message.originators, envelope_from, settings.identities)
        if settings.sandbox:
            names += [
                address
                for address in recipients
                if not identities.verified(address, settings.identities)
                and not identities.simulator_mailbox(address)
            ]
        if not names:
            return ""
        return replies.NOT_VERIFIED.format(
            region=settings.region.upper(), identities=identities.listing(list(dict.fromkeys(names)))
        )

    def _held_back(self, recipients: list[str]) -> str:
        if self._settings.paused:
            return replies.PAUSED
        if self._settings.mail_from_failed:
            return replies.MAIL_FROM_DOMAIN
        counted = sum(1 for address in recipients if not identities.simulator_mailbox(address))
        now = time.monotonic()
        self._forget_before(now - self._settings.quota_window)
        if self._settings.daily_quota and self.sent_in_window + counted > self._settings.daily_quota:
            return replies.QUOTA
        if not self._rate_allows(len(recipients), now):
            return replies.RATE
        self._sent.append((now, counted))
        self.sent_in_window += counted
        return ""

    def _burst(self) -> float:
        return self._settings.burst or max(self._settings.max_rate, 1.0)

    def _rate_allows(self, recipients: int, now: float) -> bool:
        """Token bucket; a message with more recipients than the bucket holds passes when it is full."""
        rate = self._settings.max_rate
        if rate != self._rate:  # a new limit begins with a full bucket
            self._rate, self._tokens, self._filled_at = rate, self._burst(), now
        if not rate:
            return True
        self._tokens = min(self._burst(), self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        if self._tokens < min(recipients, self._burst()):
            return False
        self._tokens -= recipients
        return True

    def _forget_before(self, moment: float) -> None:
        while self._sent and self._sent[0][0] < moment:
            self.sent_in_window -= self._sent.popleft()[1]
