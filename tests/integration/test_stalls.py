"""Standing still is seen: on a real Temporal server and a real database, in `why`, in doctor and in the metrics."""

import asyncio
import math
import os
import socket
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import Worker

from desk import stall_watch
from desk.stall_watch import measure_stalls
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.messages.stalls import StallStore
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.adapters.search_attributes import register_search_attributes
from firstdose.adapters.temporal import connect
from firstdose.domain.work.role import Role
from firstdose.domain.work.stall import LEAST_FAILURES
from firstdose.settings import Settings
from local.temporal_server import EmbeddedTemporal
from tests.served_desk import KEYS, ServedDesk, served_desk, settings_for
from workers.failing_activities import FailingActivities
from workflows.messages import REFERRALS_QUEUE, SEARCH_ATTRIBUTES, WAITING_FOR, WORKFLOW, ReferralStart, workflow_id

CANARY: Final = "CANARY-Hernandez"
WITHIN_S: Final = 60.0
Found = list[dict[str, Any]]


class Payer:
    """What its step does next."""

    answers: Callable[[], None] | None = None
    asked = 0
    hangs = False


@activity.defn
async def ask_payer() -> None:
    Payer.asked += 1
    while Payer.hangs:
        await asyncio.sleep(0.1)
        activity.heartbeat()
    if Payer.answers:
        Payer.answers()


def unavailable() -> None:
    raise ApplicationError(CANARY, type="payer_unavailable")


def crash() -> None:
    raise ValueError(CANARY)


def still_pending() -> None:
    raise ApplicationError("still pending", type="still_pending", category=ApplicationErrorCategory.BENIGN)


@workflow.defn(name=WORKFLOW, sandboxed=False)
class Stand:
    """In the real one's place: `source` says what goes wrong."""

    @workflow.run
    async def run(self, start: ReferralStart) -> None:
        await workflow.wait_condition(lambda: Script.goes != "")
        if Script.goes == "task":
            raise ValueError(CANARY)
        if Script.goes == "store":
            workflow.upsert_search_attributes([WAITING_FOR.value_set(["system"])])
        if Script.goes == "activity":
            await workflow.execute_activity(
                ask_payer,
                start_to_close_timeout=timedelta(seconds=1),
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(milliseconds=20), maximum_interval=timedelta(milliseconds=200)
                ),
            )
        await workflow.wait_condition(lambda: False)


class Script:
    goes = ""


@pytest_asyncio.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    async with EmbeddedTemporal(tmp_path_factory.mktemp("temporal") / "state.db") as server:
        settings = Settings.model_validate({"temporal": {"TEMPORAL_ADDRESS": server.address}})
        client = await connect(settings, Keyring(KEYS), identity="test")
        await register_search_attributes(client, SEARCH_ATTRIBUTES)
        yield client


def address(client: Client) -> str:
    return client.service_client.config.target_host


@pytest.fixture
async def desk(
    dsn: str, tmp_path: Path, temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ServedDesk]:
    monkeypatch.setattr(stall_watch, "EVERY_S", 1.0)
    settings = settings_for(dsn, tmp_path, temporal={"TEMPORAL_ADDRESS": address(temporal)})
    async with served_desk(settings, with_relays=True) as served:
        yield served
        # The server is this module's: what one test left must not be counted in another.
        async for execution in temporal.list_workflows('ExecutionStatus = "Running"'):
            await temporal.get_workflow_handle(execution.id).terminate()
        await until(lambda: running(temporal), 0)


async def running(temporal: Client) -> int:
    return (await temporal.count_workflows('ExecutionStatus = "Running"')).count


@asynccontextmanager
async def working(temporal: Client, pool: Pool, goes: str) -> AsyncIterator[None]:
    """A worker whose workflows go wrong in this way."""
    Script.goes = goes
    failing = FailingActivities(StallStore(pool))
    async with Worker(
        temporal,
        task_queue=REFERRALS_QUEUE,
        workflows=[Stand],
        activities=[ask_payer],
        interceptors=[failing],
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    ):
        yield


