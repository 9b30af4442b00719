"""Free TCP ports on loopback, the same ones again on the next start when they are still free."""

import secrets
import socket
from collections.abc import Iterable, Mapping

LOOPBACK = "127.0.0.1"

# Below the range that systems hand out to outgoing connections: a client that keeps knocking at a dead server's port
# from that range can end up connected to itself, and the restarted server finds its port taken.
_CHOOSABLE = range(10_000, 30_000)


class PortTakenError(Exception):
    """One line: the port that was asked for is in use."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that linger in TIME_WAIT do not take the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(*, avoid: Iterable[int] = ()) -> int:
    """Any free port outside the range of outgoing connections."""
    while (port := secrets.choice(_CHOOSABLE)) in avoid or not is_free(port):
        pass
    return port


def choose_ports(
    usual: Mapping[str, int | None], *, asked: Mapping[str, int], remembered: Mapping[str, int]
) -> dict[str, int]:
    """A port for each name in `usual`: the one asked for, else the one remembered, else the usual one, else any.

    Raises PortTakenError when a port that was asked for is in use.
    """
    chosen: dict[str, int] = {}
    for name, usual_port in usual.items():
        if name in asked and not is_free(asked[name]):
            raise PortTakenError(f"Port {asked[name]} for {name} is in use.")
        taken = {*chosen.values(), *(port for other, port in asked.items() if other != name)}
        candidates = (asked.get(name), remembered.get(name), usual_port)
        chosen[name] = next(
            (port for port in candidates if port is not None and port not in taken and is_free(port)),
            None,
        ) or free_port(avoid=taken)
    return chosen
