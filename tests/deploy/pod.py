"""The relay's container of a pod, without a cluster: its user, its mounts, its sysctls and a network of its own."""

import contextlib
import pathlib
import subprocess

from check_config import make_what_is_named
from package import PROGRAM
from support.waiting import until

VOLUME_MODE = 0o2777  # an emptyDir under fsGroup; a fresh claim has 2775. The root of neither is the pod's user's

_LOOPBACK_UP = """import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP"""

# As runc would, with what lies in the folder HERE: its `run` and `etc`, and the volume.
_START = """
here=$1 volume=$2 program=$3 uid=$4 gid=$5 ports=$6
/usr/bin/python3 -c "$7"
echo "$ports" > /proc/sys/net/ipv4/ip_unprivileged_port_start
mount -t tmpfs -o mode=755 none /var/lib
mkdir -p "/var/lib/${volume#/var/lib/}" /var/lib/program
mount --bind "$here/volume" "$volume"
mount --bind "$(dirname "$program")" /var/lib/program
mount --bind "$here/run" /run
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --inh-caps -all --bounding-set -all \
  "/var/lib/program/$(basename "$program")" serve --config /run/postern.yml
"""


class Pod:
    def __init__(self, process: subprocess.Popen, log: pathlib.Path, user: list[str]):
        self._process, self._log, self._user = process, log, user

    def exec(self, *words: str) -> subprocess.CompletedProcess:
        """`kubectl exec … -- postern WORDS`"""
        enter = ["nsenter", "--target", str(self._process.pid), "--mount", "--net", *self._user]
        command = [*enter, f"/var/lib/program/{PROGRAM.name}", *words, "--config", "/run/postern.yml"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")

    def is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the relay ended: {self._log.read_text()}")
        return self.exec("healthcheck").returncode == 0


@contextlib.contextmanager
def running(spec: dict, container: dict, configuration: str, volume: str, folder: pathlib.Path):
    """The relay of a pod's specification, once it is ready; `volume` is where the fresh volume is mounted."""
    context = spec["securityContext"]
    uid, gid = str(context["runAsUser"]), str(context["runAsGroup"])
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    sysctls = {each["name"]: each["value"] for each in context.get("sysctls", [])}
    ports = sysctls.pop("net.ipv4.ip_unprivileged_port_start", "1024")
    assert not sysctls
    fresh = folder / "volume"
    fresh.mkdir()
    fresh.chmod(VOLUME_MODE)
    make_what_is_named(configuration, folder)
    (folder / "run" / "postern.yml").write_text(configuration)
    subprocess.run(["chown", "-R", f"{uid}:{gid}", folder / "run"], check=True, timeout=10)
    user = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups"]
    start = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-euc", _START, "sh"]
    log = folder / "log"
    with log.open("w") as told:
        process = subprocess.Popen(
            [*start, folder, volume, PROGRAM, uid, gid, ports, _LOOPBACK_UP], stdout=told, stderr=told, cwd="/"
        )
    pod = Pod(process, log, user)
    try:
        until(pod.is_ready, "a ready relay", 30)
        yield pod
    finally:
        process.terminate()
        process.wait(40)
