"""What two workers know together of a payer: its outages, what it asked for, and its pace."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.payers.resilience import GuardedCalls
from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditTrail
from firstdose.adapters.postgres.payers.health import PostgresCircuitBreaker, PostgresRateLimiter
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.health import HealthRules
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerEndpoint
from firstdose.ports import Impossible, PortError, Unavailable

RULES = HealthRules(first_pause=timedelta(seconds=30))
NORTHSTAR = PayerEndpoint(payer="northstar", name="Northstar", base_url="http://x")
PACED = NORTHSTAR.model_copy(update={"requests_per_minute": 60, "burst": 3, "at_once": 50})
ONE_A_MINUTE = NORTHSTAR.model_copy(update={"requests_per_minute": 1})


class Clock:
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Worker:
    """A worker's way to payers, with connections of its own. `leaves` counts the requests that left."""

    def __init__(self, pool: Pool, audit: AuditTrail, clock: Clock) -> None:
        health, pace = PostgresCircuitBreaker(pool, audit, clock, RULES), PostgresRateLimiter(pool, clock)
        self._passage = GuardedCalls(health, pace, lambda: clock.now.timestamp())
        self.leaves = 0

    async def ask(
        self,
        said: PortError | None = None,
        *,
        payer: PayerEndpoint = NORTHSTAR,
        channel: Channel = Channel.PAS,
        until: asyncio.Event | None = None,
    ) -> None:
        async with self._passage.to(payer, channel):
            self.leaves += 1
            if until is not None:
                await until.wait()
            if said is not None:
                raise said

    async def refused(self, said: PortError | None = None, *, payer: PayerEndpoint = NORTHSTAR) -> Unavailable:
        with pytest.raises(Unavailable) as refused:
            await self.ask(said, payer=payer)
        return refused.value


Two = tuple[Worker, Worker, Clock]


@pytest.fixture
async def two(dsn: str, audit: AuditTrail) -> AsyncIterator[Two]:
    clock = Clock()
    async with database(dsn) as one, database(dsn) as other:
        yield Worker(one, audit, clock), Worker(other, audit, clock), clock


async def storm(*workers: Worker) -> None:
    for number in range(5):
        await workers[number % len(workers)].refused(Unavailable(ProblemCode.PAYER_FAILED))


async def test_a_storm_of_errors_opens_for_both_and_one_probe_closes(two: Two, pool: Pool, audit: AuditTrail) -> None:
    one, other, clock = two
    await storm(one, other)
    for worker in (one, other):
        refused = await worker.refused()
        assert (refused.problem, refused.retry_after) == ("payer_outage", timedelta(seconds=30))
    assert one.leaves + other.leaves == 5

    clock.later(30)
    answered = asyncio.Event()
    asking = [asyncio.create_task(worker.ask(until=answered)) for worker in (one, other) * 4]
    waiting = asyncio.as_completed(asking)
    async with asyncio.timeout(30):
        for _ in range(7):
            with pytest.raises(Unavailable, match="payer_outage"):
                await next(waiting)
    answered.set()
    await next(waiting)
    assert one.leaves + other.leaves == 6
    await asyncio.gather(one.ask(), other.ask())

    actions = [record["action"] async for record in audit.export(pool, SYSTEM_CHAIN)]
    assert actions == ["payer.outage_began", "payer.outage_ended"]
    assert (await audit.verify(pool)).intact


async def test_that_a_payers_server_is_out_says_nothing_of_its_clearinghouse(
    two: Two, pool: Pool, audit: AuditTrail
) -> None:
    one, other, _ = two
    await one.ask(payer=ONE_A_MINUTE)
    await storm(one)
    for worker in (one, other):
        assert (await worker.refused()).problem == "payer_outage"
        await worker.ask(channel=Channel.X12)
    await other.ask(payer=ONE_A_MINUTE, channel=Channel.X12)
    with pytest.raises(Unavailable, match="payer_rate_limit"):
        await one.ask(payer=ONE_A_MINUTE, channel=Channel.X12)

    for _ in range(5):
        with pytest.raises(Unavailable, match="payer_not_connected"):
            await one.ask(Unavailable(ProblemCode.PAYER_NOT_CONNECTED), channel=Channel.X12)
    with pytest.raises(Unavailable, match="payer_outage"):
        await other.ask(channel=Channel.X12)
    details = [record["details"] async for record in audit.export(pool, SYSTEM_CHAIN)]
    assert details == [{"payer": "northstar"}, {"payer": "northstar/x12"}]


async def test_a_probe_that_fails_makes_the_next_one_wait_longer(two: Two) -> None:
    one, other, clock = two
    await storm(one)
    clock.later(30)
    await one.refused(Unavailable(ProblemCode.PAYER_TIMED_OUT))
    assert (await other.refused()).retry_after == timedelta(seconds=60)


async def test_those_who_wait_do_not_come_back_at_once(two: Two) -> None:
    one, other, _ = two
    await storm(one)
    waits = [(await other.refused()).retry_after for _ in range(100)]
    assert len(set(waits)) == 100
    assert min(filter(None, waits)) == timedelta(seconds=30)


async def test_retry_after_is_obeyed_by_the_other_worker(two: Two) -> None:
    one, other, clock = two
    await one.refused(Unavailable(ProblemCode.PAYER_BUSY, timedelta(minutes=2)))
    refused = await other.refused()
    assert (refused.problem, refused.retry_after, other.leaves) == ("payer_busy", timedelta(minutes=2), 0)
    clock.later(120)
    await other.ask()


@pytest.mark.parametrize(
    "error",
    [
        Impossible(ProblemCode.PAYER_REFUSED_REQUEST),
        Unavailable(ProblemCode.PAYER_BUSY),
        Unavailable(ProblemCode.PAYER_ANSWERS_LATER),
        Unavailable(ProblemCode.DATABASE_UNAVAILABLE),
        Unavailable(ProblemCode.REQUEST_UNDER_WAY),
    ],
)
async def test_what_is_no_outage_opens_nothing(two: Two, error: PortError) -> None:
    one, _, _ = two
    for _ in range(12):
        with pytest.raises(type(error)):
            await one.ask(error)
    await one.ask()


async def test_a_refusal_ends_an_outage_for_it_is_an_answer(two: Two) -> None:
    one, other, clock = two
    await storm(one)
    clock.later(30)
    with pytest.raises(Impossible):
        await one.ask(Impossible(ProblemCode.PAYER_REFUSED_REQUEST))
    await other.ask()


async def test_the_pace_is_kept_together(two: Two) -> None:
    one, other, clock = two
    asked = await asyncio.gather(*(worker.ask(payer=PACED) for worker in (one, other) * 5), return_exceptions=True)
    waits = sorted(each.retry_after for each in asked if isinstance(each, Unavailable) and each.retry_after)
    assert waits == [timedelta(seconds=second) for second in range(1, 8)], "each has its own turn to come back"
    for _ in range(7):
        clock.later(1)
        await other.ask(payer=PACED)
    assert (await one.refused(payer=PACED)).problem == "payer_rate_limit"
    clock.later(3600)
    for worker in (one, other, one):
        await worker.ask(payer=PACED)
    await other.refused(payer=PACED)


async def test_a_turn_not_given_frees_the_probe(two: Two) -> None:
    one, other, clock = two
    await one.ask(payer=ONE_A_MINUTE)
    await storm(one)
    clock.later(30)
    assert (await one.refused(payer=ONE_A_MINUTE)).problem == "payer_rate_limit"
    await other.refused(Unavailable(ProblemCode.PAYER_FAILED))
    assert (await one.refused()).problem == "payer_outage", "the other's request was the probe"
