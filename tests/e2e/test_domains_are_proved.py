"""A domain is added, its records are pasted into a real zone, and it becomes verified; it drifts, is revoked, and comes
back; its key is rotated under traffic. nsd answers for the zones, unbound stands before it."""

import pathlib
import re
import time
import types

import pytest

from support import dkim_check, mail
from support.waiting import until

ZONE = "example.com"
MINUTE, HOUR = 60, 3600
YEAR = 365 * 24 * HOUR


@pytest.fixture
def site(start_site, dns):
    """A sidecar for the app `shop`, which has no domain yet."""
    return start_site(
        domains=[],
        apps=[{"name": "shop", "password_file": "shop", "contact": "web@example.com"}],
        dns={"servers": [dns.resolver], "timeout": "2s", "private_servers": True},
    )


def status(site) -> str:
    return site.relay.asked("domain", "show", ZONE)[0]["status"]


def verify(site) -> str:
    """Looks now, and says where the domain stands then."""
    site.relay.command("domain", "verify", ZONE)
    return status(site)


def add_and_prove(site, dns) -> None:
    added = site.relay.command("domain", "add", ZONE, "--app", "shop")
    assert added.returncode == 0, added.stderr
    dns.publish(ZONE, site.records(ZONE))
    until(lambda: verify(site) == "verified", "the domain to be verified", 20)


def fault(site, dns, queue_id: str) -> str:
    """Why the message's signature does not verify by the keys that the zone has now; nothing if it does."""
    return fault_of(site, queue_id, dns.lines(ZONE))


def fault_of(site, queue_id: str, zone: str) -> str:
    path = pathlib.Path(mail.await_arrival(site.ses, queue_id)["delivered"])
    return dkim_check.fault_by_zone(path, ZONE, zone)


def test_from_app_add_to_the_first_signed_mail(site, dns):
    password = site.relay.asked("app", "add", "blog")[0]["password"]

    def send():
        with site.wire("plain") as wire:
            wire.ehlo()
            wire.login("blog", password)
            return wire.message(mail.plain())

    added = site.relay.command("domain", "add", ZONE, "--app", "blog")
    assert added.returncode == 0, added.stderr
    assert "_postern-challenge.example.com" in added.stdout and "p1._domainkey.example.com" in added.stdout
    refused = send()
    assert refused.code == 550 and "[sender-domain]" in refused.text and ZONE in refused.text
    assert site.relay.command("domain", "verify", ZONE).returncode == 1
    dns.publish(ZONE, site.records(ZONE))
    until(lambda: site.relay.command("domain", "verify", ZONE).returncode == 0, "the records to be right", 20)
    assert status(site) == "verified"
    sent = send()
    assert sent.code == 250, sent.text
    assert fault(site, dns, sent.queue_id) == ""


def test_a_new_domain_is_looked_at_without_being_asked(site, dns):
    site.relay.command("domain", "add", ZONE, "--app", "shop")
    dns.publish(ZONE, site.records(ZONE))
    until(lambda: status(site) == "verified", "the next round", 100, pause=0.5)


def test_a_domain_whose_records_stay_away_is_revoked_and_comes_back(site, dns, relay_clock):
    add_and_prove(site, dns)
    good = dns.lines(ZONE)
    dns.publish(ZONE, "")
    until(lambda: verify(site) == "warning", "the drift to be seen", 20)
    relay_clock(10 * YEAR)  # a clock that is set is no evidence
    assert verify(site) == "warning"
    rounds = 0
    while verify(site) == "warning":
        rounds += 1
        assert rounds < 70, "still no more than warned of"
        relay_clock(10 * YEAR + rounds * 2 * HOUR)
    assert rounds > 50 and status(site) == "revoked"  # five days, of which a step counts two hours at most
    refused = site.send(mail.plain())
    assert refused.code == 550 and "[sender-domain]" in refused.text and "p1._domainkey" in refused.text
    dns.publish(ZONE, good)
    until(lambda: verify(site) == "verified", "the records to be seen again", 20)
    assert site.send(mail.plain()).code == 250


