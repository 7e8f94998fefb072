"""Everything that can be switched while the simulator runs."""

import dataclasses

_WORDS = {
    "credentials": ("check", "invalid", "unsubscribed", "unavailable"),
    "api": ("serve", "unavailable", "silent"),
    "enforcement": ("HEALTHY", "PROBATION", "SHUTDOWN"),
}


@dataclasses.dataclass
class Settings:
    """One account in one region, and how well its end point behaves today. Zero means: no limit."""

    region: str = "eu-central-1"
    user: str = "AKIAIOSFODNN7EXAMPLE"
    password: str = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
    credentials: str = "check"  # check | invalid | unsubscribed | unavailable

    identities: list = dataclasses.field(default_factory=lambda: ["example.com"])
    sandbox: bool = False  # recipients must be verified identities too
    paused: bool = False
    enforcement: str = "HEALTHY"  # HEALTHY | PROBATION | SHUTDOWN: what GetAccount tells, no more
    mail_from_failed: bool = False  # the custom MAIL FROM domain's DNS is broken, set to reject
    configuration_sets: list = dataclasses.field(default_factory=list)  # empty: any name exists
    event_destinations: list = dataclasses.field(default_factory=list)  # of each set, as the API writes them
    engagement_metrics: bool = False  # each set's dashboard tracks opens and clicks

    max_rate: float = 0.0  # recipients a second
    burst: float = 0.0  # recipients that may go at once; 0: one second's worth
    daily_quota: int = 0  # recipients
    quota_window: float = 86400.0  # seconds

    max_recipients: int = 50
    max_size: int = 40 * 1024 * 1024
    max_connections: int = 0
    messages_per_connection: int = 0
    idle_seconds: float = 10.0

    rtt_ms: float = 0.0  # before each reply
    data_ms: float = 0.0  # before the reply to the final dot, on top
    events_socket: str = ""  # the relay's admin socket, which gets an event for each message with its tag
    events_queue: str = ""  # URL of a queue of SQS, which gets every event as event publishing writes it
    events_endpoint: str = ""  # where that queue's SQS answers, if not at its URL
    event_delay_ms: float = 0.0  # before each event

    api: str = "serve"  # serve | unavailable | silent
    api_secret: str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # what `user` signs API requests with
    api_session_token: str = ""  # what must come with the signature
    api_rate: float = 0.0  # requests a second, one at a time
    api_denied: list = dataclasses.field(default_factory=list)  # IAM actions, as ses:GetEmailIdentity, or ses:*

    lost_reply_probability: float = 0.0  # the message is taken, the connection closed without a reply

    def update(self, changes: dict) -> None:
        """Takes all of `changes` or none. Raises ValueError with a sentence for an unknown name or wrong type."""
        known = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; there are {', '.join(sorted(known))}")
            changes[name] = _as_type_of(known[name], name, value)
        for name, words in _WORDS.items():
            if changes.get(name, words[0]) not in words:
                raise ValueError(f"{name} is one of {', '.join(words)}")
        for name, value in changes.items():
            setattr(self, name, value)


def _as_type_of(current, name: str, value):
    if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(current):
        raise ValueError(f"{name} takes a {type(current).__name__}, not {value!r}")
    return value
