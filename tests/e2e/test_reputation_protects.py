"""Who sends to addresses that do not exist is stopped: its known users still get mail, and nobody else notices."""

import pytest
from simulator.published import STEPS

from support import mail
from support.relay_process import SHOP_PASSWORD
from support.waiting import until

HOUR = 3600
OTHERS = ("blog", "files")
STRANGER = "stranger@example.net"


@pytest.fixture
def site(start_site, queues, queue):
    """Three apps of one domain, and a feed. `relay_clock` starts this one anew."""
    app = {"password_file": "shop", "contact": "web@example.com", "domains": ["example.com"]}
    site = start_site(
        apps=[{"name": name, **app} for name in ("shop", *OTHERS)], **queues.feeding(queue)
    )
    site.ses.set(events_queue=queue, events_endpoint=queues.url)
    return site


def state(site, app: str = "shop") -> str:
    return site.relay.asked("app", "show", app)[0]["standing"]["state"]


def await_state(site, expected: str) -> None:
    until(lambda: state(site) == expected, f"shop to be {expected}", 60)


def replies(site, recipients: list[str]) -> list:
    """What the shop is told of a mail to each, fifty over a connection."""
    said = []
    for begin in range(0, len(recipients), 50):
        with site.wire() as wire:
            wire.ehlo()
            for recipient in recipients[begin : begin + 50]:
                said.append(wire.message(mail.plain(), recipients=[recipient]))
    return said


def mailed(site, recipients: list[str]) -> list:
    """The queue ids of messages to fifty of these each."""
    with site.wire() as wire:
        wire.ehlo()
        parts = [recipients[at : at + 50] for at in range(0, len(recipients), 50)]
        return [wire.message(mail.plain(), recipients=part).queue_id for part in parts]


def verdict(site, app: str, recipient: str) -> tuple[int, str | None]:
    """Of a mail to one recipient, sent as an app."""
    with site.wire("plain") as wire:
        wire.ehlo()
        wire.login(app, SHOP_PASSWORD)
        reply = wire.message(mail.plain(), recipients=[recipient])
        return reply.code, reply.reason


def numbered(pattern: str, count: int, first: int = 0) -> list[str]:
    return [pattern.format(number) for number in range(first, first + count)]


def reached(site) -> set[str]:
    return {recipient for record in site.ses.messages() for recipient in record["recipients"]}


def came(site) -> set[str]:
    """The queue ids of what SES has."""
    return {record["tags"]["postern_id"] for record in site.ses.messages()}


def test_known_users_get_their_mail_while_made_up_addresses_get_none(site):
    known = numbered("user{}@example.net", 500)
    made_up = numbered("bounce+{}@simulator.amazonses.com", 300)
    mailed(site, known)
    until(lambda: site.relay.metric("events_total", app="shop", type="Delivery") == 500, "deliveries", 60)
    assert all(reply.code == 250 for reply in replies(site, made_up[:100]))
    await_state(site, "restricted")
    site.relay.await_empty_queue()
    before = reached(site)
    resets, registrations = replies(site, known), replies(site, made_up[100:])
    assert {reply.code for reply in resets} == {250}
    assert {(reply.code, reply.reason) for reply in registrations} == {(550, "blocked")}
    assert "Protect forms" in registrations[0].text
    expected = {reply.queue_id for reply in resets}
    until(lambda: expected <= came(site), "every reset at SES", 60)
    assert reached(site) == before
    assert site.relay.metric("apps", state="restricted") == 1
    assert site.relay.metric("app_blocked", app="shop") == 0


def test_what_a_restricted_app_has_queued_waits_unless_its_recipients_are_known(site):
    mailed(site, ["user@example.net"])
    until(lambda: site.relay.metric("events_total", app="shop", type="Delivery") == 1, "the delivery")
    site.ses.set(paused=True)
    first = site.send(mail.plain()).queue_id
    site.relay.await_event(first, "held")
    known, new = mailed(site, ["user@example.net"]) + mailed(site, [STRANGER])
    override = ("app", "override", "shop", "--state", "restricted", "--for", "12h", "--reason", "a bought list")
    assert site.relay.command(*override).returncode == 0
    site.ses.set(paused=False)
    site.relay.command("queue", "release", "--all")
    mail.await_arrival(site.ses, known)
    site.relay.await_event(new, "held")
    until(lambda: site.relay.metric("held_messages", reason="blocked") == 2, "both to be held")
    assert verdict(site, "shop", STRANGER) == (550, "blocked")
    assert site.relay.command("app", "release", "shop").returncode == 0
    mail.await_arrival(site.ses, new)
    site.relay.await_empty_queue()


def test_a_spammy_app_is_warned_restricted_blocked_and_comes_back_alone(site, queues, queue, relay_clock):
    """A week, by a clock that is set while the relay is off: less than a day at a time, else it would not be believed."""
    passed = 0
    others = {app: verdict(site, app, STRANGER) for app in OTHERS}

    def later(hours: int) -> None:
        nonlocal passed
        site.relay.stop()
        passed += hours * HOUR
        relay_clock(passed)
        relay_clock.start()
        assert {app: verdict(site, app, STRANGER) for app in OTHERS} == others

    known = numbered("user{}@example.net", 90)
    mailed(site, known + numbered("bounce+{}@simulator.amazonses.com", 10))
    await_state(site, "warned")
    assert verdict(site, "shop", STRANGER)[0] == 250
    later(20)
    mailed(site, numbered("bounce+{}@simulator.amazonses.com", 40, 10))
    await_state(site, "restricted")
    assert verdict(site, "shop", "another@example.net") == (550, "blocked")
    later(2)
    ids = mailed(site, known)
    records = [mail.await_arrival(site.ses, each) for each in ids]
    came_back = records[0]["recipients"][:20]
    queues.send_all(queue, [STEPS["Bounce"](records[0], "us-east-1", recipient) for recipient in came_back])
    await_state(site, "blocked")
    assert verdict(site, "shop", known[-1]) == (550, "blocked")
    assert site.relay.metric("app_blocked", app="shop") == 1
    later(2)
    assert state(site) == "blocked"
    assert site.relay.command("app", "release", "shop").returncode == 0
    assert state(site) == "probation"
    later(2)
    mailed(site, numbered("good{}@example.net", 120))
    for _ in range(3):
        later(23)
    assert state(site) == "probation"
    later(23)
    await_state(site, "normal")
    steps = [
        (record["who"], record["what"])
        for record in site.relay.asked("audit", "--target", "shop")
        if record["what"] != "provision"
    ]
    by_itself = ("reputation", "app standing")
    by_hand = (steps[1][0], "app release")
    assert steps == [by_itself, by_hand, by_itself, by_itself, by_itself]
