"""Limits on concurrent requests: by class, and by peer within a class.

A request begins as unauthenticated (`strangers`); when that class is full, the peer with the most requests loses its
oldest one. Once the sender is authenticated the request moves to its class. Health and metrics are in no budget.
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
    """Not authenticated yet: the body is being received, or the token is being checked."""
    STAFF = "staff"
    INTAKE = "intake"
    """Webhooks of authenticated senders."""
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
    """The budget is full, and no request can be revoked."""


class BudgetSlot:
    """The slot of one request: in one budget at a time."""

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
        """Raises TimeoutError after `within` seconds, or when the slot is revoked; then `revoked` is true."""
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
        """From now on it cannot be revoked."""
        if self._limit is not None:
            self._limit.reschedule(None)
            self._limit = None


class Budgets:
    """The slots of one server."""

    def __init__(self, sizes: Mapping[Budget, Size] = SIZES, *, most_bytes: int = MOST_BYTES) -> None:
        self._sizes = sizes
        self._most_bytes = most_bytes
        # Dictionaries keep the order in which slots were taken.
        self._held: dict[Budget, dict[BudgetSlot, None]] = {budget: {} for budget in Budget}

    @contextmanager
    def slot(self, peer: str) -> Iterator[BudgetSlot]:
        """A slot of the unauthenticated class, released at the end from its class at that time. Raises Full."""
        if len(self._held[Budget.STRANGERS]) >= self._sizes[Budget.STRANGERS].most:
            self._make_room()
        slot = BudgetSlot(peer)
        self._put(slot, Budget.STRANGERS)
        token = _current.set((self, slot))
        try:
            yield slot
        finally:
            _current.reset(token)
            self._take(slot)

    def move(self, slot: BudgetSlot, budget: Budget) -> bool:
        """Move the slot to `budget` if there is room for this peer; returns whether there was."""
        held, size = self._held[budget], self._sizes[budget]
        if len(held) >= size.most or sum(each.peer == slot.peer for each in held) >= size.share:
            REFUSED.labels(budget).inc()
            return False
        self.put_back(slot, budget)
        return True

    def put_back(self, slot: BudgetSlot, budget: Budget) -> None:
        """Move without a check for room."""
        self._take(slot)
        self._put(slot, budget)

    def grow(self, slot: BudgetSlot, size: int) -> None:
        """Count bytes of its body. Over the limit the oldest request of the peer with the most bytes is revoked."""
        slot.bytes += size
        strangers = self._held[Budget.STRANGERS]
        # Counted anew, rarely more than a few hundred small numbers, so that nothing can be forgotten.
        if sum(each.bytes for each in strangers) > self._most_bytes:
            self._make_room(lambda each: each.bytes)

    def _make_room(self, weight: Callable[[BudgetSlot], int] = lambda _: 1) -> None:
        """Revoke the oldest request of the peer with the most, preferably one without its body. Raises Full."""
        REFUSED.labels(Budget.STRANGERS).inc()
        revocable = [slot for slot in self._held[Budget.STRANGERS] if slot.is_revocable and weight(slot)]
        revocable = [slot for slot in revocable if not slot.received] or revocable
        if not revocable:
            raise Full
        held: Counter[str] = Counter()
        for slot in revocable:
            held[slot.peer] += weight(slot)
        peer, _ = held.most_common(1)[0]
        oldest = next(slot for slot in revocable if slot.peer == peer)
        oldest.revoke()
        # Its request ends in a moment; its slot is free at once.
        self._take(oldest)

    def _put(self, slot: BudgetSlot, budget: Budget) -> None:
        slot.budget = budget
        self._held[budget][slot] = None
        IN_WORK.labels(budget).inc()

    def _take(self, slot: BudgetSlot) -> None:
        # A slot that was revoked has been taken back already.
        if slot in self._held[slot.budget]:
            del self._held[slot.budget][slot]
            IN_WORK.labels(slot.budget).dec()


_current: ContextVar[tuple[Budgets, BudgetSlot] | None] = ContextVar("slot", default=None)


def admit(budget: Budget) -> None:
    """The sender is authenticated: the request moves to this budget. Raises Problem 503 if it is full."""
    if (current := _current.get()) is None:
        return
    budgets, slot = current
    if slot.revoked or not budgets.move(slot, budget):
        raise HttpProblem(503, "too many requests at once")
    slot.secure()


@contextmanager
def long_wait() -> Iterator[bool]:
    """Whether there is room to wait for an outcome. If so, the slot in the other budget is free meanwhile."""
    if (current := _current.get()) is None:
        yield True
        return
    budgets, slot = current
    before = slot.budget
    if not budgets.move(slot, Budget.WAITING):
        yield False
        return
    try:
        yield True
    finally:
        budgets.put_back(slot, before)
