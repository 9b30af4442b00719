"""Two workers and a payer over real HTTP: what one of them hears from the payer, both obey."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import NamedTuple
from uuid import uuid4

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.pas.channel import PasChannel
from firstdose.adapters.payers.pas.client import PasClient
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.adapters.payers.resilience import GuardedCalls
from firstdose.adapters.payers.wire import Wire
from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.transport import HttpsTransport
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.payers.health import PostgresCircuitBreaker, PostgresRateLimiter
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.health import HealthRules
from firstdose.ports import AuthorizationRequest, PortError, Unavailable
from simulator.payer import payer_app
from simulator.payer_book import PayerBook
from tests.contract.cases import US, case, endpoint, lines, referral
from tests.contract.conftest import serving
from tests.contract.memory import MemoryContacts, MemoryControlNumbers, MemoryFiles, MemorySubscriptions

RULES = HealthRules(first_pause=timedelta(seconds=30))


class Clock:
    now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


class Moody:
    """A payer whose FHIR server answers so first; a simulated payer when nothing is left to answer."""

    def __init__(self) -> None:
        self._payer = payer_app(PayerBook())
        self._first: Iterator[Response | None] = iter(())
        self.asked = 0

    def answers(self, *responses: Response, times: int = 1) -> None:
        self._first = chain.from_iterable(repeat(responses, times))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/fhir/") and (answer := self._next()):
            await Request(scope, receive).body()
            return await answer(scope, receive, send)
        await self._payer(scope, receive, send)

    def _next(self) -> Response | None:
        self.asked += 1
        return next(self._first, None)


class Worker(NamedTuple):
    passage: GuardedCalls
    channel: PasChannel
    x12: X12Channel
    url: str

    async def submit(self) -> str:
        """What came of it: `answered`, or the code of the problem."""
        reached = endpoint(f"{self.url}/fhir/northstar")
        try:
            async with self.passage.to(reached, Channel.PAS):
                await self.channel.submit(case(reached))
        except PortError as error:
            return str(error)
        return "answered"

    async def carrier(self) -> Channel | None:
        """By which channel a desk with both gets a request through."""
        plan = Plan(payer="northstar", authorization=Channel.PAS, authorization_fallback=(Channel.X12,))
        reached = endpoint(f"{self.url}/fhir/northstar", x12_url=f"{self.url}/x12/northstar")
        desk = PayerGatewayService(
            MemoryFiles(CaseFile(referral(), reached, plan)),
            MemoryContacts(),
            MemorySubscriptions(),
            {Channel.PAS: self.channel, Channel.X12: self.x12},
            public_url="http://127.0.0.1:1",
            subscription_secret=lambda _: "secret",
            clock=lambda: datetime.now(UTC),
            resilience=self.passage,
        )
        asked = AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines())
        return (await desk.submit(asked)).channel


class Scene(NamedTuple):
    one: Worker
    other: Worker
    payer: Moody
    clock: Clock


@pytest.fixture
async def scene(dsn: str, audit: AuditTrail) -> AsyncIterator[Scene]:
    payer, clock = Moody(), Clock()
    async with (
        serving(payer) as url,
        httpx2.AsyncClient(trust_env=False) as http,
        database(dsn) as one,
        database(dsn) as other,
    ):
        channel = PasChannel(PasClient(Wire(http)), US)
        x12 = X12Channel(HttpsTransport(Wire(http)), US, MemoryControlNumbers())

        def worker(pool: Pool) -> Worker:
            health, pace = PostgresCircuitBreaker(pool, audit, clock, RULES), PostgresRateLimiter(pool, clock)
            return Worker(GuardedCalls(health, pace), channel, x12, url)

        yield Scene(worker(one), worker(other), payer, clock)


async def test_a_storm_of_503_opens_and_the_payers_recovery_closes(scene: Scene) -> None:
    one, other, payer, clock = scene
    payer.answers(Response(status_code=503), times=6)
    assert [await worker.submit() for worker in (one, other, one, other, one)] == ["payer_failed"] * 5
    assert [await worker.submit() for worker in (one, other)] == ["payer_outage"] * 2
    assert payer.asked == 5, "without touching the network"

    clock.now += timedelta(seconds=30)
    assert await other.submit() == "payer_failed", "the probe"
    assert (await one.submit(), payer.asked) == ("payer_outage", 6)
    clock.now += timedelta(seconds=60)
    assert await one.submit() == "answered"
    came = Counter(await asyncio.gather(*(worker.submit() for worker in (one, other) * 4)))
    assert came == {"answered": 8}


async def test_while_a_payers_server_is_out_its_clearinghouse_carries(scene: Scene) -> None:
    one, other, payer, clock = scene
    payer.answers(Response(status_code=503), times=5)
    for _ in range(5):
        assert await one.submit() == "payer_failed"
    assert [await worker.carrier() for worker in (one, other)] == [Channel.X12] * 2
    assert payer.asked == 5
    clock.now += timedelta(seconds=30)
    assert await other.carrier() is Channel.PAS


@pytest.mark.parametrize("status", [429, 503])
async def test_one_worker_is_told_to_wait_and_both_do(scene: Scene, status: int) -> None:
    one, other, payer, clock = scene
    payer.answers(Response(status_code=status, headers={"retry-after": "120"}))
    assert await one.submit() == ("payer_busy" if status == 429 else "payer_failed")
    assert (await other.submit(), await one.submit(), payer.asked) == ("payer_busy", "payer_busy", 1)
    clock.now += timedelta(seconds=121)
    assert (await other.submit(), payer.asked) == ("answered", 2)


async def test_refusals_are_answers(scene: Scene) -> None:
    one, other, payer, _ = scene
    payer.answers(Response(status_code=422), times=12)
    for worker in (one, other) * 6:
        assert await worker.submit() == "payer_refused_request"
    assert await one.submit() == "answered"


async def test_the_error_says_when_to_come_back(scene: Scene) -> None:
    one, other, payer, _ = scene
    payer.answers(Response(status_code=429, headers={"retry-after": "120"}))
    await one.submit()
    with pytest.raises(Unavailable) as refused:
        async with other.passage.to(endpoint(f"{other.url}/fhir/northstar"), Channel.PAS):
            pass
    assert refused.value.retry_after == timedelta(minutes=2)
