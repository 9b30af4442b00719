"""Slow, many and nameless callers: they pay for it, and neither health nor staff nor honest sources do."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from desk.http.app import create_app
from desk.http.protocol import GuardedProtocol
from firstdose.adapters.webhooks import sign
from firstdose.domain.work.role import Role
from tests.served_desk import SECRET, ServedDesk, received, served, served_desk, settings_for, token
from tests.slow_callers import dripping, exchange

STAFF: Final = {"authorization": f"Bearer {token(Role.INTAKE_COORDINATOR)}"}
JUNK: Final = {"authorization": "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA"}
WITHIN: Final = 3.0


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """Lines painted for a terminal would take longer than what is measured here."""
    with capture_logs():
        yield


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as opened:
        yield opened


@pytest.fixture
async def client(desk: ServedDesk) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=500)
    async with httpx2.AsyncClient(base_url=desk.url, timeout=60, limits=limits) as opened:
        # What is asked for the first time reads the issuer's keys.
        assert (await opened.get("/api/whoami", headers=STAFF)).status_code == 200
        yield opened


async def refer(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    body = json.dumps(received()).encode()
    headers = {"content-type": "application/json", **sign(SECRET, f"honest-{number}", datetime.now(UTC), body)}
    return await client.post("/webhooks/referrals/mercy", content=body, headers=headers)


async def everybody_is_served(client: httpx2.AsyncClient, number: int, *, within: float | None = WITHIN) -> None:
    """Health, staff and a source, from the very address that the others come from."""
    async with asyncio.timeout(within):
        assert (await client.get("/healthz")).status_code == 200
    async with asyncio.timeout(within):
        assert (await client.get("/readyz")).status_code == 200
    async with asyncio.timeout(within):
        assert (await client.get("/api/referrals", headers=STAFF)).status_code == 200
    async with asyncio.timeout(within):
        assert (await refer(client, number)).status_code == 202


@pytest.mark.parametrize("sockets", [200, 500])
async def test_bodies_that_drip_keep_nobody_out(desk: ServedDesk, client: httpx2.AsyncClient, sockets: int) -> None:
    async with dripping(desk.url, sockets):
        for number in range(10):
            await everybody_is_served(client, number)


async def test_more_bodies_than_there_is_room_for_end_and_the_others_pay_nothing(
    desk: ServedDesk, client: httpx2.AsyncClient
) -> None:
    async with dripping(desk.url, 700, source="127.0.0.2") as answers:
        for number in range(5):
            await everybody_is_served(client, number)
        async with asyncio.timeout(30):
            while not any(answers):  # noqa: ASYNC110 - a list rings no bell
                await asyncio.sleep(0.1)
    # A caller that still writes when its connection is closed may lose the answer to a reset.
    assert {answer.split(b" ")[1] for answer in answers if answer} == {b"408"}


async def test_junk_tokens_by_the_hundred_are_refused_and_keep_nobody_out(client: httpx2.AsyncClient) -> None:
    junk = [asyncio.create_task(client.get("/api/referrals", headers=JUNK)) for _ in range(300)]
    await everybody_is_served(client, 1, within=None)
    assert Counter(answer.status_code for answer in await asyncio.gather(*junk)) == {401: 300}


async def test_pipelined_requests_are_answered_one_after_the_other(desk: ServedDesk) -> None:
    ask = b"GET /api/whoami HTTP/1.1\r\nhost: desk\r\nauthorization: " + STAFF["authorization"].encode() + b"\r\n"
    health = b"GET /healthz HTTP/1.1\r\nhost: desk\r\n\r\n"
    answers = await exchange(desk.url, (ask + b"\r\n") * 50 + health * 50 + ask + b"connection: close\r\n\r\n")
    assert answers.count(b"HTTP/1.1 200 ") == 101
    assert answers.count(b"HTTP/1.1 ") == 101


async def test_who_asks_for_health_with_a_body_is_answered_without_it_and_sent_away(desk: ServedDesk) -> None:
    answer = await exchange(desk.url, b"GET /healthz HTTP/1.1\r\nhost: desk\r\ncontent-length: 1000\r\n\r\nx")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


class Few(GuardedProtocol):
    most_connections = 20


async def test_over_the_bound_of_connections_idle_ones_end_and_health_is_answered(desk: ServedDesk) -> None:
    async with served(create_app(desk.desk), Few) as url:
        address = url.removeprefix("http://").split(":")
        silent = [await asyncio.open_connection(address[0], int(address[1])) for _ in range(30)]
        async with asyncio.timeout(WITHIN), httpx2.AsyncClient(base_url=url) as client:
            assert (await client.get("/healthz")).status_code == 200
            for reader, _ in silent[:11]:
                assert await reader.read() == b""
        for _, writer in silent:
            writer.close()


async def tell_the_peer(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(scope["client"][0])(scope, receive, send)


@pytest.mark.parametrize(
    ("trusted", "peer"), [((), "127.0.0.1"), (("192.0.2.0/24",), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.9")]
)
async def test_only_a_trusted_proxy_says_who_is_asking(trusted: tuple[str, ...], peer: str) -> None:
    forged_then_true = {"x-forwarded-for": "198.51.100.1, 203.0.113.9"}
    async with served(tell_the_peer, trusted_proxies=trusted) as url, httpx2.AsyncClient() as client:
        assert (await client.get(url, headers=forged_then_true)).text == peer
