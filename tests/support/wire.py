"""An SMTP client that does exactly what it is told, wrong things included."""

import base64
import re
import socket
import ssl
import typing

_QUEUED = re.compile(r"^2\.0\.0 Ok: queued as (\S+)$")
_REFUSED = re.compile(
    r"^(?P<status>[245]\.\d+\.\d+) (?P<sentence>.+) \((?P<reference>[^() ]+)\) \[(?P<reason>[a-z-]+)\]$"
)


class Reply(typing.NamedTuple):
    """A reply: code, and its lines without code and CRLF."""

    code: int
    lines: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.lines)

    @property
    def queue_id(self) -> str:
        """Of an accepted message."""
        found = _QUEUED.match(self.text)
        assert self.code == 250 and found, f"not an acceptance: {self}"
        return found[1]

    @property
    def reason(self) -> str:
        """The word in brackets of a refusal; or nothing."""
        found = _REFUSED.match(self.text)
        return found["reason"] if found else ""

    @property
    def reference(self) -> str:
        found = _REFUSED.match(self.text)
        assert found, f"no reference in: {self}"
        return found["reference"]


class Wire:
    """One connection. Closed by the peer: read_reply raises EOFError, also when it was reset."""

    def __init__(
        self, port: int, tls: ssl.SSLContext | None = None, timeout: float = 20.0, greet: bool = True
    ):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self._buffer = b""
        if greet:
            self.greeting = self.read_reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def read_line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            try:
                got = self.socket.recv(65536)
            except ConnectionError:
                got = b""
            if not got:
                raise EOFError(f"closed by the peer; left over: {self._buffer!r}")
            self._buffer += got
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def read_reply(self) -> Reply:
        lines = []
        while True:
            line = self.read_line()
            assert re.match(rb"\d{3}[ -]", line) and line.isascii(), f"not a reply line: {line!r}"
            lines.append(line[4:].decode())
            if line[3:4] == b" ":
                return Reply(int(line[:3]), lines)

    def at_end(self) -> bool:
        """Whether the peer closed without saying more."""
        try:
            self._buffer += self.socket.recv(65536)
        except ConnectionError:
            return not self._buffer
        return not self._buffer

    def command(self, line: str | bytes) -> Reply:
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.read_reply()

    # --- what most tests need -------------------------------------------------------------------------------------

    def ehlo(self) -> Reply:
        return self.command("EHLO client.test")

    def start_tls(self, context: ssl.SSLContext) -> None:
        reply = self.command("STARTTLS")
        assert reply.code == 220, reply
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def login(self, user: str, password: str) -> Reply:
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.command(f"AUTH PLAIN {token}")

    def envelope(self, sender: str, recipients: list[str]) -> Reply:
        """MAIL, RCPTs and DATA; stops at the first refusal and returns it, else the 354."""
        for line in [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{to}>" for to in recipients), "DATA"]:
            reply = self.command(line)
            if reply.code >= 400:
                return reply
        return reply

    def content(self, octets: bytes) -> Reply:
        """The message as it is, dots stuffed, and the final dot."""
        self.send(stuffed(octets))
        return self.read_reply()

    def message(
        self, octets: bytes, sender: str = "site@example.com", recipients=("a@example.net",)
    ) -> Reply:
        """One transaction: its first refusal (RSET is left to the caller), or the reply to the final dot."""
        reply = self.envelope(sender, list(recipients))
        return self.content(octets) if reply.code == 354 else reply


def stuffed(octets: bytes) -> bytes:
    """Dots stuffed at line starts (after CRLF only), and the end added."""
    content = (b"." if octets.startswith(b".") else b"") + octets.replace(b"\r\n.", b"\r\n..")
    return content + (b".\r\n" if content.endswith(b"\r\n") or not content else b"\r\n.\r\n")
