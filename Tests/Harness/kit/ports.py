"""Free ports of the loopback."""

import socket
from random import SystemRandom

BELOW = 32_768
"""From here on the system gives ports to connections: one of these may be taken before it is used."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, and that no connection is given."""
    found: list[int] = []
    for port in SystemRandom().sample(range(10_240, BELOW), 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


def is_open(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
