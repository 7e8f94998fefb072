"""The benchmark: `tests/bench/run.sh` starts this inside namespaces of its own."""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).parents[1] / folder) for folder in ("", "ses_sim")]

import memory  # noqa: E402
import report  # noqa: E402
from relays import UPSTREAM_CONNECTIONS, Postern, Postfix  # noqa: E402
from sandbox import ROOT, BenchError, ControlGroup, await_port, enter  # noqa: E402
from scenario import Scenario, scenarios  # noqa: E402
from simulator import certificates  # noqa: E402
from support import dkim_check  # noqa: E402

SIZE = 4096
KEEP_EVERY = 100  # of these messages the signature is verified
STUCK_SECONDS = 60


class Sink:
    """The upstream: bench_sink with a certificate for localhost."""

    def __init__(self, tools: pathlib.Path, directory: pathlib.Path, certificate: certificates.Pair):
        directory.mkdir()
        self.directory = directory
        pair = (certificate.certificate, certificate.private_key)
        self._process = subprocess.Popen(
            [tools / "bench_sink", *pair, directory, str(KEEP_EVERY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._process.stdout.readline())

    def ask(self, delays: str = "") -> tuple[int, int]:
        """Messages taken so far, and the clock in ns at the last; sets the delays `REPLY_MS DOT_MS` if given."""
        self._process.stdin.write(delays + "\n")
        self._process.stdin.flush()
        count, clock = self._process.stdout.readline().split()
        return int(count), int(clock)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


class Bench:
    """Measures one relay after the other by the same plan."""

    def __init__(self, tools: pathlib.Path, plan: list[Scenario]):
        self._tools, self._plan = tools, plan
        keys = ROOT / "keys"
        self._authority = certificates.make_authority(keys)
        self._certificate = certificates.make_certificate(self._authority, "sink", ["DNS:localhost"])
        self._signer = dkim_check.make_signer(keys, "example.com")

    def measure(self, relay) -> dict:
        """One run of a relay through all scenarios."""
        shutil.rmtree(relay.home, ignore_errors=True)
        relay.home.mkdir()
        with contextlib.ExitStack() as stack:
            group = stack.enter_context(ControlGroup())
            sink = Sink(self._tools, relay.home / "taken", self._certificate)
            stack.callback(sink.close)
            relay.start(group, sink.port, self._authority.certificate, self._signer)
            await_port(relay.port)
            time.sleep(3)  # what it does only after its start is over
            result = {"idle": dataclasses.asdict(memory.of_processes(group.processes()))}
            if len(group.processes()) == 1:
                parts = memory.by_file(group.processes()[0])
                result["idle_by_file"] = {
                    name: {"rss": part.rss, "pss": part.pss} for name, part in parts.items()
                }
            result["scenarios"] = {plan.name: self._run(plan, relay, group, sink) for plan in self._plan}
        self._verify(sink.directory)
        return result

    def _run(self, plan: Scenario, relay, group: ControlGroup, sink: Sink) -> dict:
        say(f"{relay.name}: {plan.title}")
        sink.ask(f"{plan.reply_ms} {plan.dot_ms}")
        self._send(plan, relay, sink, plan.total // 10)  # warm-up: connections, processes, caches
        before = group.cpu_seconds()
        with memory.Peak(group.processes) as peak:
            sent = self._send(plan, relay, sink, plan.total)
            _, last_ns = sink.ask()
        time.sleep(1)  # what a relay does behind a message is its cost too
        return {
            "messages_per_second": plan.total / (last_ns - sent["start_ns"]) * 1e9,
            "cpu_ms_per_message": (group.cpu_seconds() - before) * 1000 / plan.total,
            "accept_p50_ms": sent["accept_p50_us"] / 1000,
            "accept_p99_ms": sent["accept_p99_us"] / 1000,
            "peak": dataclasses.asdict(peak.memory),
        }

    def _send(self, plan: Scenario, relay, sink: Sink, total: int) -> dict:
        """Returns when the sink has all messages and the relay's queue is empty."""
        wanted = sink.ask()[0] + total
        words = [relay.port, plan.connections, plan.per_connection, total, SIZE, plan.rate]
        load = subprocess.run([self._tools / "bench_load", *map(str, words)], stdout=subprocess.PIPE)
        sent = json.loads(load.stdout)
        if sent["errors"]:
            raise BenchError(f"{relay.name} did not take {sent['errors']} of {total} messages: see its log")
        taken, moved = 0, time.monotonic()
        while taken < wanted or relay.queued():
            before, (taken, _) = taken, sink.ask()
            moved = time.monotonic() if taken > before else moved
            if time.monotonic() > moved + STUCK_SECONDS:
                raise BenchError(
                    f"{relay.name} delivered {taken} of {wanted} messages and stopped: see its log"
                )
            time.sleep(0.1)
        return sent

    def _verify(self, directory: pathlib.Path) -> None:
        """A relay that did not sign did not do the work."""
        kept = list(directory.glob("*.eml"))
        for path in kept:
            path.write_bytes(path.read_bytes().removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."))
            if fault := dkim_check.fault_by_dkimpy(path, self._signer):
                raise BenchError(f"{path}: {fault}")
        if not kept:
            raise BenchError(f"no message was kept in {directory}: send at least {KEEP_EVERY}")


def rsa_signature_ms() -> float:
    """CPU of one RSA-2048 signature on a key that is ready, the best of three."""
    say("RSA-2048 signatures alone")
    most = 0.0  # a second of CPU
    for _ in range(3):
        command = ["openssl", "speed", "-mr", "-seconds", "1", "rsa2048"]
        speed = subprocess.run(command, capture_output=True, text=True, check=True)
        line = next(line for line in speed.stdout.splitlines() if line.startswith("+F2:"))
        most = max(most, float(line.split(":")[3]))
    return 1000 / most


def median(runs: list):
    """Of figures nested in maps, each by itself."""
    if isinstance(runs[0], dict):
        return {name: median([run[name] for run in runs if name in run]) for name in runs[0]}
    return statistics.median(runs)


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    program, tools = options.build / "relay/app/postern", options.build / "tests/bench"
    if not (program.exists() and (tools / "bench_sink").exists()):
        raise BenchError(
            f"{options.build} is not built: cmake --preset release && cmake --build --preset release"
        )
    machine = {"cpus": os.cpu_count(), "load_average_at_start": os.getloadavg()[0]}
    enter(pathlib.Path(os.environ.get("WORK", "build")).resolve() / "postern-bench")
    total = 300 if options.quick else int(os.environ.get("TOTAL", "3000"))
    plan = scenarios(total)
    missing = Postfix.missing()
    relays = [Postern(program)] if missing else [Postern(program), Postfix()]
    rsa = rsa_signature_ms()
    bench = Bench(tools, plan)
    rounds = [{relay.name: bench.measure(relay) for relay in relays} for _ in range(options.repeat)]
    settings = {"total": total, "size": SIZE, "repeat": options.repeat}
    result = {
        "settings": settings | {"upstream_connections": UPSTREAM_CONNECTIONS},
        "machine": machine,
        "missing": missing,
        "rsa_signature_ms": rsa,
        "relays": median(rounds),
        "rounds": rounds,  # a run that stalled shows here, where a median may hide it
    }
    print(json.dumps(result, indent=1) if options.json else report.markdown(result, plan))


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        say(str(error))
        sys.exit(1)
