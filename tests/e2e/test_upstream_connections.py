"""How connections to the upstream begin: a TLS session resumed, the fastest of several addresses."""

import contextlib
import errno
import os
import shlex
import signal
import socket
import subprocess

import pytest

from simulator import certificates
from support import mail, relay_process
from support.waiting import until


def send_on_a_new_connection(site) -> None:
    """One message, whose connection is gone after it: the next one needs another."""
    mail.await_arrival(site.ses, site.send(mail.plain()).queue_id)
    site.ses.set(idle_seconds=0.05)
    until(lambda: site.ses.stats()["open"] == 0, "the end of the connections")
    site.ses.set(idle_seconds=10.0)


def reload_with_authority(site, authority) -> None:
    before = site.relay.log().count("configuration reloaded")
    site.relay.configure(upstream={"tls_ca_file": str(authority)})
    site.relay.signal(signal.SIGHUP)
    until(lambda: site.relay.log().count("configuration reloaded") > before, "the reload", 10)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_all_connections_but_the_first_resume_their_session(start_site, tls):
    site = start_site(upstream={"tls": tls})
    for _ in range(5):
        send_on_a_new_connection(site)
    stats = site.ses.stats()
    assert (stats["connections"], stats["handshakes"], stats["resumed"]) == (5, 5, 4)


def test_after_a_reload_with_another_authority_nothing_is_resumed(site, tmp_path):
    """A resumed session would let the mail go to a server that the new authority did not certify."""
    right = site.relay.config["upstream"]["tls_ca_file"]
    send_on_a_new_connection(site)
    reload_with_authority(site, certificates.make_authority(tmp_path).certificate)
    queue_id = site.send(mail.plain()).queue_id
    detail = site.relay.await_event(queue_id, "deferred")["detail"]
    assert "certificate" in detail.lower(), detail
    reload_with_authority(site, right)
    mail.await_arrival(site.ses, queue_id)
    stats = site.ses.stats()
    assert (stats["messages"], stats["resumed"]) == (2, 0)


# --- addresses ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def refusing(_port: int):
    """Nobody listens on the IPv6 address."""
    yield


@contextlib.contextmanager
def silent(port: int):
    """Someone listens there, whose backlog is full: the kernel drops what comes."""
    with socket.socket(socket.AF_INET6) as listener, socket.socket(socket.AF_INET6) as waiting:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::1", port))
        listener.listen(0)
        waiting.connect(("::1", port))
        yield


@pytest.fixture
def localhost_has_both_families(tmp_path, monkeypatch):
    """The relay sees a file of hosts of its own, in its own mount namespace."""
    with socket.socket(socket.AF_INET6) as probe:
        if probe.connect_ex(("::1", 1)) == errno.EADDRNOTAVAIL:
            pytest.skip("no IPv6 here")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n::1 localhost\n")
    enter = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = f"mount --bind {shlex.quote(str(hosts))} /etc/hosts"
    if subprocess.run([*enter, "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    program = tmp_path / "postern"
    script = f'{mount} && exec {shlex.quote(str(relay_process.PROGRAM))} "$@"'
    program.write_text(f'#!/bin/sh\nexec {shlex.join(enter)} sh -c {shlex.quote(script)} postern "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(relay_process, "PROGRAM", program)


@pytest.mark.parametrize("ipv6", [refusing, silent])
def test_an_upstream_that_does_not_answer_by_ipv6_is_reached_at_once_by_ipv4(
    localhost_has_both_families, start_site, ipv6
):
    site = start_site()
    with ipv6(site.ses.tls_port):
        queue_id = site.send(mail.plain()).queue_id
        mail.await_arrival(site.ses, queue_id, 5)
    site.relay.await_event(queue_id, "sent")
    assert "deferred" not in site.relay.events(queue_id)


def test_a_name_without_an_address_is_a_sentence(start_site):
    site = start_site(upstream={"host": "nowhere.invalid"})
    queue_id = site.send(mail.plain()).queue_id
    detail = site.relay.await_event(queue_id, "deferred")["detail"]
    assert detail.startswith(
        f"cannot connect to nowhere.invalid:{site.ses.tls_port}: no address was found for it ("
    )
    assert detail.endswith("): check the name and this machine's name servers")


def test_a_literal_address_is_verified_as_such(start_site):
    site = start_site(upstream={"host": "127.0.0.1"})
    send_on_a_new_connection(site)
    send_on_a_new_connection(site)
    assert site.ses.stats()["resumed"] == 1
