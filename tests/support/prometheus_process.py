"""Starts a Prometheus on deploy/prometheus, with seconds for its intervals, and asks it."""

import json
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import yaml

from .ports import free_port
from .waiting import until

SETTINGS = pathlib.Path(__file__).parents[2] / "deploy" / "prometheus"


class PrometheusProcess:
    """A running Prometheus that scrapes these ports of this machine as the job `postern`, each second."""

    def __init__(self, home: pathlib.Path, *targets: int):
        config = yaml.safe_load((SETTINGS / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(SETTINGS / files) for files in config["rule_files"]]
        (job,) = config["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in targets]}]
        file = home / "prometheus.json"
        file.write_text(json.dumps(config))
        self._log = home / "prometheus.log"
        self._port = free_port()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *("/usr/bin/prometheus", f"--config.file={file}", f"--storage.tsdb.path={home / 'tsdb'}"),
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                stdout=log,
                stderr=log,
            )
        until(self._ready_or_dead, "Prometheus' /-/ready", 20)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def query(self, expression: str) -> list[dict]:
        """The samples of an instant vector: `metric` and `value`."""
        answer = self._ask("query", query=expression)
        return answer["result"]

    def value(self, expression: str) -> float:
        """Of an expression with at most one sample; 0 without one."""
        return sum(float(sample["value"][1]) for sample in self.query(expression))

    def rules(self) -> list[dict]:
        """All rules as they were last evaluated: `health`, `lastError`, `alerts` …"""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def _ask(self, what: str, **parameters: str) -> dict:
        """Raises AssertionError with Prometheus' sentence for an expression that is wrong."""
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{parameters}: {refused.read().decode()}") from None

    def _ready_or_dead(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"prometheus ended:\n{self._log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
