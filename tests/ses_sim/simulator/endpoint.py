"""What all sessions share: settings, script, account, mailroom, identities and the counts."""

import collections
import random
import ssl

from .account import Account
from .events import Events
from .mailroom import Mailroom, Submission
from .registry import Registry
from .script import Script
from .settings import Settings


class Endpoint:
    """One simulated SES end point."""

    def __init__(self, settings: Settings, mailroom: Mailroom, tls: ssl.SSLContext, seed: int | None):
        self.settings = settings
        self.script = Script()
        self.account = Account(settings)
        self.mailroom = mailroom
        self.events = Events(settings)
        self.registry = Registry(settings)
        self.suppressed: dict[str, str] = {}  # the account's suppression list: address in lower case, reason
        self.tls = tls
        self.chance = random.Random(seed)
        self.open: set = set()  # sessions
        self.connections = 0
        self.max_open = 0
        self.counts: collections.Counter[str] = collections.Counter()
        self.replies: collections.Counter[str] = collections.Counter()
        self.offences: collections.Counter[str] = collections.Counter()
        self.api_calls: collections.Counter[str] = collections.Counter()  # signed well, by action
        self.api_answers: collections.Counter[str] = collections.Counter()  # by status

    def arrived(self, session) -> int:
        """Counts a connection; returns its number."""
        self.open.add(session)
        self.connections += 1
        self.max_open = max(self.max_open, len(self.open))
        return self.connections

    def reset(self) -> None:
        """Counts, records, script, rate, quota and suppression list begin anew; settings and connections stay."""
        self.script.clear()
        self.account.reset()
        self.mailroom.reset()
        self.suppressed.clear()
        self.connections = 0
        self.max_open = len(self.open)
        for counter in (self.counts, self.replies, self.offences, self.api_calls, self.api_answers):
            counter.clear()

    def take(self, submission: Submission) -> dict:
        """The message is SES's own from here on. Returns its record."""
        record = self.mailroom.take(submission, self.settings.region)
        self.events.taken(record)
        return record

    def stats(self) -> dict:
        return {
            "messages": self.mailroom.taken,
            "recipients": self.mailroom.recipients,
            "sent_in_window": self.account.sent_in_window,
            "connections": self.connections,
            "open": len(self.open),
            "max_open": self.max_open,
            "handshakes": self.counts["handshakes"],
            "resumed": self.counts["resumed"],
            "handshake_failures": self.counts["handshake_failures"],
            "authentications": self.counts["authentications"],
            "auth_failures": self.counts["auth_failures"],
            "events": self.events.posted,
            "lost_replies": self.counts["lost_replies"],
            "broken": self.counts["broken"],
            "idle_closes": self.counts["idle_closes"],
            "replies": dict(self.replies),
            "offences": dict(self.offences),
            "api_calls": dict(self.api_calls),
            "api_answers": dict(self.api_answers),
        }
