"""The embedded Temporal server: what it acknowledged outlives its kill."""

import asyncio
import json
import stat
import sys
from pathlib import Path

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
