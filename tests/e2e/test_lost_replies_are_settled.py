"""SES takes the message and its reply is lost: the event with our tag settles it; without events it is sent again, and
counted."""

import collections
import os

import pytest

from support import mail
from support.waiting import until

SOAK = os.environ.get("POSTERN_SOAK") == "1"
MESSAGES = 10_000 if SOAK else 300
LOST = 0.3


@pytest.fixture
def events(site):
    """ses_sim hands over its events; one of them has proved it."""
    site.ses.set(events_socket=str(site.relay.home / "admin.sock"))
    first = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, first)
    until(lambda: site.ses.stats()["events"], "the first event")
    site.relay.await_empty_queue()
    return site


def send_many(site) -> list[str]:
    with site.wire() as wire:
        wire.ehlo()
        return [wire.message(mail.plain()).queue_id for _ in range(MESSAGES)]


def copies(site) -> collections.Counter:
    return collections.Counter(record["tags"]["postern_id"] for record in site.ses.messages())


def test_with_events_nothing_is_lost_and_nothing_comes_twice(events):
    events.ses.set(lost_reply_probability=LOST)
    ids = send_many(events)
    events.relay.await_empty_queue(60 + MESSAGES / 20)
    came = copies(events)
    assert [queue_id for queue_id in ids if came[queue_id] != 1] == []
    lost = events.ses.stats()["lost_replies"]
    assert lost > MESSAGES * LOST / 2
    assert events.relay.metric("in_doubt_total", outcome="settled") == lost
    assert events.relay.metric("in_doubt_total", outcome="resent") == 0


def test_without_events_nothing_is_lost_and_each_second_copy_is_counted(site):
    site.ses.set(lost_reply_probability=LOST)
    ids = send_many(site)
    site.relay.await_empty_queue(60 + MESSAGES / 20)
    came = copies(site)
    assert [queue_id for queue_id in ids if came[queue_id] == 0] == []
    extra = sum(came[queue_id] - 1 for queue_id in ids)
    assert extra == site.ses.stats()["lost_replies"] > 0
    assert site.relay.metric("in_doubt_total", outcome="resent") == extra


def test_an_event_that_comes_while_the_reply_is_still_awaited_settles_it_too(events):
    events.ses.script(phase="end", action="lose")
    queue_id = events.send(mail.plain()).queue_id
    events.relay.await_event(queue_id, "settled")
    shown = events.relay.asked("queue", "show", queue_id)[0]["entry"]
    assert shown["state"] == "sent" and shown["upstream_id"]
    assert len(mail.arrived(events.ses, queue_id)) == 1


def test_what_was_in_doubt_at_a_kill_waits_for_its_event(events):
    events.ses.set(event_delay_ms=1500)
    events.ses.script(phase="end", action="lose", count=1)
    queue_id = events.send(mail.plain()).queue_id
    mail.await_arrival(events.ses, queue_id)
    events.relay.kill()
    events.relay.start()
    events.relay.await_event(queue_id, "settled")
    events.relay.await_empty_queue()
    assert len(mail.arrived(events.ses, queue_id)) == 1


def test_hold_lets_an_operator_decide(start_site):
    site = start_site(in_doubt={"action": "hold"})
    site.ses.script(phase="end", action="lose", count=1)
    queue_id = site.send(mail.plain()).queue_id
    site.relay.await_event(queue_id, "held")
    assert site.relay.asked("queue", "show", queue_id)[0]["entry"]["reason"] == "by-hand"
    assert site.relay.metric("in_doubt_total", outcome="held") == 1
    assert len(mail.arrived(site.ses, queue_id)) == 1


def test_wait_sends_again_when_its_time_is_over(start_site):
    site = start_site(in_doubt={"action": "wait", "wait": "2s"})
    site.ses.script(phase="end", action="lose", count=1)
    queue_id = site.send(mail.plain()).queue_id
    site.relay.await_event(queue_id, "resent")
    until(lambda: len(mail.arrived(site.ses, queue_id)) == 2, "the second copy")
    site.relay.await_empty_queue()


def test_what_an_operator_has_sent_again_is_counted(start_site):
    site = start_site(in_doubt={"action": "wait", "wait": "15m"})
    site.ses.script(phase="end", action="lose", count=1)
    queue_id = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, queue_id)
    until(lambda: site.relay.attempts(queue_id) == 1, "the end of its attempt")
    assert site.relay.metric("in_doubt_total", outcome="resent") == 0
    assert site.relay.command("queue", "retry", "--state", "in_doubt").returncode == 0
    until(lambda: len(mail.arrived(site.ses, queue_id)) == 2, "the second copy")
    assert site.relay.events(queue_id).count("resent") == 1
    assert site.relay.metric("in_doubt_total", outcome="resent") == 1
    site.relay.await_empty_queue()
