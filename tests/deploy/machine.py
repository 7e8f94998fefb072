"""A bare Debian 12 in a directory: commands in it, and a start of it with its own systemd and its own network."""

import contextlib
import pathlib
import shutil
import subprocess

from support.waiting import until

PROJECT = pathlib.Path(__file__).parents[2]
BARE_ROOT = PROJECT / "build" / "bare-root.tar"
_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def _run(command, check: bool, **how) -> subprocess.CompletedProcess:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, **how
    )
    assert not check or done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout[-6000:]}"
    return done


def _first_process(nspawn: int) -> str | None:
    children = pathlib.Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
    return next((c for c in children if pathlib.Path(f"/proc/{c}/comm").read_text() == "systemd\n"), None)


class Machine:
    def __init__(self, root: pathlib.Path):
        _run([PROJECT / "tests" / "support" / "bare_root.sh", BARE_ROOT], check=True)
        self.root = root
        root.mkdir()
        _run(["tar", "-C", root, "-xpf", BARE_ROOT], check=True)
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        self.put("etc/hosts", "127.0.0.1 localhost\n")  # which an installer writes
        self._leader: str | None = None

    def chroot(self, *command: str, check: bool = True) -> subprocess.CompletedProcess:
        """Runs a command in the directory while the machine is not up; it has this machine's network."""
        environment = {**_PATH, "DEBIAN_FRONTEND": "noninteractive"}
        return _run(["chroot", self.root, *command], check, env=environment)

    def install(self, *packages: str) -> None:
        """From Debian's own source; a name that begins with / is a package file in the machine."""
        self.chroot("apt-get", "update", "-q")
        self.chroot("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages)

    @contextlib.contextmanager
    def up(self):
        """The machine runs, with loopback as its only network, until the block ends."""
        command = ["systemd-nspawn", "-q", "-D", self.root, "--register=no", "--keep-unit", "--private-network"]
        command += ["--resolv-conf=off", "--link-journal=no", "--console=pipe", "-b"]
        spawned = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._leader = until(lambda: _first_process(spawned.pid), "systemd of the machine", 60)
            until(self._has_started, "the machine's start", 120)
            yield self
            self.inside("systemctl", "poweroff", check=False)
        finally:
            self._leader = None
            try:
                spawned.wait(90)
            except subprocess.TimeoutExpired:
                spawned.kill()
                spawned.wait()

    def _has_started(self) -> bool:
        state = self.inside("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def inside(self, *command: str, check: bool = True) -> subprocess.CompletedProcess:
        """Runs a command in the machine while it is up, as root."""
        spaces = ["nsenter", "--target", self._leader, "--all", "--root", "--wd"]
        return _run([*spaces, "--", *command], check, env=_PATH)

    def beside(self, *command: str) -> str:
        """Runs a program of this machine on the network of the other."""
        return _run(self.on_its_network(*command), check=True).stdout

    def on_its_network(self, *command: str) -> list[str]:
        return ["nsenter", "--target", self._leader, "--net", "--", *command]

    def put(self, path: str, text: str, mode: int = 0o644) -> pathlib.Path:
        """Writes a file, with the group of its folder where that hands it on."""
        file = self.root / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def await_relay(self) -> None:
        until(lambda: self.inside("postern", "healthcheck", check=False).returncode == 0, "a ready relay")
