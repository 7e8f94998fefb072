"""The account's rate is kept, shared fairly among apps, and a reset does not wait behind a flood; many relays that know
nothing of each other share one account."""

import concurrent.futures
import os
import statistics
import threading
import time

import pytest

from support import mail
from support.relay_process import SHOP_PASSWORD, Relay, standard_config
from support.ses_process import SesProcess
from support.waiting import until
from support.wire import Wire

SOAK = os.environ.get("POSTERN_SOAK") == "1"
CAP = 14.0
FLOOD = 10_000 if SOAK else 420
RELAYS = 20 if SOAK else 4
WARM = int(CAP * (120 if SOAK else 15))  # messages: relays that begin together need two minutes for their shares
MEASURED = int(CAP * (300 if SOAK else 15))
LINK = "https://shop.example.com/user/reset/7/1700000000/abcdef/login\r\n"


def shared_between(*names: str) -> dict:
    """Apps with AUTH, each for example.com."""
    return {
        "apps": [
            {"name": name, "password_file": "shop", "contact": "web@example.com", "domains": ["example.com"]}
            for name in names
        ]
    }


def send_as(site, app: str, octets: bytes) -> str:
    with site.wire("plain") as wire:
        wire.ehlo()
        wire.login(app, SHOP_PASSWORD)
        return wire.message(octets).queue_id


def flood(site, app: str, count: int) -> list[str]:
    with site.wire("plain") as wire:
        wire.ehlo()
        wire.login(app, SHOP_PASSWORD)
        return [wire.message(mail.plain()).queue_id for _ in range(count)]


def seconds_at_ses(site, accepted: dict[str, float]) -> list[float]:
    """How long each message took from its 250 to SES."""
    came = {record["tags"]["postern_id"]: record["received_at"] for record in site.ses.messages()}
    return [came[queue_id] - at for queue_id, at in accepted.items()]


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100)[int(share * 100) - 1]


def one_a_second(site, app: str, over: threading.Event, body: str = "Hello.\r\n") -> dict[str, float]:
    """Sends until `over`; wall time of each 250 by queue id."""
    accepted = {}
    while not over.wait(1.0):
        accepted[send_as(site, app, mail.plain(body=body))] = time.time()
    return accepted


@pytest.mark.parametrize("max_rate", [CAP, "auto"])
def test_a_flood_takes_what_others_leave_and_keeps_the_rate(start_site, max_rate):
    """The sidecar's `shop` is not among the apps here: all log in."""
    site = start_site(
        **shared_between("shop", "b", "c"),
        upstream={"max_rate": max_rate, "max_connections": 8},
    )
    site.ses.set(max_rate=CAP)
    flood(site, "shop", FLOOD)
    over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(2) as clients:
        others = [clients.submit(one_a_second, site, app, over) for app in ("b", "c")]
        wait_for_flood(site, FLOOD)
        over.set()
        accepted = [other.result() for other in others]
    site.relay.await_empty_queue(60 + FLOOD / CAP)
    records = site.ses.messages()
    # A relay that knows no limit has to find it first, below what even the others ask for.
    found = 0 if max_rate == CAP else records[len(records) // 10]["received_at"]
    for each in accepted:
        after = {queue_id: at for queue_id, at in each.items() if at >= found}
        assert percentile(seconds_at_ses(site, after), 0.95) < 2.0
    steady = [record["received_at"] for record in records][int(len(records) * 0.1) : int(len(records) * 0.9)]
    throughput = (len(steady) - 1) / (steady[-1] - steady[0])
    replies = site.ses.stats()["replies"]
    throttled = replies.get("454", 0) / len(records)
    print(f"throughput {throughput / CAP:.3f} of the cap, throttled {throttled:.4%}")
    if max_rate == CAP:
        assert throughput >= 0.97 * CAP * (0.98 if not SOAK else 1)
        assert throttled < 0.001 or replies.get("454", 0) <= 1
    else:  # it has to find the limit first, which the sample has no time for
        assert throughput >= (0.85 if SOAK else 0.4) * CAP


def wait_for_flood(site, count: int) -> None:
    until(lambda: site.ses.stats()["messages"] >= count, "the flood to pass", count / CAP * 2 + 60, pause=0.2)


def test_a_reset_does_not_wait_behind_its_own_sites_flood(start_site):
    site = start_site(upstream={"max_rate": CAP})
    site.ses.set(max_rate=CAP)
    behind = FLOOD if SOAK else FLOOD // 2
    flood(site, "shop", behind)
    over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as clients:
        resets = clients.submit(one_a_second, site, "shop", over, LINK)
        wait_for_flood(site, behind)
        over.set()
    site.relay.await_empty_queue(60 + behind / CAP)
    took = seconds_at_ses(site, resets.result())
    print(f"p95 {percentile(took, 0.95):.2f} s of {len(took)} resets")
    assert percentile(took, 0.95) < 2.0


def test_relays_that_do_not_know_each_other_share_one_account(tmp_path, keys):
    ses = SesProcess(tmp_path, keys.tls_directory, "--seed", "1", max_rate=CAP)
    relays = []
    try:
        for number in range(RELAYS):
            home = tmp_path / f"relay{number}"
            home.mkdir()
            config = standard_config(home, ses, keys.certificate, keys.signer)
            config["upstream"] |= {"max_rate": "auto", "max_connections": 2}
            config["threads"] = 1
            config["hostname"] = f"relay{number}.example.com"
            relays.append(Relay(home, config).start())
        backlog = int(2 * (WARM + MEASURED) / RELAYS)
        with concurrent.futures.ThreadPoolExecutor(RELAYS) as clients:
            list(clients.map(lambda relay: fill(relay, backlog), relays))
        start = stats_after(ses, WARM)
        end = stats_after(ses, WARM + MEASURED)
        taken = ses.messages(start["messages"])[: end["messages"] - start["messages"]]
    finally:
        for relay in relays:
            relay.kill()
        ses.stop()
    by_relay = [
        sum(1 for record in taken if record["client"] == f"relay{number}.example.com") for number in range(RELAYS)
    ]
    used = (len(taken) - 1) / (taken[-1]["received_at"] - taken[0]["received_at"]) / CAP
    throttled = (end["replies"].get("454", 0) - start["replies"].get("454", 0)) / len(taken)
    jain = sum(by_relay) ** 2 / (RELAYS * sum(count * count for count in by_relay))
    print(f"used {used:.3f}, throttled {throttled:.3%}, Jain {jain:.3f}, by relay {by_relay}")
    # The sample has no steady state: the simulation in tests/unit/delivery asserts the figures each time.
    assert used >= (0.85 if SOAK else 0.4)
    assert throttled < (0.02 if SOAK else 0.15)
    assert jain >= (0.9 if SOAK else 0.6)


def stats_after(ses: SesProcess, messages: int) -> dict:
    """What ses_sim has counted when it has taken so many."""

    def reached():
        stats = ses.stats()
        return stats["messages"] >= messages and stats

    return until(reached, f"{messages} messages at ses_sim", 4 * messages / CAP + 30, pause=0.2)


def fill(relay: Relay, count: int) -> None:
    with Wire(relay.port("sidecar")) as wire:
        wire.ehlo()
        for _ in range(count):
            wire.message(mail.plain())
