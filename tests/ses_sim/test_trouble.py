"""Slow, broken and unwilling connections."""

import smtplib
import ssl
import time

import pytest

from simulator.script import Rule
from support.waiting import until
from test_dialogue import MESSAGE, send


def test_an_idle_connection_is_told_and_closed(session, ses):
    ses.set(idle_seconds=0.2)
    assert session.getreply() == (451, b"4.4.2 Timeout waiting for data from client.")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        session.getreply()
    assert ses.stats()["idle_closes"] == 1


def test_a_session_has_a_count_of_messages(session, ses):
    ses.set(messages_per_connection=2)
    assert [send(session)[0] for _ in range(2)] == [250, 250]
    reply = session.docmd("MAIL FROM:<site@example.com>")
    assert reply == (421, b"Connection closed by server. Maximum message count per session reached.")


def test_concurrent_connections_are_limited(session, open_session, ses):
    ses.set(max_connections=1)
    with pytest.raises(smtplib.SMTPConnectError) as refused:
        open_session()
    assert refused.value.args == (421, b"Too many concurrent SMTP connections")
    assert ses.stats()["max_open"] == 2


def test_a_lost_reply_means_a_message_taken(session, ses):
    ses.set(lost_reply_probability=1.0)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(session)
    stats = ses.stats()
    assert (stats["messages"], stats["lost_replies"]) == (1, 1)


def test_replies_can_be_slow(session, ses):
    ses.set(rtt_ms=20, data_ms=100)
    before = time.monotonic()
    assert send(session)[0] == 250
    assert time.monotonic() - before >= 0.18


def close_at(session, phase) -> bool:
    """Whether the connection was gone at the phase."""
    try:
        send(session)
        session.quit()
    except smtplib.SMTPServerDisconnected:
        return True
    return False


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "content", "end", "quit"])
@pytest.mark.parametrize("action", ["close", "reset"])
def test_a_connection_can_break_at_each_phase(session, open_session, ses, phase, action):
    ses.script(phase=phase, action=action)
    assert close_at(session, phase)
    assert ses.stats()["messages"] == (1 if phase == "quit" else 0)
    assert send(open_session())[0] == 250


@pytest.mark.parametrize("phase", ["connect", "hello", "auth"])
def test_a_connection_can_break_before_it_is_ready(open_session, ses, phase):
    ses.script(phase=phase, action="close")
    with pytest.raises((smtplib.SMTPException, OSError)):
        open_session()
    assert send(open_session())[0] == 250


def test_a_scripted_reply_is_given_where_the_pattern_fits_as_often_as_it_says(session, ses):
    ses.script(phase="rcpt", reply="550 no", pattern="<b@", count=2)
    answers = [send(session, recipients=[to])[0] for to in ("a@x.test", "b@x.test", "b@x.test", "b@x.test")]
    assert answers == [250, 550, 550, 250]


def test_a_scripted_end_can_skip_messages_and_look_into_the_header(session, ses):
    ses.script(phase="end", reply="451 Temporary service failure", pattern="Subject: s", skip=1)
    assert [send(session)[0] for _ in range(3)] == [250, 451, 250]
    assert ses.stats()["messages"] == 2


def test_content_can_break_after_some_octets(session, ses):
    ses.script(phase="content", action="close", after=100000)
    assert send(session)[0] == 250
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(session, MESSAGE + b"x" * 70 + b"\r\n" + b"y\r\n" * 40000)
    assert ses.stats()["messages"] == 1


def test_a_stalled_reply_never_comes(session, ses):
    ses.script(phase="mail", action="stall")
    session.sock.settimeout(0.3)
    with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
        send(session)


@pytest.mark.parametrize(
    "rule",
    [
        {"phase": "dta", "action": "close"},
        {"phase": "data", "action": "explode"},
        {"phase": "data", "action": "reply"},
        {"phase": "data", "action": "close", "reply": "451 x"},
        {"phase": "mail", "action": "lose"},
        {"phase": "content", "action": "reply", "reply": "451 x"},
        {"phase": "content", "action": "close", "skip": 1},
    ],
)
def test_a_rule_without_sense_is_refused(rule):
    with pytest.raises(ValueError):
        Rule(**rule)


def test_a_client_that_does_not_trust_us_is_counted(ses):
    with pytest.raises(ssl.SSLError):
        smtplib.SMTP_SSL("localhost", ses.tls_port, context=ssl.create_default_context())
    until(lambda: ses.stats()["handshake_failures"] == 1, "a failed handshake", 5)
    assert ses.stats()["open"] == 0


def test_it_starts_again_on_its_ports(ses, open_session):
    port = ses.tls_port
    ses.stop()
    ses.start()
    assert ses.tls_port == port
    assert send(open_session())[0] == 250
