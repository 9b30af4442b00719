"""The loop of both relays: claim what is due, deliver it concurrently, sleep until there is something new."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import structlog

from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)

_IDLE_S: Final = 1.0
"""A notification may be lost, and a postponed item sends none."""

Item = TypeVar("Item")


class DeliveryLoop(Generic[Item]):
    """Delivers at most `at_once` items at a time.

    `claim(number)` leases up to that many due items; `deliver(item)` settles or postpones one. What neither did comes
    back when its lease ends.
    """

    def __init__(
        self,
        claim: Callable[[int], Awaitable[Sequence[Item]]],
        deliver: Callable[[Item], Awaitable[None]],
        *,
        at_once: int,
    ) -> None:
        self._claim = claim
        self._deliver = deliver
        self._at_once = at_once
        self._running: set[asyncio.Task[None]] = set()
        self._due = asyncio.Event()
        self.stopping = False

    def stop(self) -> None:
        """Claim nothing more; `run` ends when the current deliveries have ended."""
        self.stopping = True
        self._due.set()

    def wake(self) -> None:
        """Something new may be due."""
        self._due.set()

    async def run(self) -> None:
        """Until stopped."""
        async with asyncio.TaskGroup() as group:
            while not self.stopping:
                self._due.clear()
                room = self._at_once - len(self._running)
                taken = await self._take(room)
                for item in taken:
                    task = group.create_task(self._deliver_one(item))
                    self._running.add(task)
                    task.add_done_callback(self._ended)
                await self._pause()

    async def _take(self, room: int) -> Sequence[Item]:
        if room == 0:
            return ()
        try:
            return await self._claim(room)
        except Unavailable:
            log.warning("relay_waits_for_database")
            return ()

    async def _deliver_one(self, item: Item) -> None:
        try:
            await self._deliver(item)
        except Unavailable:
            log.warning("relay_waits_for_database")
        except Exception:
            log.exception("delivery_failed")

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_IDLE_S):
                await self._due.wait()
        except TimeoutError:
            pass

    def _ended(self, task: asyncio.Task[None]) -> None:
        # What comes after this one, for the same referral, may be due now.
        self._running.discard(task)
        self._due.set()
