"""The verbs of SES's SMTP dialogue, and what is known of the session and its transaction."""

import base64
import binascii
import re
import time

from . import offences, replies
from .header import Message
from .mailroom import Submission

EXTENSIONS = ("email-smtp.amazonaws.com", "8BITMIME")
_PATH = re.compile(r'\s*(?:<((?:"(?:[^"\\]|\\.)*"|[^<>\s"])*)>|([^<>\s]+))((?:\s+\S+)*)\s*$')
_ADDRESS = re.compile(
    r'(?:[^\s"(),:;<>@\[\]\\]+|"(?:[^"\\]|\\.)*")@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$'
)


class Dialogue:
    """Answers each command and each content through `session.say`."""

    def __init__(self, endpoint, session):
        self._endpoint = endpoint
        self._session = session
        self._hello = False
        self._authenticated = False
        self._continue_auth = None
        self._messages = 0
        self._client = ""  # as it named itself
        self._submission = None
        self.in_content = False
        self._forget()

    def _forget(self) -> None:
        self._envelope_from = None
        self._mail_parameters: list[str] = []
        self._recipients: list[str] = []
        self._began_at = 0.0

    # --- commands -------------------------------------------------------------------------------------------------

    def command(self, line: bytes) -> None:
        """Answers one command line without its CRLF."""
        text = line.decode("latin-1")
        if not text.isascii():
            self._session.offend("non-ascii-envelope")
        if self._continue_auth:
            step, self._continue_auth = self._continue_auth, None
            step(text)
            return
        verb, _, argument = text.partition(" ")
        phase, answer = _VERBS.get(verb.upper(), ("", Dialogue._unknown))
        if not phase or not self._session.scripted(phase, text):
            answer(self, argument)

    def _say(self, reply: str, **how) -> None:
        self._session.say(reply, **how)

    def _unknown(self, _argument: str) -> None:
        self._session.offend("unknown-command")
        self._say(replies.BAD_COMMAND)

    def _ehlo(self, argument: str) -> None:
        if not argument.strip():
            self._say(replies.BAD_ARGUMENT)
            return
        self._hello = True
        self._client = argument.strip()
        self._forget()
        offered = list(EXTENSIONS)
        if not self._session.tls["tls"]:
            offered.append("STARTTLS")
        offered.append("AUTH PLAIN LOGIN")
        self._say("\n".join([f"250-{line}" for line in offered] + [replies.OK]))

    def _helo(self, _argument: str) -> None:
        self._hello = True
        self._forget()
        self._say("250 email-smtp.amazonaws.com")

    def _starttls(self, _argument: str) -> None:
        if self._session.tls["tls"] or not self._hello:
            self._say(replies.BAD_SEQUENCE)
            return
        self._hello = False
        self._forget()
        self._session.start_tls()

    def _noop(self, _argument: str) -> None:
        self._say(replies.OK)

    def _rset(self, _argument: str) -> None:
        self._forget()
        self._say(replies.OK)

    def _quit(self, _argument: str) -> None:
        self._say(replies.BYE, close=True)

    # --- AUTH -----------------------------------------------------------------------------------------------------

    def _auth(self, argument: str) -> None:
        mechanism, _, initial = argument.strip().partition(" ")
        if not self._session.tls["tls"]:
            self._session.offend("auth-in-clear-text")
            self._say(replies.TLS_REQUIRED)
        elif not self._hello or self._authenticated:
            self._say(replies.BAD_SEQUENCE)
        elif mechanism.upper() == "PLAIN" and initial:
            self._auth_plain(initial)
        elif mechanism.upper() == "PLAIN":
            self._ask(replies.AUTH_GO_ON, self._auth_plain)
        elif mechanism.upper() == "LOGIN" and initial:
            self._auth_login_user(initial)
        elif mechanism.upper() == "LOGIN":
            self._ask(replies.AUTH_USER, self._auth_login_user)
        else:
            self._say(replies.NO_SUCH_MECHANISM)

    def _ask(self, challenge: str, step) -> None:
        self._continue_auth = step
        self._say(challenge)

    def _auth_plain(self, response: str) -> None:
        parts = _decoded(response).split("\0")
        self._check(*parts[1:]) if len(parts) == 3 else self._check("", "")

    def _auth_login_user(self, response: str) -> None:
        user = _decoded(response)
        self._ask(replies.AUTH_PASSWORD, lambda password: self._check(user, _decoded(password)))

    def _check(self, user: str, password: str) -> None:
        settings = self._endpoint.settings
        if settings.credentials == "unavailable":
            self._say(replies.AUTH_UNAVAILABLE)
            return
        if settings.credentials == "unsubscribed":
            refusal = replies.NOT_SUBSCRIBED
        else:
            right = (user, password) == (settings.user, settings.password)
            refusal = "" if right and settings.credentials == "check" else replies.BAD_CREDENTIALS
        self._endpoint.counts["auth_failures" if refusal else "authentications"] += 1
        self._authenticated = not refusal
        self._say(refusal or replies.AUTHENTICATED)

    # --- the transaction ------------------------------------------------------------------------------------------

    def _mail(self, argument: str) -> None:
        address, parameters = _path(argument, "FROM:")
        limit = self._endpoint.settings.messages_per_connection
        if not self._hello or self._envelope_from is not None:
            self._say(replies.BAD_SEQUENCE)
        elif not self._session.tls["tls"]:
            self._say(replies.TLS_REQUIRED)
        elif not self._authenticated:
            self._say(replies.AUTH_REQUIRED)
        elif limit and self._messages >= limit:
            self._say(replies.TOO_MANY_MESSAGES, close=True)
        elif not address:
            self._say(replies.BAD_REVERSE_PATH)
        elif not _ADDRESS.match(address):
            self._say(replies.REVERSE_PATH_SYNTAX.format(address=address))
        else:
            self._envelope_from, self._mail_parameters = address, parameters
            self._began_at = time.time()
            self._say(replies.OK)

    def _rcpt(self, argument: str) -> None:
        address, _ = _path(argument, "TO:")
        if self._envelope_from is None:
            self._say(replies.BAD_SEQUENCE)
        elif not address:
            self._say(replies.BAD_FORWARD_PATH)
        elif not _ADDRESS.match(address):
            self._say(replies.FORWARD_PATH_SYNTAX.format(address=address))
        else:
            self._recipients.append(address)
            self._say(replies.OK)

    def _data(self, _argument: str) -> None:
        if not self._recipients:
            self._say(replies.BAD_SEQUENCE)
            return
        self.in_content = True
        self._say(replies.DATA)

    def described(self, content: bytes) -> str:
        """Envelope and header section, for the patterns of scripts."""
        envelope = [f"MAIL FROM:<{self._envelope_from}>"] + [f"RCPT TO:<{to}>" for to in self._recipients]
        return "\n".join(envelope) + "\n" + content.partition(b"\r\n\r\n")[0].decode("latin-1")

    def content(self, stuffed: bytes) -> None:
        """Answers the content of DATA, dots still stuffed, without the final dot."""
        self.in_content = False
        for kind in offences.of_content(stuffed):
            self._session.offend(kind)
        octets = re.sub(rb"(^|\r\n)\.", rb"\1", stuffed) if b"." in stuffed else stuffed
        described = self.described(octets) if self._endpoint.script.rules else ""
        self._submission = Submission(
            connection=self._session.number,
            client=self._client,
            tls=self._session.tls,
            envelope_from=self._envelope_from,
            mail_parameters=self._mail_parameters,
            recipients=self._recipients,
            octets=octets,
            message=Message(octets),
            began_at=self._began_at,
        )
        self._forget()
        if not self._session.scripted("end", described):
            self._settle(self._submission)

    def _settle(self, submission: Submission) -> None:
        endpoint = self._endpoint
        for kind in offences.of_header(submission.message):
            self._session.offend(kind)
        refusal = endpoint.account.refusal(
            submission.envelope_from, submission.recipients, submission.message, submission.octets
        )
        if refusal:
            self._say(refusal, extra_ms=endpoint.settings.data_ms)
        elif endpoint.chance.random() < endpoint.settings.lost_reply_probability:
            self.lose_reply()
        else:
            self._messages += 1
            record = endpoint.take(submission)
            self._say(replies.TAKEN.format(id=record["id"]), extra_ms=endpoint.settings.data_ms)

    def lose_reply(self) -> None:
        """Takes the message and says nothing: the ambiguous case."""
        self._endpoint.counts["lost_replies"] += 1
        self._endpoint.take(self._submission)
        self._session.abort()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _path(argument: str, keyword: str) -> tuple[str, list[str]]:
    """(address, parameters) of a MAIL or RCPT argument; angle brackets may be left out, as in AWS's own sample."""
    if argument[: len(keyword)].upper() != keyword:
        return "", []
    found = _PATH.match(argument[len(keyword) :])
    return (found[1] or found[2] or "", found[3].split()) if found else ("", [])


_VERBS = {
    "EHLO": ("hello", Dialogue._ehlo),
    "HELO": ("hello", Dialogue._helo),
    "STARTTLS": ("starttls", Dialogue._starttls),
    "AUTH": ("auth", Dialogue._auth),
    "MAIL": ("mail", Dialogue._mail),
    "RCPT": ("rcpt", Dialogue._rcpt),
    "DATA": ("data", Dialogue._data),
    "QUIT": ("quit", Dialogue._quit),
    "NOOP": ("", Dialogue._noop),
    "RSET": ("", Dialogue._rset),
}
