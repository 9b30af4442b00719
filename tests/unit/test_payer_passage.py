"""A payer that is slow holds so many places of a worker and no more, and other payers do not notice."""

import asyncio
from datetime import timedelta

import pytest

from firstdose.adapters.payers.resilience import GuardedCalls
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import CallOutcome, ProblemCode
from firstdose.payer_ports import PayerEndpoint
from firstdose.ports import Unavailable


class Well:
    """Implements resilience.CircuitBreaker and resilience.RateLimiter: no state, and nothing can be recorded."""

    async def admit(self, payer: str, longest: timedelta) -> None:
        return None

    async def record(self, payer: str, outcome: CallOutcome, **_: object) -> None:
        raise Unavailable(ProblemCode.DATABASE_UNAVAILABLE)

    async def acquire(self, payer: str, per_minute: int, burst: int) -> None:
        raise AssertionError("this payer sets no limit")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def endpoint(payer: str, at_once: int = 2) -> PayerEndpoint:
    return PayerEndpoint(payer=payer, name=payer, base_url="http://x", at_once=at_once)


async def test_a_slow_payer_holds_so_many_places_and_no_more() -> None:
    clock = Clock()
    passage, began, free = GuardedCalls(Well(), Well(), clock), asyncio.Semaphore(0), asyncio.Event()

    async def drip() -> None:
        async with passage.to(endpoint("slow"), Channel.PAS):
            began.release()
            await free.wait()

    dripping = [asyncio.create_task(drip()) for _ in range(2)]
    for _ in dripping:
        await began.acquire()
    clock.now += 10
    waits = []
    async with asyncio.timeout(10):
        for _ in range(3):
            with pytest.raises(Unavailable, match="payer_crowded") as refused:
                await drip()
            waits.append(refused.value.retry_after)
    assert waits == [timedelta(seconds=wait) for wait in (0.1, 5.1, 10.1)], "as places are likely to come free"

    async with passage.to(endpoint("prompt"), Channel.PAS):
        pass
    free.set()
    await asyncio.gather(*dripping)
    await drip()


async def test_a_place_is_free_again_whatever_happened() -> None:
    passage = GuardedCalls(Well(), Well(), Clock())
    for error in (Unavailable(ProblemCode.PAYER_FAILED), RuntimeError(), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            async with passage.to(endpoint("one", at_once=1), Channel.PAS):
                raise error
    async with passage.to(endpoint("one", at_once=1), Channel.PAS):
        pass