def test_a_key_that_vanishes_holds_mail_and_comes_back(site, dns, relay_clock):
    add_and_prove(site, dns)
    good = dns.lines(ZONE)
    dns.publish(ZONE, "\n".join(line for line in good.splitlines() if "_domainkey" not in line))
    until(lambda: verify(site) == "warning", "the drift to be seen", 20)
    assert site.relay.metric("domain_check", domain=ZONE, check="dkim") == 0
    first = sent_now(site)  # seen once only: it still signs
    assert fault_of(site, first, good) == ""
    relay_clock(6 * MINUTE)
    assert verify(site) == "warning"
    waiting = sent_now(site)
    assert site.relay.await_event(waiting, "accepted")
    until(lambda: site.relay.states()[waiting] == "held", "the message to wait for its key")
    assert site.relay.asked("queue", "show", waiting)[0]["entry"]["reason"] == "signing"
    dns.publish(ZONE, good)
    until(lambda: verify(site) == "verified", "the record to be seen again", 20)
    assert fault_of(site, waiting, good) == ""


def test_a_resolver_that_is_away_changes_nothing(site, dns):
    add_and_prove(site, dns)
    dns.stop_resolver()

    def stale():
        assert verify(site) == "verified"
        checks = {check["check"]: check for check in site.relay.asked("domain", "show", ZONE)[0]["checks"]}
        return checks["dkim"]["stale_since"]

    until(stale, "the check to be stale", 30)
    assert site.relay.metric("domain_check_stale", domain=ZONE, check="dkim") == 1
    sent = site.send(mail.plain())
    assert fault(site, dns, sent.queue_id) == ""
    dns.start_resolver()
    assert verify(site) == "verified"
    assert site.relay.metric("domain_check_stale", domain=ZONE, check="dkim") == 0


def test_a_day_without_a_resolver_sends_everything_signed(site, dns, relay_clock, monkeypatch):
    add_and_prove(site, dns)
    zone = dns.lines(ZONE)
    dns.stop_resolver()
    for hour in range(25):
        relay_clock(hour * HOUR)
        monkeypatch.setattr(dkim_check.dkim, "time", types.SimpleNamespace(time=lambda h=hour: time.time() + h * HOUR))
        if hour % 8 == 0:
            assert verify(site) == "verified"
        assert fault_of(site, sent_now(site), zone) == ""
    assert "held" not in site.relay.states().values()


def test_a_mistake_is_named_with_the_edit_that_mends_it(site, dns):
    site.relay.command("domain", "add", ZONE, "--app", "shop")
    doubled = site.records(ZONE).replace("._domainkey.example.com.", "._domainkey.example.com.example.com.")
    dns.publish(ZONE, doubled)
    said = until(
        lambda: (answer := site.relay.command("domain", "verify", ZONE)).returncode == 1
        and "example.com.example.com" in answer.stdout
        and answer.stdout,
        "the doubled zone name to be found",
        20,
    )
    assert re.search(r"p1\._domainkey", said)


def test_the_key_is_rotated_under_traffic(site, dns):
    add_and_prove(site, dns)
    sent = [site.send(mail.plain()).queue_id]
    assert fault(site, dns, sent[0]) == ""
    begun = site.relay.command("domain", "rotate-key", ZONE)
    assert begun.returncode == 0, begun.stderr
    assert verify(site) == "verified"
    assert selector_of(site, sent_now(site)) == "p1"  # nobody has seen the new key yet
    both = site.records(ZONE)
    assert "p1._domainkey" in both and "p2._domainkey" in both
    dns.publish(ZONE, both, server=0)
    for _ in range(3):
        verify(site)
        assert selector_of(site, sent_now(site)) == "p1"  # one server does not have it
    dns.publish(ZONE, both)

    def changed_over():
        verify(site)
        queue_id = sent_now(site)
        assert fault(site, dns, queue_id) == ""
        return selector_of(site, queue_id) == "p2"

    until(changed_over, "the new key to sign", 30)
    assert "p1._domainkey" in site.records(ZONE)  # signatures made with it are on their way


def test_an_old_key_is_brought_to_mind_once(site, dns, relay_clock):
    add_and_prove(site, dns)
    assert site.relay.metric("alerts_total", kind="rotation") == 0
    relay_clock(YEAR + 25 * HOUR)
    assert verify(site) == "verified"
    until(lambda: site.relay.metric("alerts_total", kind="rotation") == 1, "the alert")
    sentence = f"{ZONE}: The DKIM key p1 is 366 days old: begin a rotation"
    until(lambda: sentence in site.relay.log(), "its words in the log")
    site.relay.stop()
    relay_clock.start()
    assert verify(site) == "verified"
    assert site.relay.metric("alerts_total", kind="rotation") == 0


