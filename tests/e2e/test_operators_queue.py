"""What an operator does with the queue, through the commands."""

import json

import pytest

from support import mail
from support.waiting import until


@pytest.fixture
def away(start_site):
    """SES is down: what is sent stays queued, and is tried again only in an hour."""
    site = start_site(queue={"retry_first": "1h", "retry_max": "1h"})
    site.ses.stop()
    return site


def queued(site, count: int) -> list[str]:
    ids = [site.send(mail.plain()).queue_id for _ in range(count)]
    for queue_id in ids[:1]:
        site.relay.await_event(queue_id, "deferred")
    return ids


def ordered(site, *words: str) -> dict:
    answer = site.relay.command("queue", *words, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_held_mail_stays_until_it_is_released(away):
    ids = queued(away, 3)
    until(lambda: set(away.relay.states().values()) == {"queued"}, "all to be queued")
    assert ordered(away, "hold", "--app", "shop", "--dry-run")["matched"] == 3
    assert set(away.relay.states().values()) == {"queued"}
    assert ordered(away, "hold", ids[0])["matched"] == 1
    shown = away.relay.asked("queue", "show", ids[0])[0]["entry"]
    assert (shown["state"], shown["reason"]) == ("held", "by-hand")
    assert shown["held_since"] < shown["deadline"]
    away.ses.start()
    ordered(away, "retry", "--all")
    for queue_id in ids[1:]:
        mail.await_arrival(away.ses, queue_id)
    assert away.relay.states()[ids[0]] == "held"
    ordered(away, "release", "--reason", "by-hand")
    mail.await_arrival(away.ses, ids[0])
    assert away.relay.events(ids[0])[-1] == "sent" or away.relay.await_event(ids[0], "sent")


def test_dropped_mail_is_gone_and_traced(away):
    queue_id = queued(away, 1)[0]
    assert ordered(away, "drop", queue_id)["matched"] == 1
    assert away.relay.events(queue_id)[-1] == "dropped"
    away.ses.start()
    other = away.send(mail.plain()).queue_id
    mail.await_arrival(away.ses, other)
    away.relay.await_empty_queue()
    assert mail.arrived(away.ses, queue_id) == []


def test_an_order_without_a_selection_and_one_that_meets_nothing_say_so(site):
    bare = site.relay.command("queue", "drop")
    assert bare.returncode == 2 and "--all" in bare.stderr
    nothing = site.relay.command("queue", "drop", "--app", "nobody")
    assert nothing.returncode == 1 and nothing.stderr.strip()


def test_older_resets_are_superseded_by_the_newest(start_site):
    site = start_site(queue={"retry_first": "1h", "retry_max": "1h"})
    site.ses.set(paused=True)
    blocked = site.send(mail.plain()).queue_id
    site.relay.await_event(blocked, "held")
    link = "https://shop.example.com/user/reset/7/1700000000/abc{}/login\r\n"
    resets = [site.send(mail.plain(body=link.format(number))).queue_id for number in range(3)]
    for queue_id in resets:
        assert site.relay.asked("queue", "show", queue_id)[0]["entry"]["reason"] == "account-paused"
    site.ses.set(paused=False)
    ordered(site, "release", "--reason", "account-paused")
    mail.await_arrival(site.ses, resets[-1])
    mail.await_arrival(site.ses, blocked)
    site.relay.await_empty_queue()
    assert [len(mail.arrived(site.ses, queue_id)) for queue_id in resets] == [0, 0, 1]
    assert site.relay.events(resets[0])[-1] == "superseded"


def test_drain_delivers_what_is_queued_and_reload_takes_a_new_file(away):
    queue_id = queued(away, 1)[0]
    away.ses.start()
    ordered(away, "retry", queue_id)
    drained = away.relay.command("drain", "--timeout", "20s")
    assert drained.returncode == 0, drained.stderr
    mail.await_arrival(away.ses, queue_id)
    good = away.relay.config
    away.relay.configure(queue={"expire": "soon"})
    refused = away.relay.command("reload")
    assert refused.returncode == 1 and "postern.yml" in refused.stderr
    away.relay.config = good
    away.relay.write_config()
    assert away.relay.command("reload").returncode == 0


def test_what_drain_says_is_gone_is_no_longer_in_the_queue(site):
    for _ in range(10):
        site.send(mail.plain())
        (drained,) = site.relay.asked("drain")
        assert drained == {"drained": True, "queued": 0, "in_delivery": 0, "in_doubt": 0, "held": 0}
        assert site.relay.queue() == []


def test_a_restored_spool_sends_nothing_before_it_is_released(away):
    ids = queued(away, 100)
    backup = away.relay.home / "backup.sqlite"
    made = away.relay.command("backup", str(backup))
    assert made.returncode == 0, made.stderr
    assert backup.stat().st_mode & 0o777 == 0o600
    away.ses.start()
    ordered(away, "retry", "--all")
    until(lambda: away.ses.stats()["messages"] == 100, "all to be delivered")
    away.relay.await_empty_queue()
    away.relay.stop()
    restored = away.relay.command("restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    away.relay.start()
    assert set(away.relay.states().values()) == {"held"} and len(away.relay.states()) == 100
    assert away.relay.metric("held_messages", reason="restored") == 100
    assert away.relay.command("drain", "--timeout", "10s").returncode == 0
    assert away.ses.stats()["messages"] == 100
    assert ordered(away, "release", "--reason", "restored")["matched"] == 100
    until(lambda: away.ses.stats()["messages"] == 200, "all to be delivered again, as was asked")
    assert set(ids) == {record["tags"]["postern_id"] for record in away.ses.messages()}
