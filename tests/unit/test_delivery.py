"""The loop of the relays: side by side, bounded, unstoppable by one bad item, and patient at the end."""

import asyncio
from collections.abc import Sequence

from desk.delivery.loop import DeliveryLoop
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable


class Source:
    """Items that are due, taken in turn; `None` stands for a database that is away."""

    def __init__(self, *batches: Sequence[str] | None) -> None:
        self._batches = list(batches)

    async def claim(self, number: int) -> Sequence[str]:
        batch = self._batches.pop(0) if self._batches else ()
        if batch is None:
            raise Unavailable(ProblemCode.DATABASE_UNAVAILABLE)
        assert len(batch) <= number
        return batch


async def test_one_bad_item_and_a_lost_database_stop_nothing() -> None:
    delivered: list[str] = []

    async def deliver(item: str) -> None:
        if item == "bad":
            raise ValueError(item)
        if item == "away":
            raise Unavailable(ProblemCode.DATABASE_UNAVAILABLE)
        delivered.append(item)
        if item == "last":
            delivery.stop()

    delivery = DeliveryLoop(Source(["bad", "a"], None, ["away", "b"], ["last"]).claim, deliver, at_once=2)
    running = asyncio.create_task(delivery.run())
    while not running.done():
        delivery.wake()
        await asyncio.sleep(0)
    assert delivered == ["a", "b", "last"]


async def test_no_more_than_the_bound_are_on_their_way() -> None:
    rooms: list[int] = []
    release = asyncio.Event()

    async def claim(number: int) -> Sequence[str]:
        rooms.append(number)
        return ["x"] * number

    async def deliver(_item: str) -> None:
        await release.wait()

    delivery = DeliveryLoop(claim, deliver, at_once=3)
    running = asyncio.create_task(delivery.run())
    for _ in range(20):
        delivery.wake()
        await asyncio.sleep(0)
    assert rooms == [3]
    delivery.stop()
    release.set()
    await running


async def test_stopping_waits_for_what_is_on_its_way() -> None:
    began, release, arrived = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def deliver(_item: str) -> None:
        began.set()
        await release.wait()
        arrived.set()

    delivery = DeliveryLoop(Source(["x"]).claim, deliver, at_once=1)
    running = asyncio.create_task(delivery.run())
    await began.wait()
    delivery.stop()
    release.set()
    await running
    assert arrived.is_set()
