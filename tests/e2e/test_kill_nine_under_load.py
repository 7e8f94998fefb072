"""kill -9 and SIGTERM at random moments under load: each message that got its 250 is delivered. After kill -9 each one that
is delivered twice is accounted for by its in-doubt marks; after SIGTERM, for which the relay takes its `drain` at most,
none is."""

import collections
import os
import random
import threading
import time

import pytest

from support import mail
from support.waiting import until

CLIENTS = 4
SOAK = os.environ.get("POSTERN_SOAK") == "1"
STRIKES = 500 if SOAK else 5
PACE = 0.03 if SOAK else 0.0  # seconds between messages: over hundreds of strikes ses_sim has to keep up
DRAIN = 2.0  # seconds
CLOSING = 2.0  # what the relay may take beyond it to end what hangs, and to close its store


class Load:
    """Clients that go on sending, each message with a subject of its own, through every death of the relay."""

    def __init__(self, site):
        self._site = site
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.accepted: dict[str, str] = {}  # subject: queue id
        self.sent = 0
        self.faults: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, client: int) -> None:
        try:
            while not self._over.is_set():
                self._session(client)
        except BaseException as fault:  # shown by the test, which would wait in vain otherwise
            self.faults.append(fault)

    def _session(self, client: int) -> None:
        """One connection until it breaks or the load ends."""
        try:
            with self._site.wire() as wire:
                wire.ehlo()
                while not self._over.is_set():
                    self._message(wire, client)
                    self._over.wait(PACE)
        except (OSError, EOFError):
            self._over.wait(0.01)  # the relay is down: do not spin

    def _message(self, wire, client: int) -> None:
        with self._lock:
            self.sent += 1
            subject = f"load {client} {self.sent}"
        reply = wire.message(mail.plain(subject=subject))
        if reply.code == 421:
            raise EOFError("the relay is stopping")
        with self._lock:
            self.accepted[subject] = reply.queue_id


def at_random_moments(load: Load, strike) -> None:
    """Strikes STRIKES times, each after some more messages were accepted."""
    moments = random.Random(20)
    for _ in range(STRIKES):
        target = len(load.accepted) + moments.randrange(1, 120)
        until(
            lambda target=target: load.faults or len(load.accepted) >= target,
            "the next moment to strike",
            60,
        )
        strike()


@pytest.mark.parametrize("lost_replies", [0.0, 0.02])
def test_every_message_that_got_250_is_delivered(start_site, lost_replies):
    site = start_site(upstream={"max_connections": 8})
    site.ses.set(lost_reply_probability=lost_replies, rtt_ms=1.0)
    with Load(site) as load:
        at_random_moments(load, lambda: (site.relay.kill(), site.relay.start()))
    assert load.faults == []
    site.relay.await_empty_queue(120)

    copies = collections.Counter(record["subject"] for record in site.ses.messages())
    lost = [subject for subject in load.accepted if not copies[subject]]
    assert lost == [] and len(load.accepted) >= STRIKES
    twice = {subject: count for subject, count in copies.items() if count > 1}
    ids = {
        record["subject"]: _queue_id(record) for record in site.ses.messages() if record["subject"] in twice
    }
    for subject, count in twice.items():
        events = site.relay.events(ids[subject])
        assert events.count("in_doubt") >= count and "resent" in events, (subject, count, events)
    print(
        f"{STRIKES} kills, {len(load.accepted)} accepted, {sum(copies.values())} delivered, {len(twice)} twice"
    )


def test_every_stop_drains_in_its_time_and_loses_nothing(start_site):
    """stop() itself asserts that the relay ends by itself, with 0."""
    site = start_site(upstream={"max_connections": 8}, drain=f"{DRAIN:.0f}s")
    site.ses.set(rtt_ms=1.0)
    took = []

    def strike():
        began = time.monotonic()
        site.relay.stop(seconds=8)
        took.append(time.monotonic() - began)
        site.relay.start()

    with Load(site) as load:
        at_random_moments(load, strike)
    assert load.faults == []
    assert len(took) == STRIKES and max(took) <= DRAIN + CLOSING, sorted(took)[-5:]
    site.relay.await_empty_queue(120)
    copies = collections.Counter(record["subject"] for record in site.ses.messages())
    assert [subject for subject in load.accepted if copies[subject] != 1] == []
    print(f"{STRIKES} stops of {min(took):.2f} to {max(took):.2f} s, {len(load.accepted)} accepted")


def _queue_id(record: dict) -> str:
    return record["tags"]["postern_id"]
