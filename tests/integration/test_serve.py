"""`firstdose serve` as a process: it says in one line what it lacks, and ends well when it is told to."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import httpx2
from joserfc.jwk import KeySet

from firstdose.settings import child_environment
from local.ports import free_port
from tests.served_desk import ISSUER, KEY, NOBODY_THERE

COMMAND = (sys.executable, "-m", "desk", "serve")


def environment(dsn: str, folder: Path, port: int) -> dict[str, str]:
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    return child_environment(
        {
            "DATABASE_URL": dsn,
            "TEMPORAL_ADDRESS": NOBODY_THERE,
            "FIRSTDOSE_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "FIRSTDOSE_PORT": str(port),
            "FIRSTDOSE_OIDC_ISSUER": ISSUER,
            "FIRSTDOSE_OIDC_JWKS_FILE": str(jwks),
        }
    )


async def test_it_serves_until_it_is_told_to_stop(dsn: str, tmp_path: Path) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(*COMMAND, env=environment(dsn, tmp_path, port))
    async with asyncio.timeout(60), httpx2.AsyncClient() as client:
        while process.returncode is None:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/readyz")
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
            else:
                break
        assert answer.json() == {"status": "ready", "database": "ok", "temporal": "away"}
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_it_names_the_setting_that_it_lacks(dsn: str, tmp_path: Path) -> None:
    incomplete = {**environment(dsn, tmp_path, free_port()), "FIRSTDOSE_OIDC_ISSUER": ""}
    process = await asyncio.create_subprocess_exec(*COMMAND, env=incomplete, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert said.decode().strip().splitlines() == ["FIRSTDOSE_OIDC_ISSUER is not set: issuer of staff tokens"]
