"""SIGHUP: a good configuration is taken whole, a bad one not at all, and sessions go on."""

import concurrent.futures
import copy
import signal
import smtplib

import pytest

from support import dkim_check, mail
from support.relay_process import SHOP_PASSWORD
from support.waiting import until

NEW_PASSWORD = "n7Xc0mV5nT2bR9kL4wZ8sJ1hG6fD3pY0aU5eI2oN7xB"


def reload(site, expected: str) -> None:
    """SIGHUP, and waits for the log to say how it went."""
    before = site.relay.log().lower().count(expected)
    site.relay.signal(signal.SIGHUP)
    until(lambda: site.relay.log().lower().count(expected) > before, f"`{expected}` in the log", 10)


def can_login(site, password: str) -> bool:
    with site.wire("implicit") as wire:
        wire.ehlo()
        return wire.login("shop", password).code == 235


def add_domain(site, tmp_path, **changes) -> dkim_check.Signer:
    """A second sender domain for the app, in the file."""
    signer = dkim_check.make_signer(tmp_path, "example.org")
    domain = {
        "name": "example.org",
        "selector": "p1",
        "key_file": str(signer.private_key),
        "verify": "trusted",
    }
    site.relay.config["domains"].append(domain | changes)
    site.relay.config["apps"][0]["domains"].append("example.org")
    site.relay.write_config()
    return signer


def test_a_new_domain_and_a_new_password_are_taken(site, tmp_path):
    assert site.send(mail.plain(), sender="site@example.org").reason == "sender-domain"
    signer = add_domain(site, tmp_path)
    site.relay.write_secret("shop", NEW_PASSWORD)
    reload(site, "reloaded")
    assert can_login(site, NEW_PASSWORD)
    site.ses.set(identities=["example.com", "example.org"])
    reply = site.send(mail.plain(From="site@example.org"), sender="site@example.org")
    record = mail.await_arrival(site.ses, reply.queue_id)
    assert dkim_check.fault_by_dkimpy(mail.delivered(record), signer) == ""


@pytest.mark.parametrize("mistake", [{"selektor": "p1"}, {"key_file": "missing.pem"}, {"verify": "maybe"}])
def test_a_bad_file_changes_nothing_and_is_named_in_the_log(site, tmp_path, mistake):
    add_domain(site, tmp_path, **mistake)
    site.relay.write_secret("shop", NEW_PASSWORD)
    reload(site, "postern.yml:")
    assert not can_login(site, NEW_PASSWORD)
    assert site.send(mail.plain(), sender="site@example.org").reason == "sender-domain"
    mail.await_arrival(site.ses, site.send(mail.plain()).queue_id)
    checked = site.relay.check_config()
    assert checked.returncode == 1 and f"{site.relay.file}:" in checked.stderr


def test_a_session_lives_through_a_reload(site):
    with site.wire() as wire:
        wire.ehlo()
        assert wire.envelope("site@example.com", ["a@example.net"]).code == 354
        reload(site, "reloaded")
        first = wire.content(mail.plain()).queue_id
        second = wire.message(mail.plain()).queue_id
    for queue_id in (first, second):
        mail.await_arrival(site.ses, queue_id)


def test_new_upstream_credentials_are_taken(site):
    site.ses.set(password="another")
    queue_id = site.send(mail.plain()).queue_id
    site.relay.await_event(queue_id, "held")
    site.relay.write_secret("ses_password", "another")
    reload(site, "reloaded")
    mail.await_arrival(site.ses, queue_id)


def test_an_app_that_is_gone_can_no_longer_log_in(site):
    site.relay.config["apps"].append(
        {"name": "blog", "password_file": "blog", "contact": "b@example.com", "domains": ["example.com"]}
    )
    site.relay.write_secret("blog", NEW_PASSWORD)
    site.relay.write_config()
    reload(site, "reloaded")
    with site.wire("implicit") as wire:
        wire.ehlo()
        assert wire.login("blog", NEW_PASSWORD).code == 235
        site.relay.config["apps"].pop()
        site.relay.write_config()
        reload(site, "reloaded")
        assert wire.command("MAIL FROM:<site@example.com>").code in (530, 550)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        with smtplib.SMTP_SSL(
            "localhost", site.relay.port("implicit"), context=site.keys.trusting()
        ) as client:
            client.login("blog", NEW_PASSWORD)


def may_send(wire) -> bool:
    code = wire.command("MAIL FROM:<site@example.com>").code
    return wire.command("RSET").code == code == 250


def test_a_session_lives_no_longer_than_the_password_that_it_logged_in_with(site):
    with site.wire("plain") as wire:
        wire.ehlo()
        assert wire.login("shop", SHOP_PASSWORD).code == 235
        site.relay.reload()
        assert may_send(wire)
        site.relay.write_secret("shop", NEW_PASSWORD)
        site.relay.reload()
        assert not may_send(wire)


def test_who_takes_an_apps_name_does_not_take_over_its_sessions(site):
    added = ("app", "add", "vic", "--owner", "operator", "--domain", "example.com")
    password = site.relay.asked(*added)[0]["password"]
    with site.wire("plain") as wire:
        wire.ehlo()
        assert wire.login("vic", password).code == 235 and may_send(wire)
        assert site.relay.command("app", "remove", "vic").returncode == 0
        assert site.relay.command(*added).returncode == 0
        assert not may_send(wire)


def test_a_reload_is_in_the_audit_trail_taken_or_not(site, tmp_path):
    good = site.relay.config
    site.relay.reload()
    site.relay.config = copy.deepcopy(good)
    add_domain(site, tmp_path, selektor="p1")
    reload(site, "postern.yml:")
    site.relay.config = good
    site.relay.write_config()  # the command reads it too
    refused, taken = until(lambda: reloads(site)[1:] and reloads(site), "both reloads in the audit trail")
    assert taken["who"].startswith("admin socket, uid ") and taken["detail"] == "done"
    assert refused["who"] == "signal"
    assert refused["detail"].startswith("refused: ") and "selektor" in refused["detail"]


def reloads(site) -> list[dict]:
    """The newest first."""
    return [record for record in site.relay.asked("audit") if record["what"] == "reload"]


def test_a_reload_is_not_lost_to_changes_that_come_at_the_same_time(site, tmp_path):
    """Each change takes its turn: what the file says and what commands say are both there, also after a restart."""
    add_domain(site, tmp_path)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        added = [
            pool.submit(site.relay.command, "domain", "add", f"d{number}.example", "--app", "shop")
            for number in range(6)
        ]
        reloaded = [pool.submit(site.relay.command, "reload") for _ in range(6)]
        for each in (*added, *reloaded):
            assert each.result().returncode == 0, each.result().stderr
    expected = {"example.com", "example.org", *(f"d{number}.example" for number in range(6))}

    def domains() -> dict[str, list]:
        return {each["name"]: each["associations"] for each in site.relay.asked("domain", "list")}

    before = domains()
    assert before.keys() == expected and all(len(apps) == 1 for apps in before.values())
    site.relay.stop()
    site.relay.start()
    assert domains() == before
