"""Scripted trouble: what the next messages or recipients get instead of the ordinary answer."""

import dataclasses
import re

PHASES = ("connect", "hello", "starttls", "auth", "mail", "rcpt", "data", "content", "end", "quit")
ACTIONS = ("reply", "reply-and-close", "close", "reset", "stall", "lose")


@dataclasses.dataclass
class Rule:
    """At `phase`, where `pattern` is found, after `skip` such moments, for the next `count`: `action`."""

    phase: str
    action: str = (
        "reply"  # lose: at `end` only, the message is taken and the connection closed without a reply
    )
    reply: str = ""
    pattern: str = ""  # searched in the command line; at content and end: in envelope and header section
    skip: int = 0
    count: int = 1  # 0: for ever
    after: int = 0  # content only: octets of the message to take first
    fired: int = 0

    def __post_init__(self):
        if self.phase not in PHASES:
            raise ValueError(f"phase is one of {', '.join(PHASES)}, not {self.phase!r}")
        if self.action not in ACTIONS:
            raise ValueError(f"action is one of {', '.join(ACTIONS)}, not {self.action!r}")
        if self.action.startswith("reply") != bool(self.reply):
            raise ValueError("reply is given with the actions reply and reply-and-close, and only with them")
        if self.phase == "content" and self.action.startswith("reply"):
            raise ValueError("nothing can be said within the content: use end")
        if self.phase == "content" and self.skip:
            raise ValueError("content comes in pieces: choose the message by pattern, not by skip")
        if self.action == "lose" and self.phase != "end":
            raise ValueError("only the reply to the final dot (phase end) can be lost")
        self._search = re.compile(self.pattern).search

    def applies(self, phase: str, text: str) -> bool:
        return self.phase == phase and self._search(text) is not None


class Script:
    """Rules in the order they were given; the first that applies is used."""

    def __init__(self):
        self.rules: list[Rule] = []

    def add(self, rules: list[dict]) -> None:
        """Takes all or none. Raises ValueError or TypeError for a rule that makes no sense."""
        self.rules += [Rule(**rule) for rule in rules]

    def clear(self) -> None:
        self.rules.clear()

    def match(self, phase: str, text: str, octets: int = 0) -> Rule | None:
        """The rule for this moment; using it counts."""
        for rule in self.rules:
            if octets >= rule.after and rule.applies(phase, text):
                return self._use(rule)
        return None

    def watches(self, phase: str) -> bool:
        return any(rule.phase == phase for rule in self.rules)

    def _use(self, rule: Rule) -> Rule | None:
        if rule.skip:
            rule.skip -= 1
            return None
        rule.fired += 1
        if rule.count and rule.fired >= rule.count:
            self.rules.remove(rule)
        return rule
