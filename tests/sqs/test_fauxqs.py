"""The reader of the queue against an emulator of SQS and SNS: nothing is lost, nothing counted twice."""

import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent.parent)]

from support.queues_process import QueuesProcess  # noqa: E402
from support.waiting import until  # noqa: E402

SAMPLE = pathlib.Path(__file__).parent.parent / "ses_events" / "event-delivery.json"


@pytest.fixture
def queues():
    running = QueuesProcess()
    yield running
    running.stop()


class Reader:
    """read_queue for one relay's tag; `lines` are what it has said so far."""

    def __init__(self, queues: QueuesProcess, queue: str, relay: str = "one"):
        self._log = tempfile.NamedTemporaryFile()
        self._process = subprocess.Popen(
            [os.environ["READ_QUEUE"], queues.url, queue, relay],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.lines: list[dict] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def taken(self, how: str) -> collections.Counter:
        """How often which SES id was taken so."""
        return collections.Counter(
            line["message_id"] for line in list(self.lines) if line.get("taken") == how
        )

    def log(self) -> str:
        return pathlib.Path(self._log.name).read_text()

    def stop(self) -> dict:
        """Its standing at the end."""
        self._process.terminate()
        assert self._process.wait(10) == 0
        self._thread.join()
        self._process.stdout.close()
        return self.lines[-1]


def event(number: int, relay: str = "one") -> str:
    """A Delivery event of a message; without a tag of ours where `relay` is empty."""
    record = json.loads(SAMPLE.read_text())
    record["mail"]["messageId"] = f"id-{number}"
    record["mail"]["tags"] |= {"postern_relay": [relay]} if relay else {}
    return json.dumps(record)


def ids(numbers) -> collections.Counter:
    return collections.Counter(f"id-{number}" for number in numbers)


def test_each_event_is_booked_once_though_it_comes_twice_bare_and_by_sns(queues):
    queue = queues.new_queue("events")
    topic = queues.new_topic("events", queue)
    ways = [(queues.send, queue), (queues.publish, topic)]
    deliveries = [(way, number) for way in ways for number in range(40)]
    random.Random(5).shuffle(deliveries)
    reader = Reader(queues, queue)
    for (send, to), number in deliveries:
        send(to, event(number))
    until(lambda: queues.left(queue) == 0, "the queue is empty")
    standing = reader.stop()
    assert reader.taken("booked") == ids(range(40))
    assert reader.taken("duplicate") == ids(range(40))
    assert (standing["booked"], standing["duplicate"], standing["last_error"]) == (40, 40, "")


def test_relays_that_share_a_queue_by_mistake_both_get_their_events(queues):
    queue = queues.new_queue("shared")
    for number in range(20):
        queues.send(queue, event(number, ("one", "two")[number % 2]))
    readers = [Reader(queues, queue, relay) for relay in ("one", "two")]
    until(lambda: queues.left(queue) == 0, "the queue is empty", seconds=60)
    standings = [reader.stop() for reader in readers]
    assert readers[0].taken("booked") == ids(range(0, 20, 2))
    assert readers[1].taken("booked") == ids(range(1, 20, 2))
    assert sum(standing["other_relay"] for standing in standings) > 0


def test_readers_of_one_relay_share_its_events(queues):
    queue = queues.new_queue("busy")
    readers = [Reader(queues, queue) for _ in range(3)]
    for number in range(60):
        queues.send(queue, event(number))
    until(lambda: queues.left(queue) == 0, "the queue is empty")
    for reader in readers:
        reader.stop()
    assert sum((reader.taken("booked") for reader in readers), collections.Counter()) == ids(range(60))


def test_foreign_events_and_garbage_do_not_stay_in_the_queue(queues):
    queue = queues.new_queue("mixed")
    for number in range(5):
        queues.send(queue, event(number, relay=""))
        queues.send(queue, f"garbage {number}")
    queues.send(queue, event(5))
    reader = Reader(queues, queue)
    until(lambda: queues.left(queue) == 0, "the queue is empty")
    standing = reader.stop()
    assert (standing["booked"], standing["foreign"], standing["unreadable"]) == (1, 5, 5)


def test_an_event_that_comes_during_the_long_poll_is_taken_at_once(queues):
    queue = queues.new_queue("quiet")
    reader = Reader(queues, queue)
    queues.send(queue, event(1))
    until(lambda: reader.taken("booked"), "the first event is taken")
    until(lambda: queues.left(queue) == 0, "it is deleted, so that the next poll is near")
    queues.send(queue, event(2))
    until(lambda: len(reader.taken("booked")) == 2, "the second event is taken", seconds=10)
    reader.stop()


def test_the_long_poll_does_not_hold_up_the_end(queues):
    queue = queues.new_queue("idle")
    queues.send(queue, event(1))
    reader = Reader(queues, queue)
    until(lambda: queues.left(queue) == 0, "the first event is taken")
    began = time.monotonic()
    reader.stop()
    assert time.monotonic() - began < 5


def test_a_queue_that_is_made_late_is_read_then(queues):
    late = queues.new_queue("early").replace("/early", "/late")
    reader = Reader(queues, late)
    until(lambda: "no queue" in reader.log(), "the missing queue is told")
    assert queues.new_queue("late") == late
    queues.send(late, event(1))
    until(lambda: reader.taken("booked"), "the event is taken")
    assert reader.stop()["last_error"] == ""
