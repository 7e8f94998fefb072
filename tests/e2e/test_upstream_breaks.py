"""The connection to SES breaks at each phase, or SES cannot be reached: nothing is lost, and nothing comes twice but
what nobody could know."""

import pytest

from support import mail
from support.waiting import until

BEFORE_THE_DOT = ["connect", "hello", "auth", "mail", "rcpt", "data"]


@pytest.mark.parametrize("phase", BEFORE_THE_DOT)
@pytest.mark.parametrize("action", ["close", "reset"])
def test_a_break_before_the_final_dot_is_tried_again_and_comes_once(site, phase, action):
    site.ses.script(phase=phase, action=action, count=2)
    queue_id = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    stats = site.ses.stats()
    assert (stats["messages"], stats["broken"]) == (1, 2)
    assert "resent" not in site.relay.events(queue_id)


@pytest.mark.parametrize("octets", [1000, 9 << 20])
def test_a_break_within_the_content_is_sent_again_and_comes_once(site, octets):
    site.ses.script(phase="content", action="reset", after=500, count=2)
    queue_id = site.send(mail.of_size(octets)).queue_id
    mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    stats = site.ses.stats()
    assert (stats["messages"], stats["broken"]) == (1, 2)
    assert site.relay.events(queue_id)[-1] == "sent"


@pytest.mark.parametrize("action", ["close", "reset"])
def test_a_break_at_the_final_dot_is_in_doubt_and_sent_again(site, action):
    site.ses.script(phase="end", action=action)
    queue_id = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 1
    assert site.relay.events(queue_id).count("resent") == 1
    assert site.relay.metric("in_doubt_total", outcome="resent") == 1


def test_a_reply_that_is_lost_after_the_dot_gives_a_second_copy_that_is_accounted_for(site):
    site.ses.script(phase="end", action="lose")
    queue_id = site.send(mail.plain()).queue_id
    until(lambda: len(mail.arrived(site.ses, queue_id)) == 2, "both copies")
    site.relay.await_empty_queue()
    events = site.relay.events(queue_id)
    assert site.ses.stats()["messages"] == 2
    assert events.count("in_doubt") == 2 and events.count("resent") == 1 and events[-1] == "sent"


def test_a_quarter_of_the_replies_is_lost(site):
    site.ses.set(lost_reply_probability=0.25)
    with site.wire() as wire:
        wire.ehlo()
        ids = [wire.message(mail.plain()).queue_id for _ in range(40)]
    site.relay.await_empty_queue()
    stats = site.ses.stats()
    assert stats["messages"] == 40 + stats["lost_replies"] and stats["lost_replies"] > 0
    assert site.relay.metric("in_doubt_total", outcome="resent") == stats["lost_replies"]
    for queue_id in ids:
        assert len(mail.arrived(site.ses, queue_id)) == 1 + site.relay.events(queue_id).count("resent")


def test_ses_is_down_and_comes_back(site):
    site.ses.stop()
    ids = [site.send(mail.plain()).queue_id for _ in range(5)]
    site.relay.await_event(ids[0], "deferred")
    assert site.relay.ready()
    assert site.relay.metric("queue_messages") == 5
    assert site.relay.metric("queue_oldest_seconds") > 0
    assert set(site.relay.states()) >= set(ids)
    site.ses.start()
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 5


def test_mail_waits_over_a_restart_of_the_relay(site):
    site.ses.stop()
    ids = [site.send(mail.plain()).queue_id for _ in range(5)]
    site.relay.stop()
    site.ses.start()
    site.relay.start()
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 5


def test_starttls_delivers_too(start_site):
    site = start_site(upstream={"tls": "starttls"})
    record = mail.await_arrival(site.ses, site.send(mail.plain()).queue_id)
    assert record["tls"] == "TLSv1.3" and site.faults([record]) == {}


@pytest.mark.parametrize("phase", ["hello", "starttls"])
def test_starttls_that_is_refused_never_means_clear_text(start_site, phase):
    site = start_site(upstream={"tls": "starttls"})
    reply = {
        "hello": "250-email-smtp.amazonaws.com\n250-AUTH PLAIN LOGIN\n250 Ok",
        "starttls": "454 TLS not available",
    }
    site.ses.script(phase=phase, reply=reply[phase], count=0)
    queue_id = site.send(mail.plain()).queue_id
    until(lambda: site.relay.events(queue_id)[-1] in ("held", "deferred"), "the attempt to end")
    stats = site.ses.stats()
    assert (stats["messages"], stats["authentications"], stats["offences"]) == (0, 0, {})
    site.ses.clear_script()
    site.relay.reload()
    mail.await_arrival(site.ses, queue_id)
