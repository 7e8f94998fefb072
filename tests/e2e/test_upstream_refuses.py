"""SES refuses: what is about the account, the sender or the moment waits and is delivered later; only a refusal of the
message itself ends it."""

import pytest

from support import mail
from support.waiting import until

# name: (settings of ses_sim that cause it, settings that end it, reason of the hold or nothing for a retry)
TROUBLES = {
    "sending paused": ({"paused": True}, {"paused": False}, "account-paused"),
    "daily quota spent": ({"daily_quota": 1, "max_rate": 0.0}, {"daily_quota": 0}, "daily-quota"),
    "sender not verified": ({"identities": ["example.org"]}, {"identities": ["example.com"]}, "domain"),
    "MAIL FROM domain broken": ({"mail_from_failed": True}, {"mail_from_failed": False}, "domain"),
    "SES sandbox": ({"sandbox": True}, {"sandbox": False}, "ses-sandbox"),
    "credentials refused": ({"credentials": "invalid"}, {"credentials": "check"}, "credentials"),
    "not subscribed": ({"credentials": "unsubscribed"}, {"credentials": "check"}, "credentials"),
    "unknown configuration set": ({"configuration_sets": ["x"]}, {"configuration_sets": []}, "credentials"),
    "credentials cannot be checked": ({"credentials": "unavailable"}, {"credentials": "check"}, ""),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_mail_waits_for_the_trouble_to_end(site, name):
    cause, mend, reason = TROUBLES[name]
    site.ses.set(**cause)
    recipients = ["a@example.net", "b@example.net"]  # two: over a quota of one
    ids = [site.send(mail.plain(), recipients=recipients).queue_id for _ in range(3)]
    if reason:
        until(lambda: site.relay.metric("held_messages", reason=reason) >= 1, f"a message held for {reason}")
        first = site.relay.await_event(ids[0], "held")
        assert first["reason"] == reason and first["detail"]
        assert {entry["state"] for entry in site.relay.queue() if entry["id"] in ids} <= {
            "held",
            "queued",
            "in_delivery",
        }
    else:
        site.relay.await_event(ids[0], "deferred")
    assert site.ses.stats()["messages"] == 0
    assert site.relay.ready(), "no trouble of SES's makes the relay unready"

    site.ses.set(**mend)
    site.relay.reload()
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 3


def test_a_throttled_relay_slows_down_and_loses_nothing(site):
    site.ses.set(max_rate=20.0, burst=5.0)
    with site.wire() as wire:
        wire.ehlo()
        ids = [wire.message(mail.plain()).queue_id for _ in range(60)]
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id, 60)
    site.relay.await_empty_queue()
    stats = site.ses.stats()
    assert stats["messages"] == 60
    assert site.relay.metric("upstream_throttled_total") == stats["replies"]["454"] >= 1
    assert site.relay.metric("messages_accepted_total", app="shop", domain="example.com") == 60


def test_max_rate_is_kept(start_site):
    site = start_site(upstream={"max_rate": 20})
    site.ses.set(max_rate=25.0, burst=25.0)
    with site.wire() as wire:
        wire.ehlo()
        ids = [wire.message(mail.plain()).queue_id for _ in range(60)]
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    assert site.ses.stats()["replies"].get("454", 0) == 0
    assert site.relay.metric("upstream_rate_limit") == 20


@pytest.mark.parametrize(
    "reply",
    [
        "554 Transaction failed: Address contains illegal characters in user name: '<\"re:ceiver\"@example.net>'.",
        "554 Transaction failed: Duplicate header 'X'.",
        "552 Message is too long.",
    ],
)
def test_a_refusal_of_the_message_itself_fails_it_alone(site, reply):
    site.ses.script(phase="end", reply=reply, pattern="Subject: bad")
    bad = site.send(mail.plain(subject="bad")).queue_id
    good = site.send(mail.plain()).queue_id
    assert reply.split(" ", 1)[1] in site.relay.await_event(bad, "failed")["detail"]
    mail.await_arrival(site.ses, good)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 1


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "end"])
def test_a_temporary_failure_is_tried_again(site, phase):
    site.ses.script(phase=phase, reply="451 Temporary service failure", count=2)
    queue_id = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 1
    assert site.relay.events(queue_id).count("deferred") == 2


def test_a_refused_forward_path_fails_the_message(site):
    site.ses.script(phase="rcpt", reply="501 Invalid RCPT TO address provided", count=0)
    queue_id = site.send(mail.plain()).queue_id
    assert "Invalid RCPT TO" in site.relay.await_event(queue_id, "failed")["detail"]
    assert site.ses.stats()["messages"] == 0
