"""The relays that are measured, each set up for the same work: plain SMTP on loopback, DKIM rsa-sha256 2048
relaxed/relaxed, a durable queue, 20 connections of implicit TLS with AUTH to the sink."""

import json
import pathlib
import shutil
import time
import urllib.request

from sandbox import ROOT, BenchError, ControlGroup

UPSTREAM_CONNECTIONS = 20
_USER, _PASSWORD = "AKIAIOSFODNN7EXAMPLE", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"


class Postern:
    name, port, _http_port = "postern", 2525, 8525

    def __init__(self, program: pathlib.Path):
        self._program, self.home = program, ROOT / "postern"

    def start(self, group: ControlGroup, sink_port: int, authority: pathlib.Path, signer) -> None:
        for name, secret in {"user": _USER, "password": _PASSWORD}.items():
            _write_private(self.home / name, secret + "\n")
        config = {
            "hostname": "mail.example.com",
            "data_dir": "data",
            "listen": {
                "smtp": [{"address": f"127.0.0.1:{self.port}", "tls": "none", "app": "shop"}],
                "http": [f"127.0.0.1:{self._http_port}"],
            },
            "upstream": {
                "kind": "ses", "region": "eu-central-1", "host": "localhost", "port": sink_port,
                "tls_ca_file": str(authority), "username_file": "user", "password_file": "password",
                "max_connections": UPSTREAM_CONNECTIONS,
                "max_rate": 10000,  # the sink has no limit to be found
            },
            "domains": [
                {
                    "name": signer.domain, "selector": signer.selector,
                    "key_file": str(signer.private_key), "verify": "trusted",
                }
            ],
            "apps": [{"name": "shop", "domains": [signer.domain]}],
        }  # fmt: skip
        (self.home / "postern.yml").write_text(json.dumps(config, indent=1))  # JSON is YAML
        group.start(self.home / "log", self._program, "serve", "--config", self.home / "postern.yml")

    def queued(self) -> int:
        """Messages not settled yet, from the relay's own gauge."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._http_port}/metrics", timeout=10) as reply:
            lines = reply.read().decode().splitlines()
        gauges = (line for line in lines if line.startswith("postern_queue_messages{"))
        return sum(int(float(line.split()[-1])) for line in gauges)


class Postfix:
    """A private instance, tuned as its TUNING_README and CONNECTION_CACHE_README say, with OpenDKIM as milter."""

    name, port = "postfix", 2526
    _services = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - {connections} smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsproxy unix - - n - 0 tlsproxy
"""

    def __init__(self):
        self.home = ROOT / "postfix"

    @staticmethod
    def missing() -> str:
        """Why it cannot be measured here; nothing if it can."""
        programs = [name for name in ("postfix", "opendkim") if not shutil.which(name)]
        if not programs and any(pathlib.Path("/usr/lib").glob("*/sasl2/libplain.so")):
            return ""
        lacking = " and ".join(programs) or "the SASL mechanism PLAIN"
        return (
            f"Postfix with OpenDKIM was not measured, because {lacking} cannot be found: "
            "`apt-get install postfix opendkim libsasl2-modules`."
        )

    def start(self, group: ControlGroup, sink_port: int, authority: pathlib.Path, signer) -> None:
        etc, milter = self.home / "etc", self.home / "opendkim.sock"
        for folder in (etc, self.home / "queue", self.home / "data"):
            folder.mkdir(parents=True)
        shutil.chown(self.home / "data", "postfix")
        main = self._main(sink_port, authority, milter)
        (etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
        (etc / "master.cf").write_text(
            self._services.format(port=self.port, connections=UPSTREAM_CONNECTIONS)
        )
        _write_private(etc / "sasl_passwd", f"[localhost]:{sink_port} {_USER}:{_PASSWORD}\n")
        self._start_milter(group, milter, signer)
        group.start(self.home / "log", "postfix", "-c", etc, "start-fg")

    def _main(self, sink_port: int, authority: pathlib.Path, milter: pathlib.Path) -> dict:
        sink = f"[localhost]:{sink_port}"
        return {
            "compatibility_level": "3.6",
            "queue_directory": self.home / "queue", "data_directory": self.home / "data",
            "myhostname": "mail.example.com", "mydestination": "", "alias_maps": "", "local_recipient_maps": "",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks, reject", "smtpd_peername_lookup": "no",
            "smtpd_milters": f"unix:{milter}", "milter_default_action": "tempfail",
            "relayhost": sink, "smtp_dns_support_level": "disabled", "smtp_host_lookup": "native",
            "smtp_tls_wrappermode": "yes", "smtp_tls_security_level": "secure", "smtp_tls_CAfile": authority,
            "smtp_tls_session_cache_database": "btree:${data_directory}/smtp_scache",
            "smtp_tls_connection_reuse": "yes", "smtp_connection_cache_destinations": sink,
            "smtp_sasl_auth_enable": "yes", "smtp_sasl_security_options": "noanonymous",
            "smtp_sasl_password_maps": f"texthash:{self.home}/etc/sasl_passwd",
            "default_process_limit": 200, "in_flow_delay": 0, "qmgr_message_active_limit": 20000,
            "smtpd_client_connection_count_limit": 0,
            "default_destination_concurrency_limit": UPSTREAM_CONNECTIONS,
            "initial_destination_concurrency": UPSTREAM_CONNECTIONS,
        }  # fmt: skip

    def _start_milter(self, group: ControlGroup, socket: pathlib.Path, signer) -> None:
        config = {
            "Mode": "s", "Domain": signer.domain, "Selector": signer.selector, "KeyFile": signer.private_key,
            "SignatureAlgorithm": "rsa-sha256", "Canonicalization": "relaxed/relaxed", "OversignHeaders": "From",
            "InternalHosts": "127.0.0.1", "Socket": f"local:{socket}", "UMask": "000", "Syslog": "yes",
        }  # fmt: skip
        file = self.home / "opendkim.conf"
        file.write_text("".join(f"{name} {value}\n" for name, value in config.items()))
        group.start(self.home / "opendkim.log", "opendkim", "-f", "-x", file)
        deadline = time.monotonic() + 10
        while not socket.exists():
            if time.monotonic() > deadline:
                raise BenchError("opendkim did not start: see postfix/opendkim.log in the work directory")
            time.sleep(0.05)

    def queued(self) -> int:
        queues = ("maildrop", "incoming", "active", "deferred")
        return sum(path.is_file() for queue in queues for path in (self.home / "queue" / queue).rglob("*"))


def _write_private(path: pathlib.Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
