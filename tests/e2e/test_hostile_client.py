"""A client that is no mail client, or a bad one: the relay stays ready, and its memory bounded."""

import contextlib
import socket

import pytest

from support import mail
from support.wire import Wire
from support.waiting import until

MIB = 1 << 20


@pytest.fixture(autouse=True)
def stays_ready(shared_site):
    """After each attack an honest client is served."""
    yield
    reply = shared_site.send(mail.plain())
    mail.await_arrival(shared_site.ses, reply.queue_id)
    assert shared_site.relay.ready()
    until(lambda: shared_site.relay.metric("smtp_connections") == 0, "no connection left")


def closed(site, cause: str) -> float:
    return site.relay.metric("smtp_connections_closed_total", cause=cause)


@pytest.mark.parametrize(
    "verb", ["GET / HTTP/1.1", "POST /x HTTP/1.0", "OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1"]
)
def test_an_http_request_ends_the_connection_and_is_counted(shared_site, verb):
    before = closed(shared_site, "http")
    with shared_site.wire() as wire:
        wire.send(f"{verb}\r\nHost: x\r\n\r\nMAIL FROM:<site@example.com>\r\n".encode())
        with contextlib.suppress(EOFError):
            assert wire.read_reply().code >= 400
            assert wire.at_end()
    until(lambda: closed(shared_site, "http") == before + 1, "the count")


def test_talk_ahead_of_the_greeting_or_the_ehlo_reply_ends_the_connection(shared_site):
    before = closed(shared_site, "early-talk")
    with shared_site.wire() as wire:
        wire.send(b"EHLO a\r\nMAIL FROM:<site@example.com>\r\n")
        with contextlib.suppress(EOFError):
            while wire.read_reply().code < 400:
                pass
            assert wire.at_end()
    until(lambda: closed(shared_site, "early-talk") == before + 1, "the count")


