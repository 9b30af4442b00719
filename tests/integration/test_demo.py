"""`firstdose demo --exit`: the whole product, end to end, with parts of it killed on the way."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

DEMO = (sys.executable, "-m", "desk", "demo", "--exit", "--speed", "2")


async def test_every_scenario_ends_as_it_says_although_parts_are_killed(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        *DEMO,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "FIRSTDOSE_STATE": str(tmp_path), "DATABASE_URL": "", "TEMPORAL_ADDRESS": ""},
    )
    assert demo.stdout is not None
    lines: list[str] = []
    killed = False
    async with asyncio.timeout(240):
        async for line in demo.stdout:
            lines.append(line.decode())
            if "on_service" in lines[-1] and not killed:
                killed = True  # once: the next line may come before they are back
                pids = json.loads((tmp_path / "demo" / "pids.json").read_text())
                for part in ("simulator", "worker"):
                    os.kill(pids[part], signal.SIGKILL)
        code = await demo.wait()
    said = "".join(lines)
    assert code == 0, said
    assert "10 of 10 ended as their scenarios say" in said
    assert "simulator is back" in said
    assert "worker is back" in said
    assert not (tmp_path / "demo" / "addresses.json").exists()