def test_ses_must_have_verified_the_domain_too(site, dns):
    site.relay.write_secret("aws_key_id", site.ses.user)
    site.relay.write_secret("aws_secret", site.ses.api_secret)
    site.relay.configure(
        aws={
            "region": "eu-central-1",
            "access_key_id_file": "aws_key_id",
            "secret_access_key_file": "aws_secret",
            "endpoint": site.ses.api,
            "identities": "manage",
        }
    )
    site.relay.stop()
    site.relay.start()
    site.ses.identity(ZONE, exists=False)
    added = site.relay.command("domain", "add", ZONE, "--app", "shop", "--mail-from", f"bounce.{ZONE}")
    assert added.returncode == 0, added.stderr
    dns.publish(ZONE, site.records(ZONE))

    def at_ses():
        site.relay.command("domain", "verify", ZONE)
        return [one for one in site.ses.ask("/identities") if one["name"] == ZONE]

    made = until(at_ses, "the identity to be made at SES", 30)[0]
    assert made["mail_from_domain"] == f"bounce.{ZONE}"
    assert status(site) == "pending"
    refused = site.send(mail.plain())
    assert refused.code == 550 and "SES" in refused.text
    site.ses.identity(ZONE, verified=True, dkim_status="SUCCESS")
    until(lambda: verify(site) == "verified", "SES's word to be heard", 30)
    sent = sent_now(site)
    assert fault(site, dns, sent) == ""
    site.ses.identity(ZONE, verified=False, dkim_status="FAILED")
    assert site.send(mail.plain()).code == 250  # its word is good for an hour


def identity(site) -> dict:
    verify(site)
    return site.relay.asked("domain", "show", ZONE)[0]["identity"]


def test_without_its_api_a_probe_tells_whether_ses_knows_the_domain(site, dns):
    site.ses.identity(ZONE, verified=False)
    add_and_prove(site, dns)
    until(lambda: identity(site)["result"] == "bad", "SES's refusal to be known", 20)
    assert verify(site) == "verified"  # what is sent waits, and one message at a time is tried
    waiting = sent_now(site)
    site.ses.identity(ZONE, verified=True)
    site.relay.command("queue", "retry", "--all")
    mail.await_arrival(site.ses, waiting, 60)
    until(lambda: identity(site)["result"] == "good", "SES's word to be known", 30)
    probes = [m for m in site.ses.messages() if m["recipients"] == ["success@simulator.amazonses.com"]]
    assert len(probes) == 1


@pytest.mark.parametrize(("policy", "code"), [("reject", 550), ("quarantine", 250), ("none", 250)])
def test_what_dmarc_would_reject_is_refused_once_it_is_known(site, dns, policy, code):
    added = site.relay.command("domain", "add", ZONE, "--app", "shop", "--subdomains")
    assert added.returncode == 0, added.stderr
    plain = "\n".join(line for line in site.records(ZONE).splitlines() if "_dmarc" not in line)
    dns.publish(ZONE, plain + f'\n_dmarc.{ZONE}. 1 IN TXT "v=DMARC1; p={policy}; adkim=s; aspf=s"\n')
    until(lambda: verify(site) == "verified", "the domain to be verified", 20)

    def from_below():
        return site.send(mail.plain(From=f"Site <site@news.{ZONE}>"))

    assert from_below().code == 250  # not known yet: no reason to refuse
    assert verify(site) == "verified"
    answer = from_below()
    assert answer.code == code, answer.text
    assert ("[dmarc]" in answer.text) == (code == 550)
    aligned = sent_now(site)
    mail.await_arrival(site.ses, aligned)
    until(lambda: aligned in site.relay.log(), "the log to be written")
    assert ("p=quarantine" in site.relay.log()) == (policy == "quarantine")


def sent_now(site) -> str:
    sent = site.send(mail.plain())
    assert sent.code == 250, sent.text
    return sent.queue_id


def selector_of(site, queue_id: str) -> str:
    path = pathlib.Path(mail.await_arrival(site.ses, queue_id)["delivered"])
    return dkim_check.selector(path, ZONE)


def test_mail_keeps_to_the_right_under_which_it_was_accepted(site, dns):
    add_and_prove(site, dns)
    site.ses.set(paused=True)
    held = site.send(mail.plain()).queue_id
    site.relay.await_event(held, "held")
    for word in ("dissociate", "associate"):
        answer = site.relay.command("domain", word, ZONE, "--app", "shop")
        assert answer.returncode == 0, answer.stderr
    site.ses.set(paused=False)
    later = sent_now(site)
    site.relay.command("queue", "retry", "--all")
    site.relay.command("queue", "release", "--all")
    mail.await_arrival(site.ses, later)
    until(
        lambda: site.relay.asked("queue", "show", held)[0]["entry"]["reason"] == "domain",
        "the message to be held for its domain",
        20,
    )
