"""Free TCP ports for a program that must keep its ports over a restart."""

import random
import socket

# Below the range that the system takes for outgoing connections, so that no connection of a test can sit on one.
_RANGE = range(20000, 32000)
_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, given once in this process."""
    while True:
        port = random.choice(_RANGE)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
