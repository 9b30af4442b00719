"""Security events: refused requests with actor and address. The number of log lines is limited; nothing is stored."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog
from starlette.types import Scope

from desk.metrics import REFUSALS

log = structlog.get_logger(__name__)

STATUSES: Final = frozenset({401, 403, 404, 408, 413, 429})
_WINDOW_S: Final = 60.0
_EACH: Final = 5
"""The most lines in a minute for one event; the rest is counted."""
_ALL: Final = 300
"""The most lines in a minute for all events: an attacker can vary addresses and routes."""


class Refusal(NamedTuple):
    """A refused request. `actor` is None without a valid token; `peer` is the connection's address."""

    status: int
    route: str
    actor: str | None
    peer: str | None


class RefusalLog:
    """One line for each refusal, and at the end of a minute one for those that had none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._seen: Counter[Refusal] = Counter()
        self._lines = self._unlisted = 0

    def record(self, refusal: Refusal, request_id: str) -> None:
        if self._clock() - self._began >= _WINDOW_S:
            self._begin_anew()
        REFUSALS.labels(refusal.route, refusal.status).inc()
        if self._lines >= _ALL or self._seen[refusal] >= _EACH:
            self._unlisted += 1
            return
        self._seen[refusal] += 1
        self._lines += 1
        log.warning(
            "access_refused",
            status=refusal.status,
            route=refusal.route,
            actor=refusal.actor,
            peer=refusal.peer,
            request_id=request_id,
        )

    def _begin_anew(self) -> None:
        if self._unlisted:
            log.warning("access_refused_more", count=self._unlisted)
        self._began = self._clock()
        self._seen.clear()
        self._lines = self._unlisted = 0


def peer_of(scope: Scope) -> str | None:
    """The address at the other end of the connection: a proxy's, where there is one."""
    client = scope.get("client")
    return str(client[0]) if client else None
