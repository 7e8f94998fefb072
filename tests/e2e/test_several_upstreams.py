"""Two upstreams: the second is used only while the first cannot be reached, and by the app that names it."""

import pytest

from support import mail
from support.relay_process import SHOP_PASSWORD, Relay, standard_config
from support.ses_process import SesProcess
from support.site import Site
from support.waiting import until


@pytest.fixture
def second_ses(tmp_path, keys):
    ses = SesProcess(tmp_path, keys.tls_directory, "--seed", "2")
    yield ses
    ses.stop()


@pytest.fixture
def sites(tmp_path_factory, keys, second_ses):
    """The same relay twice, with each SES that it uses. Its app `blog` is tied to the second."""
    home = tmp_path_factory.mktemp("site")
    first_ses = SesProcess(home, keys.tls_directory, "--seed", "1")
    config = standard_config(home, first_ses, keys.certificate, keys.signer)
    first = {**config["upstream"], "name": "first"}
    config["upstream"] = [first, {**first, "name": "second", "port": second_ses.tls_port}]
    config["apps"].append({**config["apps"][0], "name": "blog", "upstream": "second"})
    relay = Relay(home, config)
    try:
        yield Site(relay.start(), first_ses, keys), Site(relay, second_ses, keys)
        relay.stop()
    finally:
        if relay.process:
            relay.kill()
        first_ses.stop()


def test_the_second_is_used_while_the_first_cannot_be_reached(sites):
    first, second = sites
    mail.await_arrival(first.ses, first.send(mail.plain()).queue_id)
    first.ses.stop()
    for _ in range(3):
        mail.await_arrival(second.ses, first.send(mail.plain()).queue_id)
    assert second.ses.stats()["messages"] == 3

    def reached_again():
        return mail.arrived(first.ses, first.send(mail.plain()).queue_id)

    first.ses.start()
    until(reached_again, "mail by the first upstream again", 60)
    first.relay.await_empty_queue()
    for site in sites:
        assert site.faults(site.ses.messages()) == {}


def test_an_account_that_is_held_does_not_carry_its_mail_to_the_next(sites):
    first, second = sites
    first.ses.set(paused=True)
    queue_id = first.send(mail.plain()).queue_id
    first.relay.await_event(queue_id, "held")
    later = first.send(mail.plain()).queue_id
    assert first.relay.states() == {queue_id: "held", later: "held"}
    first.ses.set(paused=False)
    assert first.relay.command("queue", "retry", "--all").returncode in (0, 1)
    for held in (queue_id, later):
        mail.await_arrival(first.ses, held)
    assert second.ses.stats()["messages"] == 0


def test_an_app_keeps_to_the_upstream_that_it_names(sites):
    first, second = sites
    with first.wire("plain") as wire:
        wire.ehlo()
        assert wire.login("blog", SHOP_PASSWORD).code == 235
        blog = wire.message(mail.plain()).queue_id
        mail.await_arrival(second.ses, blog)
        second.ses.stop()
        waiting = wire.message(mail.plain()).queue_id
    first.relay.await_event(waiting, "deferred")
    mail.await_arrival(first.ses, first.send(mail.plain()).queue_id)
    second.ses.start()
    mail.await_arrival(second.ses, waiting)
    assert mail.arrived(first.ses, waiting) == []
