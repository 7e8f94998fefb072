"""Starts the real `postern serve` on a configuration of its own and looks at it from outside."""

import json
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

from .metrics import Scrape, scrape
from .ports import free_port
from .waiting import until

PROGRAM = pathlib.Path(
    os.environ.get("POSTERN", pathlib.Path(__file__).parents[2] / "build/dev/relay/app/postern")
).resolve()
LISTENERS = ("sidecar", "plain", "starttls", "implicit")  # plain: AUTH without TLS for peers in `allow`
SHOP_PASSWORD = "q7Xc0mV5nT2bR9kL4wZ8sJ1hG6fD3pY0aU5eI2oN7xB"  # the one of tests/transcripts
_BUGS = ("ERROR: AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "Internal error:")


def merged(base: dict, changes: dict) -> dict:
    """`base` with `changes` over it, maps merged at every depth."""
    result = dict(base)
    for name, value in changes.items():
        both_maps = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if both_maps else value
    return result


def standard_config(home: pathlib.Path, ses, certificate, signer) -> dict:
    """One app `shop` for example.com, a listener of each kind, ses_sim as upstream. Writes the secrets it names."""
    for name, secret in {"shop": SHOP_PASSWORD, "ses_user": ses.user, "ses_password": ses.password}.items():
        _write_secret(home / name, secret)
    ways = {
        "sidecar": {"tls": "none", "app": "shop"},
        "plain": {"tls": "none", "allow": ["127.0.0.0/8"]},
        "starttls": {"tls": "starttls"},
        "implicit": {"tls": "implicit"},
    }
    return {
        "threads": 2,
        "drain": "5s",
        "hostname": "relay.example.com",
        "data_dir": "data",
        "listen": {
            "smtp": [{"address": f"127.0.0.1:{free_port()}", **ways[name]} for name in LISTENERS],
            "http": [{"address": f"127.0.0.1:{free_port()}", "serve": ["health", "metrics"]}],
            "socket": str(home / "admin.sock"),
        },
        "tls": {"certificate": str(certificate.certificate), "private_key": str(certificate.private_key)},
        "upstream": {
            "kind": "ses",
            "region": "eu-central-1",
            "host": "localhost",
            "port": ses.tls_port,
            "tls_ca_file": ses.ca,
            "username_file": "ses_user",
            "password_file": "ses_password",
            "configuration_set": "drupal",
            "max_connections": 4,
        },
        "domains": [
            {
                "name": signer.domain,
                "selector": signer.selector,
                "key_file": str(signer.private_key),
                "verify": "trusted",
            }
        ],
        "apps": [
            {
                "name": "shop",
                "password_file": "shop",
                "contact": "web@example.com",
                "domains": [signer.domain],
            }
        ],
        "queue": {"retry_first": "1s", "retry_max": "2s"},
        "spool": {"reserve": "16MiB"},
    }


def _write_secret(path: pathlib.Path, secret: str) -> None:
    path.write_text(secret + "\n")
    path.chmod(0o600)


class Relay:
    """One relay: its home directory, its configuration, its process."""

    def __init__(self, home: pathlib.Path, config: dict):
        self.home = home
        self.config = config
        self.file = home / "postern.yml"
        self.log_file = home / "log"
        self.process: subprocess.Popen | None = None
        self.write_config()

    # --- configuration --------------------------------------------------------------------------------------------

    def write_config(self) -> None:
        """JSON is YAML."""
        self.file.write_text(json.dumps(self.config, indent=2) + "\n")

    def configure(self, **changes) -> None:
        """Changes the file; the process learns of it by reload or a start."""
        self.config = merged(self.config, changes)
        self.write_config()

    def write_secret(self, name: str, secret: str) -> None:
        _write_secret(self.home / name, secret)

    def port(self, listener: str) -> int:
        return _port_of(self.config["listen"]["smtp"][LISTENERS.index(listener)])

    @property
    def http_port(self) -> int:
        return _port_of(self.config["listen"]["http"][0])

    # --- the process ----------------------------------------------------------------------------------------------

    def start(self, wait: bool = True) -> "Relay":
        assert PROGRAM.exists(), f"{PROGRAM} is not built: run tests/run.sh, or set POSTERN to the binary"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--config", self.file], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        if wait:
            until(self._ready_or_dead, "the relay's /readyz", 20)
        return self

    def _ready_or_dead(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"postern serve ended with {self.process.returncode}:\n{self.log()}")
        return self.ready()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, seconds: float = 30) -> None:
        """SIGTERM; it must drain, exit 0 and have met no bug."""
        if self.process:
            self.signal(signal.SIGTERM)
            try:
                code = self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
            finally:
                self.process = None
            assert code == 0, f"postern serve ended with {code} after SIGTERM:\n{self.log()[-4000:]}"
        self.assert_no_bugs()

    def assert_no_bugs(self) -> None:
        log = self.log()
        found = [sign for sign in _BUGS if sign in log]
        assert not found, f"{found} in the log:\n{log[-8000:]}"

    def resident_octets(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    # --- what it says ---------------------------------------------------------------------------------------------

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def get(self, path: str) -> tuple[int, str]:
        """HTTP GET at the health and metrics listener: (status, body); status 0 when nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def scrape(self) -> Scrape:
        return scrape(self.http_port)

    def metric(self, name: str, **labels: str) -> float:
        return self.scrape().value(name, **labels)

    def command(self, *words: str, **how) -> subprocess.CompletedProcess:
        """Runs `postern WORDS --config FILE`."""
        return subprocess.run(
            [PROGRAM, *words, "--config", self.file], capture_output=True, text=True, timeout=30, **how
        )

    def reload(self) -> None:
        """Takes the file anew, and tries at once whether what holds mail is mended."""
        answer = self.command("reload")
        assert answer.returncode == 0, answer.stderr

    def check_config(self) -> subprocess.CompletedProcess:
        return subprocess.run(
            [PROGRAM, "check-config", self.file], capture_output=True, text=True, timeout=30
        )

    def asked(self, *words: str):
        """The objects that a command prints with --json."""
        answer = self.command(*words, "--json")
        assert answer.returncode == 0, f"postern {' '.join(words)}: {answer.returncode} {answer.stderr}"
        return json_objects(answer.stdout)

    def queue(self) -> list[dict]:
        return self.asked("queue", "list")

    def attempts(self, queue_id: str) -> int:
        """How many attempts an entry has spent."""
        return self.asked("queue", "show", queue_id)[0]["entry"]["attempts"]

    def states(self) -> dict[str, str]:
        """State of each entry that the queue lists, by its id."""
        return {entry["id"]: entry["state"] for entry in self.queue()}

    def trace(self, word: str) -> list[dict]:
        """The events of everything that is found for a word, oldest first."""
        return [event for found in self.asked("trace", word) for event in found["timeline"]]

    def events(self, word: str) -> list[str]:
        """Their kinds."""
        return [event["event"] for event in self.trace(word)]

    def await_event(self, word: str, kind: str, seconds: float = 30) -> dict:
        """The last event of this kind, once there is one."""

        def found():
            return [event for event in self.trace(word) if event["event"] == kind] or _fail(self.events(word))

        return until(found, f"{kind} of {word}", seconds)[-1]

    def await_empty_queue(self, seconds: float = 60) -> None:
        def waiting():
            scraped = self.scrape()
            return {
                state: count
                for state in QUEUE_STATES
                if (count := scraped.value("queue_messages", state=state))
            }

        until(lambda: (left := waiting()) == {} or _fail(left), "an empty queue", seconds)


QUEUE_STATES = ("queued", "in_delivery", "in_doubt", "held")


def _fail(seen):
    raise AssertionError(seen)


def _port_of(listener: dict) -> int:
    return int(listener["address"].rpartition(":")[2])


def json_objects(text: str) -> list[dict]:
    """One object a line; an answer of the API is unpacked."""
    found = [json.loads(line) for line in text.splitlines() if line.strip()]
    unpacked = [one.get("entries", one.get("matches")) for one in found]
    return unpacked[0] if unpacked and isinstance(unpacked[0], list) else found
