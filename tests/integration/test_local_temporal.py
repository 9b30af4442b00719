"""The embedded Temporal server: what it acknowledged outlives its kill."""

import asyncio
import json
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from local.readiness import accepts_connections, serves
from local.temporal_server import EmbeddedTemporal


async def temporal(server: EmbeddedTemporal, *command: str) -> dict[str, object]:
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("temporal")), *command, "--address", server.address, "-o", "json"),
        env={"HOME": str(server.log.parent)},
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0
    loaded: dict[str, object] = json.loads(answer)
    return loaded


async def test_an_acknowledged_start_is_there_after_kill_9(tmp_path: Path) -> None:
    async with EmbeddedTemporal(tmp_path / "temporal.db") as server:
        await temporal(server, "workflow", "start", "--type", "Referral", "--task-queue", "q", "--workflow-id", "one")
        server.kill()
        await server.exited()
        await server.start()
        found = await temporal(server, "workflow", "describe", "--workflow-id", "one")
        assert found["workflowExecutionInfo"]
        assert await serves(server.ui_port, "/")
    assert not await accepts_connections(server.port)
    assert stat.S_IMODE(server.log.stat().st_mode) == 0o600


@activity.defn
async def nothing() -> None:
    """An activity, so that there is something to poll for."""


async def test_a_worker_counts_as_polling_only_while_it_asks_for_work(tmp_path: Path) -> None:
    async with EmbeddedTemporal(tmp_path / "temporal.db") as server:
        client, started = await Client.connect(server.address), datetime.now(UTC)
        assert not await server.is_polled("referrals", since=started)
        async with Worker(client, task_queue="referrals", activities=[nothing]):
            while not await server.is_polled("referrals", since=started):
                pass
        assert not await server.is_polled("referrals", since=datetime.now(UTC))
