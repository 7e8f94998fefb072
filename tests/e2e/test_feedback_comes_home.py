"""SES's events, read from a queue of SQS: each is counted once, suppresses whom it should, and tells the message's life."""

import json
import os
import random

import pytest

from support import mail
from support.waiting import until

BOUNCE, COMPLAINT = "bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com"
SUPPRESSED = "suppressionlist@simulator.amazonses.com"
SOAK = os.environ.get("POSTERN_SOAK") == "1"
MAILS, BOUNCES, COMPLAINTS = (1000, 37, 3) if SOAK else (300, 11, 1)


@pytest.fixture
def events(start_site, queues, queue):
    """A site whose feed is the queue."""
    site = start_site(**queues.feeding(queue))
    site.ses.set(events_queue=queue, events_endpoint=queues.url)
    return site


def send(site, recipient: str = "a@example.net") -> str:
    return site.send(mail.plain(), recipients=[recipient]).queue_id


def total(site, name: str, **labels: str) -> float:
    return site.relay.scrape().value(name, **labels)


def test_what_became_of_a_message_is_in_its_life_and_in_the_counters(events, queues, queue):
    good, bad = send(events), send(events, BOUNCE)
    events.relay.await_event(good, "delivered")
    events.relay.await_event(bad, "bounced")
    until(lambda: total(events, "events_total", app="shop", type="Send") == 2, "both Send events")
    assert total(events, "events_total", app="shop", type="Delivery") == 1
    bounced = {"app": "shop", "domain": "example.com", "type": "Permanent", "subtype": "General"}
    assert total(events, "bounces_total", **bounced) == 1
    assert total(events, "suppressed_addresses") == 1
    assert total(events, "feedback_last_event_timestamp_seconds") > 0
    until(lambda: queues.left(queue) == 0, "the queue to be empty")


def test_who_bounced_gets_no_further_mail_and_the_site_is_told_why(events):
    events.relay.await_event(send(events, BOUNCE), "bounced")
    with events.wire() as wire:
        wire.ehlo()
        reply = wire.envelope("site@example.com", [BOUNCE])
        assert (reply.code, reply.reason) == (550, "suppressed") and "5.1.1" in reply.text
    both = events.send(mail.plain(), recipients=[BOUNCE, "a@example.net"]).queue_id
    mail.await_arrival(events.ses, both)
    record = next(each for each in events.ses.messages() if each["tags"]["postern_id"] == both)
    assert record["recipients"] == ["a@example.net"]
    events.relay.await_event(both, "left_out")
    assert both in events.relay.command("trace", BOUNCE).stdout


def test_a_complaint_ends_the_mail_to_its_sender_and_ses_own_list_suppresses_nobody(events):
    events.relay.await_event(send(events, COMPLAINT), "complained")
    events.relay.await_event(send(events, SUPPRESSED), "bounced")
    assert events.send(mail.plain(), recipients=[COMPLAINT]).reason == "suppressed"
    assert events.send(mail.plain(), recipients=[SUPPRESSED]).code == 250
    assert total(events, "complaints_total", app="shop", domain="example.com", feedback_type="abuse") == 1


def test_an_operator_lists_removes_and_adds_addresses(events):
    events.relay.await_event(send(events, BOUNCE), "bounced")
    listed = json.loads(events.relay.command("suppression", "list", "--json").stdout)
    assert (listed["app"], listed["address"], listed["cause"]) == ("shop", BOUNCE, "bounce")
    assert events.relay.command("suppression", "remove", "--app", "shop", BOUNCE).returncode == 0
    assert events.send(mail.plain(), recipients=[BOUNCE]).code == 250
    assert events.relay.command("suppression", "add", "--app", "shop", "a@example.net").returncode == 0
    assert events.send(mail.plain()).reason == "suppressed"
    assert BOUNCE not in events.relay.command("suppression", "list", "--address", "a@example.net").stdout
    refused = events.relay.command("suppression", "add", "--app", "nobody", "a@example.net")
    assert refused.returncode == 1 and "app list" in refused.stderr
    assert "suppression remove" in events.relay.command("audit", "--target", "shop").stdout


def test_suppression_and_counters_outlive_a_kill(events):
    events.relay.await_event(send(events, BOUNCE), "bounced")
    before = total(events, "events_total", app="shop", type="Bounce")
    events.relay.kill()
    events.relay.start()
    assert total(events, "events_total", app="shop", type="Bounce") == before == 1
    until(
        lambda: events.send(mail.plain(), recipients=[BOUNCE]).reason == "suppressed",
        "the list to be read",
    )


