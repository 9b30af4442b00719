"""The limit on connections of the desk, and which one is closed when there are too many.

Without a bound of ours the process runs out of files, and answers nobody: not even who asks for its health.
"""

import resource
from collections import Counter
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

_MOST: Final = 1500
"""More than all budgets together, so that some are idle."""
_OTHER_FILES: Final = 200
"""For the database, Temporal, receivers of our webhooks, the log."""


def _most_connections() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if files == resource.RLIM_INFINITY else max(1, min(_MOST, files - _OTHER_FILES))


MOST_CONNECTIONS: Final = _most_connections()


class Connection(Protocol):
    opened_at: float

    @property
    def peer(self) -> str: ...

    @property
    def is_idle(self) -> bool: ...


Kept = TypeVar("Kept", bound=Connection)


def idle_to_give_up(connections: Iterable[Kept]) -> Kept | None:
    """The oldest idle connection of the peer with the most; None if all are busy."""
    idle = [each for each in connections if each.is_idle]
    if not idle:
        return None
    busiest, _ = Counter(each.peer for each in idle).most_common(1)[0]
    return min((each for each in idle if each.peer == busiest), key=lambda each: each.opened_at)