def test_commands_pipelined_behind_starttls_are_never_taken(shared_site):
    with shared_site.wire("starttls") as wire:
        wire.ehlo()
        wire.send(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<site@example.com>\r\n")
        assert wire.read_reply().code == 220
        with contextlib.suppress(EOFError, OSError):
            assert wire.read_reply().code >= 400
            assert wire.at_end()


def test_ten_thousand_recipients(shared_site):
    with shared_site.wire() as wire:
        wire.ehlo()
        wire.command("MAIL FROM:<site@example.com>")
        codes = [wire.command(f"RCPT TO:<r{number}@example.net>").code for number in range(2000)]
        assert codes[:50] == [250] * 50 and codes[-1] == 452
        wire.send(b"".join(b"RCPT TO:<r%d@example.net>\r\n" % number for number in range(8000)))
        assert all(wire.read_reply().code == 452 for _ in range(8000))
        assert wire.command("DATA").reason == "bulk"


def test_an_endless_command_line(shared_site):
    before = shared_site.relay.resident_octets()
    with shared_site.wire() as wire, contextlib.suppress(OSError, EOFError):
        for _ in range(256):
            wire.send(b"x" * 65536)
        wire.send(b"\r\n")
        assert wire.read_reply().code == 500
    assert shared_site.relay.resident_octets() - before < 8 * MIB


def test_content_far_beyond_the_limit(shared_site):
    before = shared_site.relay.resident_octets()
    with shared_site.wire() as wire:
        wire.ehlo()
        assert wire.envelope("site@example.com", ["a@example.net"]).code == 354
        line = b"x" * 78 + b"\r\n"
        for _ in range(100):
            wire.send(line * (MIB // len(line)))
        wire.send(b".\r\n")
        assert wire.read_reply().reason == "too-big"
    assert shared_site.relay.resident_octets() - before < 48 * MIB


def test_an_app_that_ends_no_message_leaves_room_for_the_mail_of_others(start_site):
    site = start_site()
    password = site.relay.asked("app", "add", "blog", "--domain", "example.com")[0]["password"]
    with contextlib.ExitStack() as stack:
        for _ in range(13):
            wire = stack.enter_context(site.wire())
            wire.ehlo()
            if wire.envelope("site@example.com", ["a@example.net"]).code == 354:
                with contextlib.suppress(OSError):
                    wire.send((b"x" * 78 + b"\r\n") * 125_000)
        greedy, modest = stack.enter_context(site.wire()), stack.enter_context(site.wire("plain"))
        greedy.ehlo()
        until(lambda: greedy.command("MAIL FROM:<site@example.com>").reason == "storage", "the bound")
        modest.ehlo()
        assert modest.login("blog", password).code == 235
        assert modest.message(mail.plain()).queue_id


def test_one_endless_content_line(shared_site):
    with shared_site.wire() as wire:
        wire.ehlo()
        wire.envelope("site@example.com", ["a@example.net"])
        wire.send(mail.plain() + b"y" * (8 * MIB) + b"\r\n.\r\n")
        assert wire.read_reply().reason == "malformed"


def test_a_flood_of_connections_is_bounded_and_others_are_let_in_when_it_ends(shared_site):
    before = shared_site.relay.resident_octets()
    flood = []
    try:
        for _ in range(400):
            flood.append(
                socket.create_connection(("127.0.0.1", shared_site.relay.port("sidecar")), timeout=10)
            )
        until(lambda: shared_site.relay.metric("smtp_connections") >= 100, "the flood to be seen")
        assert shared_site.relay.metric("smtp_connections") <= 200
        refused = [text for text in map(_first_octets, flood[250:]) if not text.startswith(b"220")]
        assert len(refused) == 150 and all(text[:4] in (b"421 ", b"") for text in refused)
        assert shared_site.relay.resident_octets() - before < 64 * MIB
        assert shared_site.relay.ready()
    finally:
        for connection in flood:
            connection.close()


def _first_octets(connection: socket.socket) -> bytes:
    try:
        return connection.recv(512)
    except ConnectionError:
        return b""


def test_slow_clients_do_not_keep_others_from_being_served(shared_site):
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(shared_site.wire()) for _ in range(100)]
        for wire in slow:
            wire.send(b"EHLO slow.te")  # a line that never ends
        reply = shared_site.send(mail.plain())
        mail.await_arrival(shared_site.ses, reply.queue_id, 5)
        for wire in slow:
            wire.send(b"st\r\n")
            assert wire.read_reply().code == 250


@pytest.mark.parametrize("after", [b"", b"EHLO x\r\n", b"EHLO x\r\nMAIL FROM:<site@example.com>\r\n"])
def test_a_half_closed_connection_ends(shared_site, after):
    with Wire(shared_site.relay.port("sidecar")) as wire:
        for line in after.splitlines(keepends=True):
            wire.send(line)
            wire.read_reply()
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.at_end()


def test_a_connection_cut_within_data_leaves_no_mail(shared_site):
    before = shared_site.relay.metric("messages_accepted_total")
    with shared_site.wire() as wire:
        wire.ehlo()
        wire.envelope("site@example.com", ["a@example.net"])
        wire.send(mail.plain())
    until(lambda: shared_site.relay.metric("smtp_connections") == 0, "the end of the connection")
    assert shared_site.relay.metric("messages_accepted_total") == before


def test_octets_that_are_no_tls_on_a_tls_port(shared_site):
    with Wire(shared_site.relay.port("implicit"), greet=False) as wire:
        wire.send(b"EHLO plain.test\r\n" * 10)
        with contextlib.suppress(ConnectionError):
            while wire.socket.recv(4096):
                pass


def test_a_smuggled_second_message_is_refused_with_the_first(shared_site):
    before = shared_site.relay.metric("messages_accepted_total")
    with shared_site.wire() as wire:
        wire.ehlo()
        wire.envelope("site@example.com", ["a@example.net"])
        second = b"MAIL FROM:<site@example.com>\r\nRCPT TO:<evil@example.net>\r\nDATA\r\n\r\n.\r\n"
        wire.send(mail.plain() + b"\n.\r\n" + second)
        assert wire.read_reply().reason == "malformed"
        assert wire.command("NOOP").code == 250
    assert shared_site.relay.metric("messages_accepted_total") == before
