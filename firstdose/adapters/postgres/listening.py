"""Waking up when the database notifies, instead of asking again and again."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from typing import Any

from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.ports import Unavailable

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.5


class Listener:
    """Rings when there may be something new."""

    def __init__(self, payload: str | None) -> None:
        self.payload = payload
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, timeout: float | None = None) -> bool:
        """Wait for the next ring, at most `timeout` seconds; False when there was none."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), timeout)
        rung = self._rung.is_set()
        self._rung.clear()
        return rung


class SharedListener:
    """One connection that listens to a channel for all of this process, as long as anybody waits."""

    def __init__(self, pool: Pool, channel: str) -> None:
        self._pool = pool
        self._channel = channel
        self._bells: set[Listener] = set()
        self._listener: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def bell(self, payload: str | None = None) -> AsyncIterator[Listener]:
        """A bell for every notification, or for those with this payload; it also rings when some may be missed."""
        bell = Listener(payload)
        self._bells.add(bell)
        if self._listener is None:
            # It outlives the request that comes first, and must not have that one's deadline.
            self._listener = asyncio.create_task(self._listen(), context=Context())
        try:
            yield bell
        finally:
            self._bells.discard(bell)
            if not self._bells and self._listener is not None:
                self._end(self._listener)
                self._listener = None

    def _end(self, listener: asyncio.Task[None]) -> None:
        """Nobody waits for its connection to be given back: the server may be frozen."""
        self._ending.add(listener)
        listener.add_done_callback(self._ending.discard)
        listener.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except Unavailable:
                log.warning("listening_interrupted")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen_once(self) -> None:
        """Until the connection is lost."""
        lost = asyncio.Event()
        async with reachable(), self._pool.acquire() as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(self._channel, self._notified)
            try:
                self._ring_all()
                await lost.wait()
            finally:
                if not lost.is_set():  # a lost connection refuses even this
                    await connection.remove_listener(self._channel, self._notified)

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: Any) -> None:
        for bell in self._bells:
            if bell.payload in (None, payload):
                bell.ring()

    def _ring_all(self) -> None:
        for bell in self._bells:
            bell.ring()


@asynccontextmanager
async def listening(pool: Pool, channel: str) -> AsyncIterator[Listener]:
    """A bell that rings for each notification on `channel`; it survives the loss of its connection."""
    async with SharedListener(pool, channel).bell() as bell:
        yield bell