def test_each_event_counts_once_however_often_and_in_whatever_order_it_comes(events, queues, queue):
    """The events are collected first, and then sent twice in random order, the relay killed in the middle."""
    aside = queues.new_queue("aside")
    events.ses.set(events_queue=aside)
    bounced, complained = numbered(BOUNCE, BOUNCES), numbered(COMPLAINT, COMPLAINTS)
    users = numbered("user@example.net", MAILS - BOUNCES - COMPLAINTS)
    ids = send_all(events, users + bounced + complained)
    until(lambda: queues.left(aside) == 2 * MAILS + COMPLAINTS, "all events", 120)
    copies = queues.receive_all(aside) * 2
    random.Random(7).shuffle(copies)
    queues.send_all(queue, copies[: len(copies) // 2])
    until(lambda: queues.left(queue) < len(copies) // 4, "the relay to be in the middle of them", 60)
    events.relay.kill()
    queues.send_all(queue, copies[len(copies) // 2 :])
    events.relay.start()
    until(lambda: queues.left(queue) == 0, "the queue to be empty", 120)
    assert_counters(events)
    listed = {each["address"]: each["cause"] for each in events.relay.asked("suppression", "list")}
    assert listed == dict.fromkeys(bounced, "bounce") | dict.fromkeys(complained, "complaint")
    assert_ratios(events)
    for recipient in bounced + complained + users[::40]:
        steps = ["accepted", "in_doubt", "sent"]
        steps += {"bounce": ["bounced"], "complaint": ["complained", "delivered"]}.get(
            recipient.partition("+")[0], ["delivered"]
        )
        assert sorted(events.relay.events(ids[recipient])) == sorted(steps)


def numbered(address: str, count: int) -> list[str]:
    local, _, domain = address.partition("@")
    return [f"{local}+{number}@{domain}" for number in range(count)]


def send_all(site, recipients: list[str]) -> dict[str, str]:
    """Queue ids by recipient, when all have left."""
    with site.wire() as wire:
        wire.ehlo()
        ids = {
            recipient: wire.message(mail.plain(body=f"For {recipient}.\r\n"), recipients=[recipient]).queue_id
            for recipient in recipients
        }
    site.relay.await_empty_queue()
    return ids


def assert_counters(site) -> None:
    scrape = site.relay.scrape()
    of_site = {"app": "shop", "domain": "example.com"}
    assert scrape.value("events_total", app="shop", type="Send") == MAILS
    assert scrape.value("events_total", app="shop", type="Delivery") == MAILS - BOUNCES
    assert scrape.value("events_total", app="shop", type="Bounce") == BOUNCES
    assert scrape.value("events_total", app="shop", type="Complaint") == COMPLAINTS
    assert scrape.value("events_total") == 2 * MAILS + COMPLAINTS
    assert scrape.value("bounces_total", **of_site, type="Permanent", subtype="General") == BOUNCES
    assert scrape.value("bounces_total") == BOUNCES
    assert scrape.value("complaints_total", **of_site, feedback_type="abuse") == COMPLAINTS
    assert scrape.value("complaints_total") == COMPLAINTS
    assert scrape.value("suppressed_addresses") == BOUNCES + COMPLAINTS


def assert_ratios(site) -> None:
    (shop,) = site.relay.asked("stats")
    assert (shop["delivered"], shop["bounced"], shop["complained"]) == (MAILS - BOUNCES, BOUNCES, COMPLAINTS)
    measured = {(each["feedback"], each["window"]): each for each in shop["measures"]}
    for window in (24 * 3600, 30 * 24 * 3600):
        bounces, complaints = measured["bounces", window], measured["complaints", window]
        assert (bounces["events"], bounces["sent"], bounces["ratio"]) == (BOUNCES, MAILS, BOUNCES / MAILS)
        assert (complaints["events"], complaints["ratio"]) == (COMPLAINTS, COMPLAINTS / MAILS)
        assert 0 < bounces["proved"] < bounces["ratio"] < bounces["limit"] and bounces["level"] == "ok"


def test_another_relays_events_are_given_back_and_strangers_are_thrown_away(events, queues, queue):
    event = {
        "eventType": "Send",
        "mail": {
            "timestamp": "2026-09-14T09:30:15.482Z",
            "messageId": "010001a09f40be49-97017b98-bc7f-5131-8d46-a1d1e1d3223a-000000",
            "destination": ["a@example.net"],
            "tags": {},
        },
        "send": {},
    }
    queues.send(queue, json.dumps(event))
    until(lambda: total(events, "feedback_discarded_total", cause="foreign") == 1, "the stranger")
    until(lambda: queues.left(queue) == 0, "the queue to be empty")
    event["mail"]["tags"] = {"postern_relay": ["0000000000000"], "postern_id": ["06B6SX1Z8J8C4"]}
    queues.send(queue, json.dumps(event))
    until(lambda: total(events, "feedback_discarded_total", cause="other_relay") >= 1, "the other relay's")
    assert queues.left(queue) == 1


def told(site, kind: str) -> float:
    return total(site, "alerts_total", kind=kind)


def test_many_suppressions_at_once_are_told_of(events):
    send_all(events, numbered(BOUNCE, 19))
    until(lambda: total(events, "suppressed_addresses") == 19, "nineteen suppressions")
    assert told(events, "suppressions") == 0
    send(events, BOUNCE)
    until(lambda: told(events, "suppressions") == 1, "the alert")


def test_a_change_of_what_was_signed_and_a_second_reader_are_told_of(events, queues, queue):
    queue_id = send(events)
    events.relay.await_event(queue_id, "delivered")
    assert (told(events, "signature-altered"), told(events, "feed")) == (0, 0)
    record = next(each for each in events.ses.messages() if each["tags"]["postern_id"] == queue_id)
    opened = {
        "eventType": "Open",
        "mail": {
            "timestamp": "2026-09-14T09:30:15.482Z",
            "messageId": record["id"],
            "destination": record["recipients"],
            "tags": {name: [value] for name, value in record["tags"].items()},
        },
        "open": {"timestamp": "2026-09-14T09:30:16.482Z"},
    }
    queues.send(queue, json.dumps(opened))
    until(lambda: told(events, "signature-altered") == 1, "the alert of the change")
    opened["mail"]["tags"] = {"postern_relay": ["0000000000000"], "postern_id": ["06B6SX1Z8J8C4"]}
    queues.send(queue, json.dumps(opened))
    until(lambda: told(events, "feed") == 1, "the minute's look at the feed", 70)
    until(lambda: "This queue has several readers" in events.relay.log(), "its words in the log")
