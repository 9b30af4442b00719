"""The proxy of the deployment, as nginx loads and runs it in front of a desk."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from local.ports import free_port
from local.readiness import accepts_connections
from tests.served_desk import ServedDesk, served_desk, settings_for
from tests.slow_callers import dripping
from tests.whole_stack import REPO

CONFIGURATION: Final = REPO / "deploy" / "compose" / "proxy" / "nginx.conf"
NGINX: Final = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as opened:
        yield opened


@pytest.fixture
async def proxy(desk: ServedDesk, tmp_path: Path) -> AsyncIterator[str]:
    port, written = free_port(), tmp_path / "nginx.conf"
    text = (
        CONFIGURATION.read_text().replace("listen 8080", f"listen 127.0.0.1:{port}").replace(" /tmp/", f" {tmp_path}/")
    )
    written.write_text(text.replace("desk:8080", desk.url.removeprefix("http://")))
    process = await asyncio.create_subprocess_exec(NGINX or "", "-c", str(written), "-g", "daemon off; user root;")
    async with asyncio.timeout(20):
        while not await accepts_connections(port):  # noqa: ASYNC110 - nginx rings no bell
            await asyncio.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    await process.wait()


async def test_it_passes_on_what_is_for_the_outside_and_nothing_else(proxy: str) -> None:
    async with httpx2.AsyncClient(base_url=proxy) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/api/referrals")).status_code == 401
        assert (await client.get("/metrics")).status_code == 404
        too_large = await client.post("/webhooks/referrals/mercy", content=b"x" * (1024 * 1024 + 1))
    assert (too_large.status_code, too_large.headers["content-type"]) == (413, "application/problem+json")


async def test_one_address_gets_no_more_than_its_share_and_the_others_notice_nothing(proxy: str) -> None:
    headers = {"x-forwarded-for": "198.51.100.7"}
    async with dripping(proxy, 150), httpx2.AsyncClient(base_url=proxy) as client:
        # From another address, as whatever ends TLS says.
        assert (await client.get("/api/referrals", headers=headers)).status_code == 401
        refused = await client.get("/api/referrals")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.json()["status"] == 429
