"""Free TCP ports for a program that must keep its ports over a restart."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below the range that the system takes for outgoing connections, so that no connection of a test can sit on one.
_RANGE = range(20000, 32000)
# Test runners side by side share these locks: a port is another's from when it is given until its runner ends,
# not only while something listens on it.
_LOCKS = Path(tempfile.gettempdir()) / f"postern-test-ports-{os.getuid()}"
_held: list[int] = []


def free_port() -> int:
    """A port nobody listens on, given to this process alone until it ends."""
    _LOCKS.mkdir(exist_ok=True)
    while True:
        port = random.choice(_RANGE)
        lock = os.open(_LOCKS / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _claimed(lock) and _unused(port):
            _held.append(lock)
            return port
        os.close(lock)


def _claimed(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unused(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
