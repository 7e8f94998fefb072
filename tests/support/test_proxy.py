"""The misbehaving proxy does to a connection what it was told, and nothing to others."""

import pathlib
import socket
import socketserver
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from support.proxy import Fault, Proxy  # noqa: E402

SENT = b"0123456789" * 1000


class _Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while octets := self.request.recv(65536):
            self.request.sendall(octets)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A broken connection is what these tests are about."""


@pytest.fixture(scope="module")
def echo():
    with _Server(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def exchange(port: int) -> tuple[bytes, str]:
    """Sends SENT; what comes back, and how the connection ended: whole, closed, reset or silent."""
    got = b""
    with socket.socket() as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(("127.0.0.1", port))  # a refusal may overtake the end of connect
            connection.sendall(SENT)
            while len(got) < len(SENT):
                octets = connection.recv(65536)
                if not octets:
                    return got, "closed"
                got += octets
        except TimeoutError:
            return got, "silent"
        except ConnectionError:
            return got, "reset"
        return got, "whole"


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize(
    "action, ends, length",
    [
        ("pass", {"whole"}, 10000),
        ("slice", {"whole"}, 10000),
        ("corrupt", {"whole"}, 10000),
        ("stall", {"silent"}, 5000),
        ("drop", {"silent"}, 5000),
        ("close", {"closed", "reset"}, None),
        ("reset", {"closed", "reset"}, None),
        ("refuse", {"closed", "reset"}, 0),
    ],
)
def test_a_fault_strikes_once_where_it_should(echo, action, ends, length, direction):
    with Proxy(echo, Fault(action, direction, after=5000)) as proxy:
        got, end = exchange(proxy.port)
        assert end in ends and len(got) <= (10000 if length is None else length)
        assert length is None or action == "stall" or len(got) == length
        differing = [at for at, (a, b) in enumerate(zip(SENT, got)) if a != b]
        assert differing == ([5000] if action == "corrupt" else [])
        assert proxy.struck == (action != "pass")
        assert exchange(proxy.port) == (SENT, "whole")


def test_a_fault_can_wait_for_octets_to_be_seen(echo):
    with Proxy(echo, Fault("close", seen=b"7890")) as proxy:
        got, end = exchange(proxy.port)
        assert got in (b"", SENT[:11]) and end in ("closed", "reset")
