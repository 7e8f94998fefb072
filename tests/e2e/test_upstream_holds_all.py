"""Faults of the account hold mail instead of losing it, let it go when they are mended, and nothing is a bounce."""

from support import mail
from support.waiting import until


def test_a_paused_account_holds_what_is_queued_and_what_comes_and_ends_by_itself(site):
    site.ses.set(paused=True)
    first = site.send(mail.plain()).queue_id
    site.relay.await_event(first, "held")
    later = [site.send(mail.plain()).queue_id for _ in range(5)]
    assert {site.relay.states()[queue_id] for queue_id in later} == {"held"}
    assert site.relay.metric("held_messages", reason="account-paused") == 6
    assert site.relay.metric("upstream_account_status", status="account-paused") == 1
    site.ses.set(paused=False)
    site.relay.reload()
    for queue_id in [first, *later]:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.relay.metric("upstream_account_status", status="account-paused") == 0
    assert site.ses.stats()["messages"] == 6


def test_a_hold_outlives_a_restart(site):
    site.ses.set(paused=True)
    first = site.send(mail.plain()).queue_id
    site.relay.await_event(first, "held")
    site.relay.stop()
    site.ses.set(paused=False)
    site.relay.start()
    mail.await_arrival(site.ses, first)
    site.relay.await_empty_queue()


def test_three_messages_with_an_unknown_refusal_hold_all_and_none_fails(site):
    site.ses.script(phase="end", action="reply", reply="554 Something nobody has heard of", count=0)
    ids = [site.send(mail.plain()).queue_id for _ in range(4)]
    until(lambda: site.relay.metric("held_messages", reason="account-paused") == 4, "all held")
    site.ses.clear_script()
    site.relay.reload()
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert all("failed" not in site.relay.events(queue_id) for queue_id in ids)


def test_one_message_with_an_unknown_refusal_fails_when_others_are_taken(site):
    site.ses.script(
        phase="end", action="reply", reply="554 Something nobody has heard of", pattern="odd one", count=0
    )
    odd = site.send(mail.plain(subject="The odd one")).queue_id
    site.relay.await_event(odd, "deferred")
    good = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, good)
    site.relay.await_event(odd, "failed")
    site.relay.await_empty_queue()


def test_a_daily_quota_parks_mail_until_it_frees(site):
    site.ses.set(daily_quota=2)
    sent = [site.send(mail.plain()).queue_id for _ in range(2)]
    for queue_id in sent:
        mail.await_arrival(site.ses, queue_id)
    third = site.send(mail.plain()).queue_id
    held = site.relay.await_event(third, "held")
    assert held["reason"] == "daily-quota"
    site.ses.set(daily_quota=0)
    site.relay.reload()
    mail.await_arrival(site.ses, third)


def test_what_the_quota_has_seen_is_known_after_a_restart(site):
    several = ["a@example.net", "b@example.net", "c@example.net"]
    for recipients in (several, several[:1]):
        mail.await_arrival(site.ses, site.send(mail.plain(), recipients=recipients).queue_id)
    site.relay.await_empty_queue()
    assert site.relay.metric("upstream_sent_24h_recipients") == 4
    site.relay.stop()
    site.relay.start()
    assert site.relay.metric("upstream_sent_24h_recipients") == 4
    mail.await_arrival(site.ses, site.send(mail.plain()).queue_id)
    site.relay.await_empty_queue()
    assert site.relay.metric("upstream_sent_24h_recipients") == 5


def test_a_message_that_fails_for_good_is_reported_to_its_contact_once(start_site):
    site = start_site(operator={"contact": "ops@example.com", "from": "postern@example.com"})
    site.ses.script(phase="end", action="reply", reply="554 Transaction failed: Duplicate header 'From'.")
    queue_id = site.send(mail.plain(subject="The order of Mrs. Smith")).queue_id
    site.relay.await_event(queue_id, "failed")
    report = until(lambda: site.ses.messages(), "the report")[0]
    assert report["mail_from"] == "postern@example.com" and report["recipients"] == ["web@example.com"]
    text = mail.delivered(report).read_text()
    assert "multipart/report" in text and queue_id in text and "The order of Mrs. Smith" in text
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 1
    assert site.faults([report]) == {}


def test_a_report_that_fails_is_not_reported(start_site):
    site = start_site(operator={"contact": "ops@example.com", "from": "postern@example.com"})
    site.ses.script(
        phase="end", action="reply", reply="554 Transaction failed: Duplicate header 'From'.", count=2
    )
    site.send(mail.plain())
    until(lambda: site.ses.stats()["replies"].get("554") == 2, "both refusals")
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 0
