"""SES closes connections by habit: after some messages, when idle, when there are too many. Nobody notices."""

import pytest

from support import mail
from support.waiting import until


def send_many(site, count: int) -> list[str]:
    with site.wire() as wire:
        wire.ehlo()
        return [wire.message(mail.plain()).queue_id for _ in range(count)]


def assert_each_once(site, ids: list[str]) -> None:
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == len(ids)
    for queue_id in ids:
        assert site.relay.attempts(queue_id) <= 1


def test_a_session_takes_so_many_messages_only(site):
    site.ses.set(messages_per_connection=3)
    assert_each_once(site, send_many(site, 30))
    assert site.ses.stats()["connections"] >= 10


@pytest.mark.parametrize("seconds", [0.1, 1.0])
def test_an_idle_connection_is_closed(site, seconds):
    site.ses.set(idle_seconds=seconds)
    ids = send_many(site, 1)
    until(lambda: site.ses.stats()["open"] == 0, "the idle close")
    ids += send_many(site, 1)
    assert_each_once(site, ids)


def test_warm_connections_are_used_again(site):
    for _ in range(10):
        mail.await_arrival(site.ses, send_many(site, 1)[0])
    stats = site.ses.stats()
    assert stats["messages"] == 10 and stats["connections"] <= 4


def test_there_are_never_more_connections_than_configured(start_site):
    site = start_site(upstream={"max_connections": 2})
    site.ses.set(rtt_ms=20.0)
    assert_each_once(site, send_many(site, 40))
    assert site.ses.stats()["max_open"] <= 2


def test_too_many_connections_for_ses(site):
    site.ses.set(max_connections=1, rtt_ms=20.0)
    ids = send_many(site, 20)
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 20
