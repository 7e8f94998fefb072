"""The surroundings of a run, inside the namespaces that run.sh made, and the accounting of one relay's processes."""

import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

ROOT = pathlib.Path("/dev/bench")  # the work directory where every user may walk to it: in a /dev of our own
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1


class BenchError(Exception):
    """One sentence that says what to change."""


def enter(work: pathlib.Path) -> None:
    """Loopback up, `work` made anew and seen at ROOT, `localhost` as IPv4, a /dev/log that only this run reads."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _own_devices()
    ROOT.mkdir()
    subprocess.run(["mount", "--bind", work, ROOT], check=True)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    hosts = ROOT / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    threading.Thread(target=_swallow_syslog, daemon=True).start()


def _own_devices() -> None:
    """A /dev of our own, because a /dev/log made in the machine's would be seen outside."""
    names = ("null", "zero", "full", "random", "urandom", "tty")
    numbers = {name: os.stat(f"/dev/{name}").st_rdev for name in names}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", "/dev"], check=True)
    os.umask(0)
    for name, number in numbers.items():
        os.mknod(f"/dev/{name}", 0o20666, number)
    os.umask(0o022)
    os.symlink("/proc/self/fd", "/dev/fd")
    os.mkdir("/dev/shm")


def _swallow_syslog() -> None:
    """Takes Postfix's log outside its accounting, as a syslog daemon does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        with (ROOT / "syslog").open("wb") as file:
            while True:
                file.write(log.recv(8192) + b"\n")
                file.flush()


class ControlGroup:
    """All processes of one relay, however many come and go, and the CPU time they used."""

    def __init__(self):
        mounts = (pathlib.Path("/sys/fs/cgroup"), pathlib.Path("/sys/fs/cgroup/unified"))
        root = next((path for path in mounts if (path / "cgroup.controllers").exists()), None)
        if not root or not os.access(root, os.W_OK):
            raise BenchError(
                "no writable cgroup v2 in /sys/fs/cgroup: run it outside the container or privileged"
            )
        self._path = root / "postern-bench"

    def __enter__(self):
        self._path.mkdir(exist_ok=True)
        if self.processes():
            raise BenchError(f"another run is going on: {self._path} has processes")
        return self

    def __exit__(self, *_):
        for number in [signal.SIGTERM] * 3 + [signal.SIGKILL] * 7:
            for process in self.processes():
                _signal(process, number)
            time.sleep(0.3)
            if not self.processes():
                break
        self._path.rmdir()

    def start(self, log: pathlib.Path, *command) -> None:
        """Runs `command` inside, its output in `log`."""
        enter_and_run = f'echo $$ > {self._path}/cgroup.procs && exec "$@"'
        with log.open("wb") as output:
            subprocess.Popen(
                ["sh", "-c", enter_and_run, "sh", *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip

    def processes(self) -> list[int]:
        return [int(line) for line in (self._path / "cgroup.procs").read_text().split()]

    def cpu_seconds(self) -> float:
        """Of all that ever ran inside, user and system."""
        fields = dict(line.split() for line in (self._path / "cpu.stat").read_text().splitlines())
        return int(fields["usage_usec"]) / 1e6


def _signal(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass  # it ended by itself


def await_port(port: int, seconds: float = 30) -> None:
    """Until something listens on 127.0.0.1:`port`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise BenchError(
        f"nothing listens on port {port} after {seconds:.0f} s: see the logs in the work directory"
    )
