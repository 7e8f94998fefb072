"""Metric names and labels are the golden file's, all there from the start; counts agree with what happened."""

import pathlib

from support import mail
from support.metrics import Scrape
from support.waiting import until

GOLDEN = pathlib.Path(__file__).parent.parent / "golden" / "metrics.txt"


def shape(scraped: Scrape) -> list[str]:
    """`name type {labels}` of each family; labels only of families that have samples."""
    return [
        f"{name} {kind} {{{','.join(scraped.label_names(name))}}}"
        for name, kind in sorted(scraped.types.items())
    ]


def test_every_family_has_help_and_type_from_the_start(site):
    scraped = site.relay.scrape()
    names = [line.split()[0] for line in GOLDEN.read_text().splitlines()]
    assert sorted(scraped.types) == sorted(names)
    assert scraped.helped == set(scraped.types)
    assert all(name.startswith("postern_") for name in names)


def test_names_types_and_labels_are_those_of_the_golden_file(start_site, queues, queue):
    site = start_site(**queues.feeding(queue), in_doubt={"action": "resend"})
    site.ses.set(events_queue=queue, events_endpoint=queues.url)
    provoke_every_label(site)
    assert shape(site.relay.scrape()) == GOLDEN.read_text().splitlines()


def provoke_every_label(site) -> None:
    """One of each: accepted, refused, sent, held, resent, bounced, complained."""
    for mailbox, step in {"bounce": "bounced", "complaint": "complained"}.items():
        recipient = f"{mailbox}@simulator.amazonses.com"
        site.relay.await_event(site.send(mail.plain(), recipients=[recipient]).queue_id, step)
    site.send(mail.plain(Precedence="bulk"))
    site.ses.script(phase="end", action="close")
    resent = site.send(mail.plain()).queue_id
    site.relay.await_event(resent, "resent")
    mail.await_arrival(site.ses, resent)
    site.ses.set(paused=True)
    site.relay.await_event(site.send(mail.plain()).queue_id, "held")
    until(lambda: site.relay.metric("held_messages", reason="account-paused") == 1, "the hold in the metrics")
    site.ses.set(paused=False)


def test_the_counts_agree_with_both_sides(site):
    before = site.relay.scrape()
    with site.wire() as wire:
        wire.ehlo()
        ids = [wire.message(mail.plain()).queue_id for _ in range(10)]
        for _ in range(3):
            assert wire.message(mail.plain(Precedence="bulk")).reason == "bulk"
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    after = site.relay.scrape()

    def grown(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    assert grown("messages_accepted_total", app="shop", domain="example.com") == 10
    assert grown("messages_refused_total", app="shop", reason="bulk") == 3
    assert grown("dkim_signatures_total", domain="example.com") == 10
    assert grown("delivery_attempts_total", result="taken") == 10
    assert grown("upstream_replies_total", code="250") == 10
    assert grown("delivery_seconds_count") == 10
    assert grown("smtp_transaction_seconds_count") == 13
    assert grown("smtp_connections_total") == 1
    assert grown("internal_errors_total") == 0
    assert grown("dkim_key_cache_total", outcome="hit") == 10  # libopendkim is answered with the parsed key
    assert after.value("tls_certificate_expiry_timestamp_seconds") > 1.7e9
    assert after.value("queue_messages") == 0 and after.value("queue_oldest_seconds") == 0


def test_no_address_and_no_recipient_domain_is_a_label(site):
    mail.await_arrival(site.ses, site.send(mail.plain(), recipients=["alice@recipient.test"]).queue_id)
    text = site.relay.scrape().text
    assert "recipient.test" not in text and "@" not in text
