"""Real name servers on loopback: nsd for the zones, on port 53 of addresses of their own, and unbound as the resolver
in front of them."""

import pathlib
import random
import signal
import socket
import subprocess

from support.ports import free_port
from support.waiting import until

AMAZON = 'amazonses.com. 1 IN TXT "v=spf1 ip4:199.255.192.0/22 ip4:54.240.0.0/18 -all"\n'


class Nameservers:
    """Two authoritative servers and a resolver. A zone is text of zone-file lines, which each server may have
    differently; NS and SOA records are added."""

    def __init__(self, home: pathlib.Path, *zones: str):
        self.home = home
        net = f"127.{random.randint(40, 120)}.{random.randint(0, 250)}"
        self.authorities = [f"{net}.1", f"{net}.2"]
        self._resolver_address = f"{net}.3"
        self._resolver_port = free_port()
        self._serial = 0
        self._lines = [dict.fromkeys(zones, "") | {"amazonses.com": AMAZON} for _ in self.authorities]
        self._servers: list[subprocess.Popen] = []
        self._unbound: subprocess.Popen | None = None
        for number in range(len(self.authorities)):
            self._write_zones(number)
            self._start_nsd(number)
        self.start_resolver()

    @property
    def resolver(self) -> str:
        return f"{self._resolver_address}:{self._resolver_port}"

    def publish(self, zone: str, lines: str, server: int | None = None) -> None:
        """Replaces what the zone has, at one server or at both; returns when they answer with it."""
        for number in range(len(self.authorities)) if server is None else [server]:
            self._lines[number][zone] = lines
            self._write_zones(number)
            self._servers[number].send_signal(signal.SIGHUP)
            until(lambda n=number: self._serial_at(n, zone) == self._serial, f"{zone} at server {number}")

    def lines(self, zone: str, server: int = 0) -> str:
        return self._lines[server][zone]

    def start_resolver(self) -> None:
        stubs = "".join(
            f'stub-zone:\n  name: "{zone}."\n'
            + "".join(f"  stub-addr: {address}\n" for address in self.authorities)
            for zone in self._lines[0]
        )
        file = self.home / "unbound.conf"
        file.write_text(
            f"server:\n  interface: {self._resolver_address}\n  port: {self._resolver_port}\n"
            '  chroot: ""\n  username: ""\n  do-daemonize: no\n  use-syslog: no\n  verbosity: 0\n  pidfile: ""\n'
            "  num-threads: 1\n  do-not-query-localhost: no\n  access-control: 127.0.0.0/8 allow\n  do-ip6: no\n"
            '  module-config: "iterator"\n  cache-max-ttl: 1\n  cache-max-negative-ttl: 1\n'
            "  infra-host-ttl: 1\n  auto-trust-anchor-file: \"\"\n"
            f"{stubs}remote-control:\n  control-enable: no\n"
        )
        self._unbound = subprocess.Popen(["/usr/sbin/unbound", "-d", "-c", file], stderr=subprocess.DEVNULL)
        until(self._resolver_listens, "unbound", 10)

    def stop_resolver(self) -> None:
        if self._unbound:
            self._unbound.kill()
            self._unbound.wait()
            self._unbound = None

    def stop(self) -> None:
        self.stop_resolver()
        for server in self._servers:
            server.terminate()
            server.wait(10)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _start_nsd(self, number: int) -> None:
        home = self.home / f"nsd{number}"
        zones = "".join(f'zone:\n  name: "{zone}"\n  zonefile: {zone}.zone\n' for zone in self._lines[number])
        file = home / "nsd.conf"
        file.write_text(
            f"server:\n  ip-address: {self.authorities[number]}\n  port: 53\n  server-count: 1\n"
            f'  username: ""\n  chroot: ""\n  zonesdir: "{home}"\n  pidfile: ""\n  database: ""\n'
            f'  zonelistfile: "{home}/zone.list"\n  xfrdfile: "{home}/xfrd.state"\n  xfrdir: "{home}"\n'
            f"  logfile: {home}/log\n  round-robin: no\n  rrl-ratelimit: 0\n"
            f"remote-control:\n  control-enable: no\n{zones}"
        )
        self._servers.append(subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", file]))
        zone = next(iter(self._lines[number]))
        until(lambda: self._serial_at(number, zone) == self._serial, f"nsd {number}", 10)

    def _write_zones(self, number: int) -> None:
        self._serial += 1
        home = self.home / f"nsd{number}"
        home.mkdir(parents=True, exist_ok=True)
        for zone, lines in self._lines[number].items():
            glue = "".join(
                f"{zone}. 1 IN NS ns{n}.{zone}.\nns{n}.{zone}. 1 IN A {address}\n"
                for n, address in enumerate(self.authorities)
            )
            (home / f"{zone}.zone").write_text(
                f"{zone}. 1 IN SOA ns0.{zone}. hostmaster.{zone}. {self._serial} 60 60 3600 1\n{glue}{lines}\n"
            )

    def _serial_at(self, number: int, zone: str) -> int:
        """The SOA serial that this server answers with; 0 for no answer."""
        question = b"\0\7\0\0\0\1\0\0\0\0\0\0" + _wire_name(zone) + b"\0\6\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
            ask.settimeout(1)
            try:
                ask.sendto(question, (self.authorities[number], 53))
                answer = ask.recv(4096)
            except OSError:
                return 0
        at = answer.find(b"\0\6\0\1", len(question))  # type and class of the answer's record
        if answer[3] & 15 or at < 0:
            return 0
        size = int.from_bytes(answer[at + 8 : at + 10])
        return int.from_bytes(answer[at + 10 + size - 20 : at + 10 + size - 16])

    def _resolver_listens(self) -> bool:
        if self._unbound.poll() is not None:
            raise RuntimeError(f"unbound ended with {self._unbound.returncode}")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex((self._resolver_address, self._resolver_port)) == 0


def _wire_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
