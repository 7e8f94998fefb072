"""Outside values in the log: one line an event, no control or direction character, addresses masked, no secret."""

import json
import re
import unicodedata

import pytest

from support import mail
from support.relay_process import SHOP_PASSWORD
from support.waiting import until

NASTY = "a\x1b[31mred\x07 \u202eevil\u2066 \u200b tail"


def nasty_session(site) -> str:
    """EHLO name, Message-ID, display name and reverse-path with characters that forge logs. Returns the queue id."""
    with site.wire() as wire:
        wire.command("EHLO " + NASTY)
        wire.command("MAIL FROM:<\x1b[2J\u202e@example.org>".encode())
        wire.command("RSET")
        message = mail.plain(
            From=f'"{NASTY}" <site@example.com>', **{"Message-ID": f"<{NASTY}\r\n level=error>"}
        )
        reply = wire.message(message)
        if reply.code != 250:
            wire.command("RSET")
            reply = wire.message(mail.plain(**{"Message-ID": f"<{NASTY}>"}))
        wire.command("RSET")
        wire.message(mail.plain(From="visitor\u202e@example.org"))
        return reply.queue_id


def own_lines(site) -> list[str]:
    """The log as it is, without the splitting at other line ends that str.splitlines does."""
    return site.relay.log().split("\n")


@pytest.mark.parametrize("format", ["text", "json"])
def test_no_line_can_be_forged(start_site, format):
    site = start_site(log={"format": format, "level": "debug"})
    queue_id = nasty_session(site)
    mail.await_arrival(site.ses, queue_id)
    until(
        lambda: sum(queue_id in line for line in own_lines(site)) >= 2,
        "the lines of acceptance and settlement",
    )
    for line in own_lines(site):
        bad = [character for character in line if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")]
        assert bad == [], line
        assert len(line) < 2000
    if format == "json":
        assert all(isinstance(json.loads(line), dict) for line in own_lines(site) if line)


@pytest.mark.parametrize("format", ["text", "json"])
def test_each_fate_is_one_line_with_the_queue_id(start_site, format):
    site = start_site(log={"format": format})
    queue_id = site.send(mail.plain()).queue_id
    site.relay.await_event(queue_id, "sent")
    until(lambda: sum(queue_id in line for line in own_lines(site)) == 2, "two lines: accepted, sent")


@pytest.mark.parametrize("addresses, shown", [("masked", False), ("hashed", False), ("full", True)])
def test_addresses_are_shown_only_when_asked_for(start_site, addresses, shown):
    site = start_site(log={"addresses": addresses})
    queue_id = site.send(mail.plain(), sender="alice.liddell@example.com").queue_id
    until(lambda: sum(queue_id in line for line in own_lines(site)) == 2, "both lines")
    assert ("alice.liddell" in site.relay.log()) == shown


def test_no_secret_reaches_log_trace_metrics_or_replies(start_site):
    site = start_site(log={"level": "debug"})
    secrets = [SHOP_PASSWORD, SHOP_PASSWORD[:20], site.ses.password]
    with site.wire("implicit") as wire:
        wire.ehlo()
        assert wire.login("shop", SHOP_PASSWORD).code == 235
        queue_id = wire.message(mail.plain()).queue_id
    with site.wire("implicit") as wire:
        wire.ehlo()
        wire.login("shop", SHOP_PASSWORD + "x")
    mail.await_arrival(site.ses, queue_id)
    seen = (
        site.relay.log() + site.relay.scrape().text + site.relay.command("trace", queue_id, "--json").stdout
    )
    assert not [secret for secret in secrets if secret in seen]
    assert not re.search("PRIVATE KEY", seen)


def test_repeats_are_folded_into_one_line_with_a_count(start_site):
    site = start_site()
    with site.wire() as wire:
        wire.ehlo()
        for _ in range(100):
            assert wire.message(mail.plain(Precedence="bulk")).reason == "bulk"
    site.relay.stop()  # ends the window in which repeats are counted
    lines = [line for line in own_lines(site) if "bulk" in line]
    assert 2 <= len(lines) < 20, lines[:3]
    assert any("99" in line for line in lines[1:]), lines
