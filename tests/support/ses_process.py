"""Starts tests/ses_sim and talks to its control port."""

import json
import pathlib
import subprocess
import urllib.request

PROGRAM = pathlib.Path(__file__).parent.parent / "ses_sim" / "ses_sim"


class SesProcess:
    """A running ses_sim. What it took lies in `mail`, two files a message and a record."""

    def __init__(self, directory: pathlib.Path, tls_directory: pathlib.Path, *options: str, **settings):
        self.mail = directory / "ses"
        self.user, self.password = "AKIAIOSFODNN7EXAMPLE", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
        self.api_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        self._tls_directory = tls_directory
        self._options = options
        self._settings = settings
        self._ports: dict[str, int] = dict.fromkeys(
            ("tls_port", "starttls_port", "api_port", "control_port"), 0
        )
        self._process: subprocess.Popen | None = None
        self.ca = ""
        self.start()

    def __getattr__(self, name: str) -> int:
        """tls_port, starttls_port, api_port, control_port: the same over a restart."""
        try:
            return self.__dict__["_ports"][name]
        except KeyError:
            raise AttributeError(name) from None

    def start(self, *options) -> None:
        """Starts it, on the ports it had before. `options` are for this time only."""
        command = [
            *(PROGRAM, "--save", self.mail, "--tls-dir", self._tls_directory),
            *("--set", json.dumps(self._settings)),
            *(
                part
                for name, port in self._ports.items()
                for part in (f"--{name.replace('_', '-')}", str(port))
            ),
            *self._options,
            *options,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = self._process.stdout.readline()
        if not first:
            raise RuntimeError(f"ses_sim ended with {self._process.wait()} instead of listening")
        ready = json.loads(first)
        self.ca = ready.pop("ca")
        self._ports = ready

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process.stdout.close()
            self._process = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None

    # --- the control port -----------------------------------------------------------------------------------------

    def ask(self, path: str, body=None):
        """GET, or POST when there is a body."""
        payload = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.control_port}{path}", payload, timeout=10
        ) as answer:
            return json.load(answer)

    def stats(self) -> dict:
        return self.ask("/stats")

    def messages(self, since: int = 0) -> list[dict]:
        return self.ask(f"/messages?since={since}")

    def set(self, **settings) -> None:
        self.ask("/settings", settings)

    def script(self, **rule) -> None:
        self.ask("/script", rule)

    @property
    def api(self) -> str:
        """What `aws.endpoint` of a relay is set to; the key is `user` with `api_secret`."""
        return f"http://127.0.0.1:{self.api_port}"

    def answer_to(self, relay, **changes) -> None:
        """Gives a relay access to this API and starts it anew, with other changes of its configuration."""
        relay.stop()
        access = {
            "region": "eu-central-1",
            "access_key_id": self.user,
            "secret_access_key": self.api_secret,
            "endpoint": self.api,
        }
        relay.configure(aws=access, **changes)
        relay.start()

    def identity(self, name: str, **attributes) -> None:
        """Makes or changes an identity: verified, exists, dkim_status … (simulator/registry.py)."""
        self.ask("/identities", {"name": name, **attributes})

    def clear_script(self) -> None:
        """Ends rules that fire for ever, with all counts and records."""
        self.ask("/reset", {})
