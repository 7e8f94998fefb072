"""One SMTP connection as SES holds it: the transport, its time limits, replies and scripted trouble.

The verbs are in dialogue.py. Commands are answered one by one: SES has no PIPELINING, so octets behind a command
that has not been answered are an offence, counted and then served.
"""

import asyncio
import ssl
import time

from . import replies
from .dialogue import Dialogue
from .endpoint import Endpoint

MAX_LINE = 4096
END = b"\r\n.\r\n"


class Session(asyncio.Protocol):
    """Drives a Dialogue over one connection."""

    def __init__(self, endpoint: Endpoint, implicit_tls: bool):
        self.endpoint = endpoint
        self.number = 0
        self.tls = {"tls": "", "tls_resumed": False}
        self._implicit_tls = implicit_tls
        self._transport = None
        self._buffer = bytearray()
        self._searched = 0  # of the buffer, for the end of the content
        self._busy = True  # a reply is due: nothing is read until it is said
        self._closing = False
        self._idle = None
        self._heard_at = 0.0
        self._upgrade = None
        self._upgrading = False  # from the reply to STARTTLS on: what comes then is encrypted and in order
        self.dialogue = Dialogue(endpoint, self)

    # --- the connection -------------------------------------------------------------------------------------------

    def connection_made(self, transport) -> None:
        self._transport = transport
        self.number = self.endpoint.arrived(self)
        self._heard_at = time.monotonic()
        self._watch()
        if self._implicit_tls:
            self._start_tls(self._greet)
        else:
            self._greet()

    def connection_lost(self, _error) -> None:
        self._closing = True
        self.endpoint.open.discard(self)
        if self._idle:
            self._idle.cancel()

    def data_received(self, octets: bytes) -> None:
        self._heard_at = time.monotonic()
        if self._closing:
            return
        if self._busy and not self._upgrading:
            self.offend("pipelined")
        self._buffer += octets
        self._work()

    def offend(self, kind: str) -> None:
        self.endpoint.offences[kind] += 1

    def _greet(self) -> None:
        limit = self.endpoint.settings.max_connections
        if limit and len(self.endpoint.open) > limit:
            self.say(replies.TOO_MANY_CONNECTIONS, close=True)
        elif not self.scripted("connect", ""):
            self.say(replies.GREETING.format(token=f"{self.number:020d}"))

    def _watch(self) -> None:
        """Closes after too long a silence; one timer for the connection, set again from the last octets heard."""
        limit = self.endpoint.settings.idle_seconds
        left = self._heard_at + limit - time.monotonic()
        if limit and left <= 0 and not self._busy:
            self.endpoint.counts["idle_closes"] += 1
            self.say(replies.IDLE, close=True)
        else:
            self._idle = asyncio.get_running_loop().call_later(
                min(left, 0.5) if left > 0 else 0.5, self._watch
            )

    # --- TLS ------------------------------------------------------------------------------------------------------

    def start_tls(self) -> None:
        """Upgrades after the reply to STARTTLS; octets sent ahead of it in clear text are dropped."""
        self._transport.pause_reading()
        if self._buffer:
            self.offend("injected-before-tls")
            self._buffer.clear()
        self._transport.write(replies.READY_FOR_TLS.encode() + b"\r\n")
        self._upgrading = True
        self._start_tls(self._listen)

    def _start_tls(self, then) -> None:
        self._busy = True
        self._upgrade = asyncio.ensure_future(self._handshake(then))

    async def _handshake(self, then) -> None:
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                self.endpoint.tls,
                server_side=True,
                ssl_handshake_timeout=10,
                ssl_shutdown_timeout=0.2,  # a close is not put off for the peer's close_notify
            )
        except (OSError, EOFError, asyncio.CancelledError):
            self.endpoint.counts["handshake_failures"] += 1
            self.abort()
            self.connection_lost(None)  # asyncio does not tell: the handshake's own protocol was in charge
            return
        self._transport = transport
        secured: ssl.SSLObject = transport.get_extra_info("ssl_object")
        self.tls = {"tls": secured.version(), "tls_resumed": bool(secured.session_reused)}
        self.endpoint.counts["handshakes"] += 1
        self.endpoint.counts["resumed"] += self.tls["tls_resumed"]
        then()

    # --- octets in ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._busy and not self._closing:
            if not (self._take_content() if self.dialogue.in_content else self._take_line()):
                return

    def _take_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE:
                self.say("500 Line too long", close=True)
            return False
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._busy = True
        if self._buffer:
            self.offend("pipelined")
        if not line.endswith(b"\r\n"):
            self.offend("bare-line-end")
        self.dialogue.command(line.rstrip(b"\r\n"))
        return True

    def _take_content(self) -> bool:
        script = self.endpoint.script
        if script.watches("content"):
            described = self.dialogue.described(bytes(self._buffer))
            if self.scripted("content", described, len(self._buffer)):
                return False
        end = self._end_of_content()
        if end < 0:
            return False
        content = bytes(self._buffer[:end])
        del self._buffer[: end + len(END) - 2]
        self._searched = 0
        self._busy = True
        if self._buffer:
            self.offend("pipelined")
        self.dialogue.content(content)
        return True

    def _end_of_content(self) -> int:
        """How many octets stand before the final dot; -1 while it has not come."""
        if self._buffer.startswith(END[2:]):
            return 0
        end = self._buffer.find(END, max(self._searched - 4, 0))
        self._searched = len(self._buffer)
        return end + 2 if end >= 0 else -1

    # --- octets out -----------------------------------------------------------------------------------------------

    def say(self, reply: str, close: bool = False, extra_ms: float = 0.0) -> None:
        """Says a reply, later if the end point is slow today, and then listens or closes."""
        delay = self.endpoint.settings.rtt_ms + extra_ms
        self._busy = True
        if delay:
            asyncio.get_running_loop().call_later(delay / 1000, self._say_now, reply, close)
        else:
            self._say_now(reply, close)

    def _say_now(self, reply: str, close: bool) -> None:
        if self._closing:
            return
        self.endpoint.replies[reply[:3]] += 1
        self._transport.write(reply.replace("\n", "\r\n").encode("latin-1", "replace") + b"\r\n")
        if close:
            self.close()
        else:
            self._heard_at = time.monotonic()
            self._listen()

    def _listen(self) -> None:
        self._busy = self._upgrading = False
        if self._buffer:
            asyncio.get_running_loop().call_soon(self._work)

    def scripted(self, phase: str, text: str, octets: int = 0) -> bool:
        """Does what the script has for this moment, if anything."""
        rule = self.endpoint.script.match(phase, text, octets) if self.endpoint.script.rules else None
        if rule is None:
            return False
        self.endpoint.counts["broken"] += rule.action in ("close", "reset", "stall")
        if rule.action.startswith("reply"):
            self.say(rule.reply, close=rule.action == "reply-and-close")
        elif rule.action == "close":
            self.close()
        elif rule.action == "reset":
            self.abort()
        elif rule.action == "lose":
            self.dialogue.lose_reply()
        else:
            self._busy = True  # stall: silent for ever, until the peer goes
        return True

    def close(self) -> None:
        """Ends the connection once what was said is out."""
        self._closing = True
        self._transport.close()

    def abort(self) -> None:
        """Ends the connection at once (RST where octets are unread)."""
        self._closing = True
        self._transport.abort()
