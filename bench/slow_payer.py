"""What one payer that drips costs another payer's referral: with nothing between them, with places, with everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from statistics import fmean
from time import monotonic
from typing import Any, Final
from uuid import uuid4

import httpx2
from temporalio.client import WorkflowHandle
from temporalio.worker import Worker

from activities.payer import PayerActivities
from bench.figures import Report, rounded, spread
from bench.one_request import OneRequest
from bench.stage import BenchServers, set_up
from firstdose.adapters.payers.pas.channel import PasChannel
from firstdose.adapters.payers.pas.client import PasClient
from firstdose.adapters.payers.resilience import GuardedCalls, Resilience, UnguardedCalls
from firstdose.adapters.payers.wire import Wire
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.payers.health import PostgresCircuitBreaker, PostgresRateLimiter
from firstdose.adapters.postgres.pool import database
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.payer.health import HealthRules
from firstdose.payer_ports import PayerEndpoint
from firstdose.ports import EffectRequest
from tests.contract.cases import US, case
from workers.activity_calls import ActivityCalls
from workflows.messages import PAYERS_QUEUE

SLOTS: Final = 20
AT_ONCE: Final = 2
"""A tenth of the slots, as in the product."""
DRIPS: Final = timedelta(seconds=3)
NEVER: Final = HealthRules(failures_in_a_row=10**9, least_calls=10**9)
_A_DROP_S: Final = 0.1
_BETWEEN_S: Final = 0.5


class SlowPayerDesk:
    """Of ports.PayerDesk what `OneRequest` needs: the payer's name stands in the referral's id."""

    def __init__(self, passage: Resilience, channel: PasChannel, urls: dict[str, str]) -> None:
        self._passage = passage
        self._channel = channel
        self._urls = urls

    async def verify_benefits(self, request: EffectRequest) -> Benefits:
        payer = request.referral_id
        endpoint = PayerEndpoint(payer=payer, name=payer, base_url=self._urls[payer], timeout=DRIPS, at_once=AT_ONCE)
        async with self._passage.to(endpoint, Channel.PAS):
            return (await self._channel.verify_benefits(case(endpoint))).benefits


async def measure(*, quick: bool) -> Report:
    """How long a prompt payer's requests take, one begun each half second, while another payer drips."""
    slow, prompt = (30, 6) if quick else (60, 24)
    async with (
        set_up() as stage,
        database(stage.dsn) as pool,
        httpx2.AsyncClient(trust_env=False) as http,
        dripping() as url,
    ):
        audit, pace = AuditTrail(stage.keyring), PostgresRateLimiter(pool, _now)
        urls = {"slow": url, "prompt": f"http://127.0.0.1:{stage.ports['payer']}/fhir/prompt"}
        channel = PasChannel(PasClient(Wire(http)), US)
        passages: dict[str, Resilience] = {
            "nothing": UnguardedCalls(),
            "places": GuardedCalls(PostgresCircuitBreaker(pool, audit, _now, NEVER), pace),
            "everything": GuardedCalls(PostgresCircuitBreaker(pool, audit, _now), pace),
        }
        alone = await _prompt_ones(stage, SlowPayerDesk(UnguardedCalls(), channel, urls), slow=0, prompt=prompt)
        took = {
            name: await _prompt_ones(stage, SlowPayerDesk(passage, channel, urls), slow=slow, prompt=prompt)
            for name, passage in passages.items()
        }
    return {
        "slots": SLOTS,
        "at_once": AT_ONCE,
        "referrals_of_the_slow_payer": slow,
        "drips_s": DRIPS.total_seconds(),
        "alone": spread(alone),
        **{f"with_{name}": spread(each) for name, each in took.items()},
        "nothing_by_everything": rounded(fmean(took["nothing"]) / fmean(took["everything"])),
        "everything_by_alone": rounded(fmean(took["everything"]) / fmean(alone)),
    }


async def _prompt_ones(stage: BenchServers, desk: SlowPayerDesk, *, slow: int, prompt: int) -> list[float]:
    activities = PayerActivities(desk)  # type: ignore[arg-type]
    async with Worker(
        stage.client,
        task_queue=PAYERS_QUEUE,
        workflows=[OneRequest],
        activities=[activities.verify_benefits],
        max_concurrent_activities=SLOTS,
        interceptors=[ActivityCalls()],
    ):
        slow_ones = await asyncio.gather(*(_begin(stage, "slow") for _ in range(slow)))
        prompt_ones = []
        for _ in range(prompt):
            prompt_ones.append(asyncio.create_task(_timed(stage)))
            await asyncio.sleep(_BETWEEN_S)
        took = await asyncio.gather(*prompt_ones)
        await asyncio.gather(*(each.terminate() for each in slow_ones))
    return took


async def _timed(stage: BenchServers) -> float:
    begun = monotonic()
    await (await _begin(stage, "prompt")).result()
    return monotonic() - begun


async def _begin(stage: BenchServers, payer: str) -> WorkflowHandle[Any, Any]:
    return await stage.client.start_workflow(OneRequest.run, payer, id=f"one-{uuid4()}", task_queue=PAYERS_QUEUE)


@asynccontextmanager
async def dripping() -> AsyncIterator[str]:
    """A payer that takes every request and answers a byte at a time, for ever."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\n\r\n")
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(_A_DROP_S)
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def _now() -> datetime:
    return datetime.now(UTC)
