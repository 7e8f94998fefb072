"""Fixtures of the scenarios: keys, a relay with ses_sim behind it, and ways to talk to them."""

import contextlib
import os
import pathlib
import ssl
import sys
import typing

import pytest

sys.path[:0] = [
    str(pathlib.Path(__file__).parent.parent),
    str(pathlib.Path(__file__).parent.parent / "ses_sim"),
]

from simulator import certificates  # noqa: E402
from support import dkim_check  # noqa: E402
from support.relay_process import Relay, merged, standard_config  # noqa: E402
from support.ses_process import SesProcess  # noqa: E402
from support.wire import Reply, Wire  # noqa: E402


class Keys(typing.NamedTuple):
    """Throw-away secrets of one test run."""

    tls_directory: pathlib.Path
    authority: certificates.Pair
    certificate: certificates.Pair  # localhost, 127.0.0.1
    signer: dkim_check.Signer  # example.com

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority.certificate)


class Site(typing.NamedTuple):
    """A relay and the SES behind it."""

    relay: Relay
    ses: SesProcess
    keys: Keys

    def wire(self, listener: str = "sidecar") -> Wire:
        """A connection, greeted, without EHLO. STARTTLS is left to the caller."""
        return Wire(self.relay.port(listener), self.keys.trusting() if listener == "implicit" else None)

    def send(self, octets: bytes, **envelope) -> Reply:
        """One message through the sidecar listener: the reply that decided."""
        with self.wire() as wire:
            wire.ehlo()
            return wire.message(octets, **envelope)

    def faults(self, records: list[dict]) -> dict[str, str]:
        """What either verifier has to say against our signature, by file name."""
        paths = [pathlib.Path(record["delivered"]) for record in records]
        found = {
            path.name: fault
            for path in paths
            if (fault := dkim_check.fault_by_dkimpy(path, self.keys.signer))
        }
        by_perl = dkim_check.faults_by_mail_dkim(paths, self.keys.signer)
        return found | {path.name: fault for path, fault in by_perl.items()}


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Keys:
    directory = tmp_path_factory.mktemp("keys")
    authority = certificates.make_authority(directory)
    certificate = certificates.make_certificate(authority, "server", ["DNS:localhost", "IP:127.0.0.1"])
    certificate.private_key.chmod(0o600)
    return Keys(directory, authority, certificate, dkim_check.make_signer(directory, "example.com"))


@contextlib.contextmanager
def running_site(home: pathlib.Path, keys: Keys, **changes):
    """A site with changes over the standard configuration. At its end the relay must stop cleanly and ses_sim must have
    seen no offence."""
    ses = SesProcess(home, keys.tls_directory, "--seed", "1", "--keep", "1000000")
    config = merged(standard_config(home, ses, keys.certificate, keys.signer), changes)
    if config["upstream"].get("tls") == "starttls":
        config["upstream"]["port"] = ses.starttls_port
    relay = Relay(home, config)
    try:
        yield Site(relay.start(), ses, keys)
        relay.stop()
        if ses.running:
            assert ses.stats()["offences"] == {}
    finally:
        if relay.process:
            relay.kill()
        ses.stop()


@pytest.fixture
def start_site(tmp_path_factory, keys):
    """Starts a site with changes over the standard configuration."""
    with contextlib.ExitStack() as stack:
        yield lambda **changes: stack.enter_context(
            running_site(tmp_path_factory.mktemp("site"), keys, **changes)
        )


@pytest.fixture
def site(start_site) -> Site:
    return start_site()


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory, keys) -> Site:
    """One site for all tests of a file: they must not change settings."""
    with running_site(tmp_path_factory.mktemp("site"), keys) as running:
        yield running


FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class RelayClock:
    """The wall clock of one relay, which is set by so many seconds; its monotonic clock goes on."""

    def __init__(self, relay: Relay, monkeypatch: pytest.MonkeyPatch):
        self._relay = relay
        self._monkeypatch = monkeypatch
        self._offset = relay.home / "clock"
        self(0)

    def __call__(self, seconds: int) -> None:
        self._offset.write_text(f"{seconds:+d}\n")

    def start(self) -> None:
        """Starts the relay, which is stopped, under this clock."""
        with self._monkeypatch.context() as only_here:
            only_here.setenv("LD_PRELOAD", str(FAKETIME))
            only_here.setenv("FAKETIME_TIMESTAMP_FILE", str(self._offset))
            only_here.setenv("FAKETIME_NO_CACHE", "1")
            only_here.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            self._relay.start()


@pytest.fixture
def relay_clock(site, monkeypatch) -> RelayClock:
    """Starts the relay anew, under a clock of its own."""
    if "asan" in os.environ.get("POSTERN", "") or "tsan" in os.environ.get("POSTERN", ""):
        pytest.skip("a sanitizer's runtime and libfaketime both want to be first")
    site.relay.stop()
    clock = RelayClock(site.relay, monkeypatch)
    clock.start()
    return clock