async def until(look: Callable[[], Awaitable[Any]], expected: Any, *, within: float = WITHIN_S) -> None:
    deadline = time.monotonic() + within
    while (seen := await look()) != expected:
        assert time.monotonic() < deadline, f"{seen!r} is not {expected!r}"
        await asyncio.sleep(0.2)


async def why(desk: ServedDesk, referral_id: str) -> dict[str, Any]:
    async with desk.as_staff(Role.SUPERVISOR) as staff:
        answer = await staff.get(f"/api/referrals/{referral_id}/why")
    assert CANARY not in answer.text
    told: dict[str, Any] = answer.json()
    return told


def stalls(desk: ServedDesk, referral_id: str) -> Callable[[], Awaitable[list[tuple[str, str | None, str | None]]]]:
    async def look() -> list[tuple[str, str | None, str | None]]:
        told = (await why(desk, referral_id))["stalls"]
        return [(stall["kind"], stall["what"], stall["problem"]) for stall in told]

    return look


def metric(kind: str) -> Callable[[], Awaitable[float | None]]:
    async def look() -> float | None:
        return REGISTRY.get_sample_value("firstdose_stalled_referrals", {"kind": kind})

    return look


async def doctor(dsn: str, temporal: Client, tmp_path: Path) -> str:
    """What it prints, as an operator runs it."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "DATABASE_URL": dsn,
        "FIRSTDOSE_KEYS": f"k1:{b64encode(KEYS['k1']).decode()}",
        "FIRSTDOSE_STATE": str(tmp_path),
        "FIRSTDOSE_URL": "http://127.0.0.1:1",
        "TEMPORAL_ADDRESS": address(temporal),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk", "doctor", "--json"), env=environment, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    return printed.decode()


async def test_a_workflow_task_that_fails_again_and_again_is_seen_within_a_minute(
    desk: ServedDesk, dsn: str, pool: Pool, temporal: Client, tmp_path: Path
) -> None:
    referral_id = await desk.refer()
    async with working(temporal, pool, "task"):
        started = time.monotonic()
        # Before Temporal reports it the attempts tell.
        await until(stalls(desk, referral_id), [("workflow_task_failing", None, None)], within=WITHIN_S / 2)
        await until(metric("workflow_task_failing"), 1.0)
        reported = ("workflow_task_failing", None, "workflow_worker_unhandled_failure")
        await until(stalls(desk, referral_id), [reported])
        assert time.monotonic() - started < WITHIN_S
        (stall,) = (await why(desk, referral_id))["stalls"]
        assert stall["attempts"] >= 2
        assert "firstdose replay --open" in stall["action"]
        printed = await doctor(dsn, temporal, tmp_path)
    assert "1 referral (workflow_task_failing)" in printed
    assert "none on: payers, outreach" in printed
    assert referral_id in printed
    assert CANARY not in printed


async def test_a_step_that_keeps_failing_is_seen_until_it_succeeds(
    desk: ServedDesk, dsn: str, pool: Pool, temporal: Client, tmp_path: Path
) -> None:
    referral_id = await desk.refer()
    Payer.answers = unavailable
    async with working(temporal, pool, "activity"):
        await until(stalls(desk, referral_id), [("activity_failing", "ask_payer", "payer_unavailable")])
        await until(metric("activity_failing"), 1.0)
        assert "1 referral (activity_failing)" in await doctor(dsn, temporal, tmp_path)
        Payer.answers = crash
        await until(stalls(desk, referral_id), [("activity_failing", "ask_payer", "ValueError")])
        Payer.answers = None
        await until(stalls(desk, referral_id), [])
        await until(metric("activity_failing"), 0.0)


async def test_a_step_that_hangs_is_seen(desk: ServedDesk, pool: Pool, temporal: Client) -> None:
    async def problems() -> list[str]:
        return [row["problem"] for row in await pool.fetch("SELECT problem FROM failing_activities")]

    referral_id = await desk.refer()
    Payer.hangs = True
    try:
        async with working(temporal, pool, "activity"):
            await until(stalls(desk, referral_id), [("activity_failing", "ask_payer", "timed_out")])
            assert await problems() == ["timed_out"]
            Payer.hangs = False
            await until(stalls(desk, referral_id), [])
    finally:
        Payer.hangs = False


async def test_a_wait_that_is_still_pending_is_no_failure_and_its_first_failure_no_stall(
    desk: ServedDesk, pool: Pool, temporal: Client
) -> None:
    async def failures() -> int | None:
        counted: int | None = await pool.fetchval("SELECT max(failures) FROM failing_activities")
        return counted

    referral_id = await desk.refer()
    Payer.asked, Payer.answers = 0, still_pending
    async with working(temporal, pool, "activity"):
        await until(enough, "enough")
        assert await stalls(desk, referral_id)() == []

        def once() -> None:
            Payer.answers = still_pending
            unavailable()

        Payer.answers = once
        await until(failures, 1)
        assert await stalls(desk, referral_id)() == []
        await until(failures, None)


async def enough() -> str:
    return "enough" if Payer.asked >= 2 * LEAST_FAILURES else f"asked {Payer.asked} times"


async def test_a_store_that_cannot_be_written_is_seen(
    desk: ServedDesk, dsn: str, pool: Pool, temporal: Client, tmp_path: Path
) -> None:
    referral_id = await desk.refer()
    async with working(temporal, pool, "store"):
        await until(stalls(desk, referral_id), [("store_unavailable", None, None)])
        await until(metric("store_unavailable"), 1.0)
        assert "1 referral (store_unavailable)" in await doctor(dsn, temporal, tmp_path)


async def test_a_workflow_that_was_ended_behind_our_back_is_missed(
    desk: ServedDesk, pool: Pool, temporal: Client
) -> None:
    referral_id = await desk.refer()
    await until(stalls(desk, referral_id), [])
    async with working(temporal, pool, "store"):
        await until(stalls(desk, referral_id), [("store_unavailable", None, None)])
        await temporal.get_workflow_handle(workflow_id(referral_id)).terminate()
        await until(stalls(desk, referral_id), [("workflow_missing", None, "terminated")])


async def test_recording_a_failure_never_fails_a_step(desk: ServedDesk, dsn: str, temporal: Client) -> None:
    async with database(dsn) as closed:
        pass
    Payer.answers, Payer.asked = unavailable, 0
    referral_id = await desk.refer()
    async with working(temporal, closed, "activity"):
        # Without the store's count Temporal's own attempts tell.
        await until(stalls(desk, referral_id), [("activity_failing", "ask_payer", "payer_unavailable")])
        Payer.answers = None
        await until(stalls(desk, referral_id), [])


@pytest.fixture
async def lonely(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    """A desk whose Temporal takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_at = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = settings_for(dsn, tmp_path, temporal={"TEMPORAL_ADDRESS": silent_at})
        async with served_desk(settings) as served:
            yield served


async def test_while_temporal_is_away_why_answers_quickly_and_says_so(lonely: ServedDesk, pool: Pool) -> None:
    referral_id = await lonely.refer()
    asked = time.monotonic()
    told = await why(lonely, referral_id)
    assert time.monotonic() - asked < 3
    assert (told["temporal"], told["stalls"]) == ("away", [])
    await pool.execute("UPDATE messages SET received_at = now() - interval '2 minutes', attempts = 7")
    (stall,) = (await why(lonely, referral_id))["stalls"]
    assert (stall["kind"], stall["what"], stall["attempts"]) == ("message_waiting", "start", 7)
    await measure_stalls(lonely.desk.stalls)
    assert await metric("message_waiting")() == 1.0
    assert math.isnan(await metric("workflow_task_failing")() or 0)
    assert REGISTRY.get_sample_value("firstdose_dependency_answers", {"dependency": "temporal"}) == 0.0
    assert REGISTRY.get_sample_value("firstdose_dependency_answers", {"dependency": "database"}) == 1.0
