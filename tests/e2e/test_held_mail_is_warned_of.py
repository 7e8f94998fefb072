"""Mail is held for long: its site is told once, a restart between, and once more when it is given up."""

from support import mail
from support.waiting import until

HOUR = 3600


def to_the_contact(site) -> list[dict]:
    """The records of what the site's contact got, oldest first."""
    return [record for record in site.ses.messages() if record["recipients"] == ["web@example.com"]]


def to_the_operator(site) -> list[dict]:
    return [record for record in site.ses.messages() if record["recipients"] == ["ops@example.com"]]


def test_a_site_is_warned_once_for_all_its_mail_and_then_told_of_each(site, relay_clock):
    site.relay.configure(
        operator={"contact": "ops@example.com", "from": "postern@example.com"},
        queue={"hold_expire": "4h", "retry_first": "1h", "retry_max": "1h"},
    )
    site.relay.stop()
    relay_clock.start()
    site.ses.stop()
    ids = [site.send(mail.plain(subject="The order of Mrs. Smith")).queue_id for _ in range(3)]
    until(lambda: set(site.relay.states().values()) == {"queued"}, "all to be queued")
    assert site.relay.command("queue", "hold", "--app", "shop").returncode == 0
    site.relay.stop()
    site.ses.start()

    relay_clock(2 * HOUR + 60)
    relay_clock.start()
    first = until(lambda: to_the_contact(site), "the warning")[0]
    site.relay.await_event(first["tags"]["postern_id"], "sent")
    until(lambda: to_the_operator(site), "the alert")
    until(lambda: set(site.relay.states().values()) == {"held"}, "nothing to be on its way")
    site.relay.kill()
    relay_clock.start()
    assert set(site.relay.states().values()) == {"held"}
    site.relay.stop()

    relay_clock(4 * HOUR + 60)
    relay_clock.start()
    until(lambda: len(to_the_contact(site)) == 4, "a report on each message")
    site.relay.await_empty_queue()
    warning, *reports = [mail.delivered(record).read_text() for record in to_the_contact(site)]
    assert "Subject: Mail of shop is held back" in warning and "The order of Mrs. Smith" in warning
    assert "3 mails of the site are held back for the same reason" in " ".join(warning.split())
    assert all("Subject: Mail of shop was not delivered" in report for report in reports)
    for queue_id in ids:
        timeline = site.relay.trace(queue_id)
        warned = [event for event in timeline if "its site is warned" in (event["detail"] or "")]
        assert len(warned) == (queue_id in warning)
        assert timeline[-1]["event"] == "expired"
