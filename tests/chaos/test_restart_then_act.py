"""An ordinary deployment followed by an ordinary answer: the worker is restarted, and then a person acts.

The payer has approved by notification while nobody acted, so the last two workflow tasks issued no command: the case in
which a worker that has just started gets the result of an activity and an update in one activation.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from firstdose.domain.payer.channel import Channel
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.settings import child_environment
from local.stack import LocalStack, StackOptions
from simulator.staff_api import Item
from tests.cold.one_at_a_time import at_rest
from tests.whole_stack import Outside, free_ports, outside, plan, with_plans
from workflows.messages import workflow_id

REFERRALS = 5
PAYER = "patient-pas"
SOON = 30.0


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[LocalStack]:
    """Payers are simulated, people are not; the pharmacy's policy is the usual one, so the payer is not asked again."""
    options = StackOptions(
        state=tmp_path / "state",
        ports=free_ports(),
        simulator=False,
        imports=with_plans(tmp_path, [plan(PAYER, Channel.PAS, timeout=10)]),
    )
    async with payers(options.ports["payer"]), LocalStack(options, report=print) as running:
        yield running


@asynccontextmanager
async def payers(port: int) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "simulator", "payer", "--port", str(port))
    process = await asyncio.create_subprocess_exec(*command, env=child_environment({}))
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_a_person_answers_after_the_worker_was_restarted(stack: LocalStack) -> None:
    async with outside(stack.state.path) as world:
        for _ in range(REFERRALS):
            await world.refer("pended_three_days", PAYER)
        await resolve_all(world, K.ASSESS_PATIENT, {"outcome": "suitable_for_home"})
        await world.until(lambda: all(map(approved, world.sent)), within=SOON, what="approved")
        await all_at_rest(world)

        await deploy_worker(stack)
        await resolve_all(world, K.CONTACT_PATIENT, {"outcome": "reached"})
        await all_at_rest(world)
        assert await replayed(stack) == [None] * REFERRALS

        await deploy_worker(stack)
        await resolve_all(world, K.REVIEW_BENEFITS, {"outcome": "accepted", "agreement_signed": True})
        assert await replayed(stack) == [None] * REFERRALS


def approved(sent: Any) -> bool:
    return sent.row is not None and sent.row.authorization == "approved"


async def deploy_worker(stack: LocalStack) -> None:
    """SIGTERM, as from whatever runs the containers; its successor is there when this returns."""
    worker = stack.supervisor.children["worker"]
    assert worker.pid is not None
    worker.up.clear()
    os.kill(worker.pid, signal.SIGTERM)
    async with asyncio.timeout(SOON):
        await worker.up.wait()


async def resolve_all(world: Outside, kind: K, answer: dict[str, Any]) -> None:
    """Somebody answers this item of each referral, and each answer has taken effect."""
    for item in await asked_of_all(world, kind):
        path, headers = f"/api/work-items/{item.id}/resolve", {"idempotency-key": f"test-{item.id}"}
        response = await world.http.post(path, json=answer, headers={**world.bearer(item.role), **headers})
        assert response.status_code == 200, f"{kind}: accepted at most, {response.status_code}"


async def asked_of_all(world: Outside, kind: K) -> list[Item]:
    async with asyncio.timeout(SOON):
        while True:
            items = [item for item in await world.staff.open_items() if item.kind is kind]
            if len(items) == len(world.sent):
                return items
            await asyncio.sleep(0.2)


async def all_at_rest(world: Outside) -> None:
    client = await world.temporal()
    async with asyncio.timeout(SOON):
        for sent in world.sent:
            await at_rest(client, workflow_id(sent.id))


async def replayed(stack: LocalStack) -> list[str | None]:
    """What `firstdose replay --open` says of each open workflow: None, or why its history does not replay."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk", "replay", "--open", "--json"),
        env=child_environment({"FIRSTDOSE_STATE": str(stack.state.path)}),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return [each["reason"] for each in json.loads(output)]
