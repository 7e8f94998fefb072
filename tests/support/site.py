"""A relay with ses_sim behind it, the keys of both, and ways to talk to them."""

import contextlib
import pathlib
import ssl
import typing

from simulator import certificates

from . import dkim_check
from .relay_process import Relay, merged, standard_config
from .ses_process import SesProcess
from .wire import Reply, Wire


class Keys(typing.NamedTuple):
    """Throw-away secrets of one test run."""

    tls_directory: pathlib.Path
    authority: certificates.Pair
    certificate: certificates.Pair  # localhost, 127.0.0.1
    signer: dkim_check.Signer  # example.com

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority.certificate)


def make_keys(directory: pathlib.Path) -> Keys:
    authority = certificates.make_authority(directory)
    certificate = certificates.make_certificate(authority, "server", ["DNS:localhost", "IP:127.0.0.1"])
    certificate.private_key.chmod(0o600)
    return Keys(directory, authority, certificate, dkim_check.make_signer(directory, "example.com"))


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

    def records(self, domain: str) -> str:
        """What the operator pastes into the domain's zone."""
        answer = self.relay.command("domain", "records", domain, "--format", "zone")
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.replace(" 3600 ", " 1 ")

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
