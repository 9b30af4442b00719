"""What a worker's log says when Temporal's SDK gives up on a workflow: enough to act on, and nothing of a payload."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.temporal_server import EmbeddedTemporal

CANARY = "CANARY-Maria-Hernandez"

# In a process of its own, since the set-up of logs is a process's.
WORKER = """
import asyncio, sys
from datetime import timedelta
from temporalio import activity, workflow
from temporalio.worker import Worker
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.logs import configure_logs
from firstdose.adapters.temporal import connect
from firstdose.settings import Settings

name = "CANARY-Maria-Hernandez"

@activity.defn
async def look() -> None:
    pass

@workflow.defn(name="Changing", sandboxed=False)
class Before:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(look, start_to_close_timeout=timedelta(seconds=5))
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    async def poke(self, number: int) -> None:
        pass

@workflow.defn(name="Changing", sandboxed=False)
class After:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(1)

    @workflow.signal
    async def poke(self, number: int) -> None:
        pass

@workflow.defn(name="Failing", sandboxed=False)
class Failing:
    @workflow.run
    async def run(self) -> None:
        raise ValueError(name)

async def until_failed(handle) -> None:
    async with asyncio.timeout(30):
        while not any(event.HasField("workflow_task_failed_event_attributes")
                      for event in (await handle.fetch_history()).events):
            await asyncio.sleep(0.1)

async def main() -> None:
    settings = Settings.model_validate({"temporal": {"TEMPORAL_ADDRESS": sys.argv[1]}})
    client = await connect(settings, Keyring({"k1": bytes(32)}), identity="test")
    async with Worker(client, task_queue="q", workflows=[Before], activities=[look]):
        changing = await client.start_workflow("Changing", id="changing", task_queue="q")
        await changing.signal("poke", name)
        async with asyncio.timeout(30):
            while (await changing.describe()).history_length < 11:
                await asyncio.sleep(0.1)
    async with Worker(client, task_queue="q", workflows=[After, Failing], activities=[look]):
        failing = await client.start_workflow("Failing", id="failing", task_queue="q")
        await changing.signal("poke", 1)
        await until_failed(failing)
        await until_failed(changing)

configure_logs("info", "json", stream=sys.stdout)
asyncio.run(main())
sys.stdout.flush()
import os
os._exit(0)
"""


@pytest.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path / "state.db") as server:
        yield server


async def test_the_log_names_what_the_sdk_gave_up_on(temporal: EmbeddedTemporal, tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), temporal.address),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = (stream.decode() for stream in await asyncio.wait_for(process.communicate(), 120))
    assert process.returncode == 0, err
    assert CANARY not in out + err
    lines = [json.loads(line) for line in out.splitlines()]
    told = "\n".join(line["event"] for line in lines)
    assert "Failing workflow task: [TMPRL1100] Nondeterminism error: " in told
    assert "ActivityTaskScheduled" in told
    assert "dropping the signal" in told
    activation = next(line for line in lines if line["event"].startswith("Failed activation on workflow"))
    assert (activation["workflow_id"], activation["error"]) == ("failing", "ValueError")
