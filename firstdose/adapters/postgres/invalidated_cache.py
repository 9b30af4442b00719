"""A cache of rows that the database invalidates by a notification."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

from firstdose.adapters.postgres.listening import Listener, listening
from firstdose.adapters.postgres.pool import Pool

Found = TypeVar("Found")

_AT_MOST_SECONDS: Final = 60
"""A connection that is cut off in silence brings no notification."""


class InvalidatedCache(Generic[Found]):
    """Nothing is remembered outside `kept`, and never that something was not found."""

    def __init__(self, pool: Pool, channel: str) -> None:
        self._pool = pool
        self._channel = channel
        self._known: dict[Hashable, Found] | None = None

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Remember as long as this lasts; a notification on the channel makes us forget."""
        async with listening(self._pool, self._channel) as bell:
            forgetting = asyncio.create_task(self._forget(bell))
            try:
                yield
            finally:
                forgetting.cancel()
                await asyncio.wait([forgetting])
                self._known = None

    async def recall(self, asked: Hashable, ask: Callable[[], Awaitable[Found | None]]) -> Found | None:
        known = self._known
        if known is not None and asked in known:
            return known[asked]
        found = await ask()
        if known is not None and found is not None:
            # If it changed while we asked, these are no longer what is known now.
            known[asked] = found
        return found

    async def _forget(self, bell: Listener) -> None:
        while True:
            self._known = {}
            await bell.wait(_AT_MOST_SECONDS)
