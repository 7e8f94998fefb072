"""SIGTERM: transactions end, what is queued leaves while there is time, the rest stays; a second relay keeps out."""

import signal
import time

import pytest

from support import mail
from support.relay_process import Relay
from support.waiting import until


def test_a_transaction_under_way_is_finished(site):
    with site.wire() as wire:
        wire.ehlo()
        assert wire.envelope("site@example.com", ["a@example.net"]).code == 354
        site.relay.signal(signal.SIGTERM)
        until(lambda: not site.relay.ready(), "the drain to begin")
        queue_id = wire.content(mail.plain()).queue_id
    assert site.relay.process.wait(15) == 0
    site.relay.process = None
    site.relay.start()
    mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 1


def test_an_idle_session_is_told_when_the_drain_is_over(start_site):
    site = start_site(drain="1s")
    with site.wire() as wire:
        wire.ehlo()
        began = time.monotonic()
        site.relay.signal(signal.SIGTERM)
        reply = wire.read_reply()
        assert (reply.code, reply.reason or "shutdown") == (421, "shutdown") and "4.3.2" in reply.text
        assert time.monotonic() - began > 0.8
    assert site.relay.process.wait(10) == 0
    site.relay.process = None


def test_what_cannot_leave_in_time_stays(start_site):
    site = start_site(drain="1s")
    site.ses.script(phase="end", action="stall", count=0)
    ids = [site.send(mail.plain()).queue_id for _ in range(6)]
    until(lambda: site.relay.metric("queue_messages", state="in_doubt") >= 1, "deliveries under way")
    site.relay.stop()
    site.ses.clear_script()
    site.relay.start()
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 6


def test_a_second_relay_on_the_same_data_is_refused_and_names_the_holder(site):
    process = site.relay.process
    second = site.relay.command("serve")
    assert second.returncode == 1 and str(process.pid) in second.stderr
    assert process.poll() is None and site.relay.ready()


@pytest.mark.parametrize(
    "command", [["queue", "list"], ["queue", "show", "0000000000000"], ["trace", "x"], ["healthcheck"]]
)
def test_commands_without_a_relay_say_how_to_start_it(start_site, command):
    site = start_site()
    assert site.relay.command("healthcheck").returncode == 0
    site.relay.stop()
    answer = site.relay.command(*command)
    assert answer.returncode == 1 and "postern serve" in answer.stderr and answer.stderr.count("\n") == 1


def test_a_taken_port_is_one_clear_sentence(site, tmp_path):
    config = dict(site.relay.config, data_dir=str(tmp_path / "data"))
    config["listen"] = dict(config["listen"], socket=str(tmp_path / "a.sock"))
    config["upstream"] = {"kind": "capture", "directory": str(tmp_path / "captured")}
    for secret in ("shop",):
        (tmp_path / secret).write_text((site.relay.home / secret).read_text())
        (tmp_path / secret).chmod(0o600)
    other = Relay(tmp_path, config)
    answer = other.command("serve")
    assert answer.returncode == 1
    assert str(other.port("sidecar")) in answer.stderr
