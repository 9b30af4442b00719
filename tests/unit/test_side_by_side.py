"""Workers stop side by side, and what one of them ends with is not lost."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

import pytest

from workers.side_by_side import side_by_side

PATIENCE_S = 10


@dataclass
class Stopping:
    """A worker that has stopped only when all have begun to stop."""

    together: asyncio.Barrier
    fails: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False

    async def __aenter__(self) -> Self:
        self._inside, self._watching = asyncio.current_task(), asyncio.create_task(self._watch())
        return self

    async def _watch(self) -> None:
        """As a worker with a fatal error does."""
        await self.fails.wait()
        assert self._inside
        self._inside.cancel()

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await self.together.wait()
        self.stopped = True
        if self.fails.is_set():
            raise RuntimeError("poll failed")


async def test_they_stop_side_by_side() -> None:
    together = asyncio.Barrier(3)
    workers = [Stopping(together) for _ in range(3)]
    async with asyncio.timeout(PATIENCE_S):
        async with side_by_side(workers):
            await asyncio.sleep(0)
            assert not any(worker.stopped for worker in workers)
    assert all(worker.stopped for worker in workers)


async def test_an_error_of_ours_stops_them_too() -> None:
    workers = [Stopping(asyncio.Barrier(1))]

    async def breaking() -> None:
        async with side_by_side(workers):
            await asyncio.sleep(0)
            raise LookupError

    with pytest.raises(ExceptionGroup) as raised:
        await breaking()
    assert [type(error) for error in raised.value.exceptions] == [LookupError]
    assert workers[0].stopped


async def test_one_that_fails_ends_the_others() -> None:
    together = asyncio.Barrier(2)
    failing, other = Stopping(together), Stopping(together)

    async def working() -> None:
        async with asyncio.timeout(PATIENCE_S), side_by_side([failing, other]):
            await asyncio.sleep(0)
            failing.fails.set()
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as raised:
        await working()
    assert [str(error) for error in raised.value.exceptions] == ["poll failed"]
    assert other.stopped
