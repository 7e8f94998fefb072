"""The network between relay and SES misbehaves, at many places of the encrypted stream: nothing is lost, and what comes
twice is accounted for."""

import pytest

from support import mail
from support.proxy import Fault, Proxy
from support.waiting import until

# Octets of a first delivery: handshake, EHLO and AUTH, the transaction, the content, and beyond it.
UP = [0, 100, 450, 600, 750, 900, 1100, 1500, 2500]
DOWN = [0, 100, 1200, 1500, 1800, 2000]


@pytest.fixture(scope="module")
def proxied_site(shared_site):
    """The relay reaches ses_sim through a proxy only."""
    with Proxy(shared_site.ses.tls_port) as proxy:
        shared_site.relay.configure(upstream={"port": proxy.port})
        shared_site.relay.stop()
        shared_site.relay.start()
        yield shared_site, proxy


@pytest.mark.parametrize(
    "direction, after", [("up", after) for after in UP] + [("down", after) for after in DOWN]
)
@pytest.mark.parametrize("action", ["close", "reset", "slice", "corrupt"])
def test_the_mail_arrives_all_the_same(proxied_site, action, direction, after):
    site, proxy = proxied_site
    _end_warm_connections(site)
    proxy.set(Fault(action, direction, after=after))
    queue_id = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    events = site.relay.events(queue_id)
    copies = len(mail.arrived(site.ses, queue_id))
    assert events[-1] == "sent"
    assert 1 <= copies <= 1 + events.count("resent")
    assert copies == 1 or action != "slice"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_connection_that_is_refused_or_silent_from_the_start(proxied_site, direction):
    site, proxy = proxied_site
    _end_warm_connections(site)
    proxy.set(Fault("refuse", direction, connections=3))
    queue_id = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, queue_id)
    assert len(mail.arrived(site.ses, queue_id)) == 1


def test_one_silent_connection_does_not_keep_other_mail_waiting(proxied_site):
    site, proxy = proxied_site
    _end_warm_connections(site)
    proxy.set(Fault("stall", "up", after=900))
    stalled = site.send(mail.plain()).queue_id
    until(lambda: proxy.struck, "the stall")
    others = [site.send(mail.plain()).queue_id for _ in range(5)]
    for queue_id in others:
        mail.await_arrival(site.ses, queue_id, 10)
    assert mail.arrived(site.ses, stalled) == []


def _end_warm_connections(site) -> None:
    """So that the next delivery opens a connection."""
    site.ses.set(idle_seconds=0.05)
    until(lambda: site.ses.stats()["open"] == 0, "the end of the warm connections")
    site.ses.set(idle_seconds=10.0)
