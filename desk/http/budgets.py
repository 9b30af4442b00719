"""How many requests of each kind are in work at once, and how many of them one peer may have.

A request begins among the strangers, where a peer that holds many places pays for a new one with its oldest. Once it is
proven who asks, it moves to a budget of its own. Health and metrics are in no budget.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final, NamedTuple

from desk.http.problems import HttpProblem
from desk.metrics import IN_WORK, REFUSED


class Budget(StrEnum):
    STRANGERS = "strangers"
    """Nobody has proven who asks: the body is on its way, or the token is being checked."""
    STAFF = "staff"
    INTAKE = "intake"
    """Webhooks of proven senders."""
    WAITING = "waiting"
    """Stored, and waiting for an outcome."""


class Size(NamedTuple):
    most: int
    share: int
    """How many of them one peer may have."""


SIZES: Final[Mapping[Budget, Size]] = {
    Budget.STRANGERS: Size(600, 600),
    Budget.STAFF: Size(320, 240),
    Budget.INTAKE: Size(160, 120),
    Budget.WAITING: Size(160, 120),
}


MOST_BYTES: Final = 128 * 1024 * 1024
"""Of the strangers' bodies in memory."""


class Full(Exception):
    """There is no room, and nobody who could be asked to make some."""


class BudgetPlace:
    """What one request holds: a place in one budget at a time."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.budget = Budget.STRANGERS
        self.bytes = 0
        """Of its body, so far."""
        self.received = False
        """The whole body is here."""
        self.revoked = False
        self._limit: asyncio.Timeout | None = None

    @property
    def is_revocable(self) -> bool:
        return self._limit is not None

    @asynccontextmanager
    async def revocable(self, within: float | None = None) -> AsyncIterator[None]:
        """Raises TimeoutError after `within` seconds, or when the place is revoked; `revoked` tells which."""
        async with asyncio.timeout(within) as limit:
            self._limit = limit
            try:
                yield
            finally:
                self._limit = None

    def revoke(self) -> None:
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())
            self._limit, self.revoked = None, True

    def secure(self) -> None:
        """It can be revoked no more."""
        if self._limit is not None:
            self._limit.reschedule(None)
            self._limit = None


class Budgets:
    """The places of one server."""

    def __init__(self, sizes: Mapping[Budget, Size] = SIZES, *, most_bytes: int = MOST_BYTES) -> None:
        self._sizes = sizes
        self._most_bytes = most_bytes
        # Dictionaries keep the order in which places were taken.
        self._held: dict[Budget, dict[BudgetPlace, None]] = {budget: {} for budget in Budget}

    @contextmanager
    def place(self, peer: str) -> Iterator[BudgetPlace]:
        """A place among the strangers, given back at the end from wherever it is then. Raises Full."""
        if len(self._held[Budget.STRANGERS]) >= self._sizes[Budget.STRANGERS].most:
            self._make_room()
        place = BudgetPlace(peer)
        self._put(place, Budget.STRANGERS)
        token = _current.set((self, place))
        try:
            yield place
        finally:
            _current.reset(token)
            self._take(place)

    def move(self, place: BudgetPlace, budget: Budget) -> bool:
        """Whether there is room for this peer in `budget`; if there is, the place is now there."""
        held, size = self._held[budget], self._sizes[budget]
        if len(held) >= size.most or sum(each.peer == place.peer for each in held) >= size.share:
            REFUSED.labels(budget).inc()
            return False
        self.put_back(place, budget)
        return True

    def put_back(self, place: BudgetPlace, budget: Budget) -> None:
        """Move without asking for room."""
        self._take(place)
        self._put(place, budget)

    def grow(self, place: BudgetPlace, size: int) -> None:
        """So many bytes more of its body have come. Over the bound the oldest of the peer that keeps most goes."""
        place.bytes += size
        strangers = self._held[Budget.STRANGERS]
        # Counted anew, rarely more than a few hundred small numbers, so that nothing can be forgotten.
        if sum(each.bytes for each in strangers) > self._most_bytes:
            self._make_room(lambda each: each.bytes)

    def _make_room(self, weight: Callable[[BudgetPlace], int] = lambda _: 1) -> None:
        """The oldest place of the peer that holds most goes; if it can be, one whose body is not here. Raises Full."""
        REFUSED.labels(Budget.STRANGERS).inc()
        revocable = [place for place in self._held[Budget.STRANGERS] if place.is_revocable and weight(place)]
        revocable = [place for place in revocable if not place.received] or revocable
        if not revocable:
            raise Full
        held: Counter[str] = Counter()
        for place in revocable:
            held[place.peer] += weight(place)
        peer, _ = held.most_common(1)[0]
        oldest = next(place for place in revocable if place.peer == peer)
        oldest.revoke()
        # Its request ends in a moment; its place is free at once.
        self._take(oldest)

    def _put(self, place: BudgetPlace, budget: Budget) -> None:
        place.budget = budget
        self._held[budget][place] = None
        IN_WORK.labels(budget).inc()

    def _take(self, place: BudgetPlace) -> None:
        # A place that was revoked has been taken back already.
        if place in self._held[place.budget]:
            del self._held[place.budget][place]
            IN_WORK.labels(place.budget).dec()


_current: ContextVar[tuple[Budgets, BudgetPlace] | None] = ContextVar("place", default=None)


def admit(budget: Budget) -> None:
    """It is proven who asks: the request goes on in this budget. Raises Problem 503 when there is no room."""
    if (current := _current.get()) is None:
        return
    budgets, place = current
    if place.revoked or not budgets.move(place, budget):
        raise HttpProblem(503, "too many requests at once")
    place.secure()


@contextmanager
def long_wait() -> Iterator[bool]:
    """Whether there is room to wait for a while. If there is, the place among the others is free meanwhile."""
    if (current := _current.get()) is None:
        yield True
        return
    budgets, place = current
    before = place.budget
    if not budgets.move(place, Budget.WAITING):
        yield False
        return
    try:
        yield True
    finally:
        budgets.put_back(place, before)
