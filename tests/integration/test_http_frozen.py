"""PostgreSQL or Temporal stands still or has no room: each caller has an answer in time, health goes on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import httpx2
import pytest
from structlog.testing import capture_logs

from firstdose.adapters.payers.webhook_secret import webhook_secret
from firstdose.adapters.postgres.migrate import migrate
from firstdose.domain.work.role import Role
from local.postgres import EmbeddedPostgres
from local.temporal_server import EmbeddedTemporal
from tests.frozen import frozen
from tests.served_desk import ServedDesk, received, served_desk, settings_for, token

WITHIN: Final = 3.0
"""Seconds in which a caller must have an answer, whatever stands still."""
ACTIONS: Final = 200
STAFF: Final = {"authorization": f"Bearer {token(Role.INTAKE_COORDINATOR)}"}
APPROVAL: Final = {"override_id": "override-1"}
SUPERVISOR: Final = {"authorization": f"Bearer {token(Role.SUPERVISOR)}"}
HOLD: Final = {"reason": "patient_request"}

Call = Callable[[], Awaitable[httpx2.Response]]


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """Tracebacks painted for a terminal would take longer than what is measured here."""
    with capture_logs():
        yield


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with EmbeddedPostgres(tmp_path / "cluster") as server:
        await migrate(server.dsn)
        yield server


@pytest.fixture
async def desk(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(postgres.dsn, tmp_path), with_relays=True) as served:
        yield served


@pytest.fixture
async def client(desk: ServedDesk) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=2 * ACTIONS)
    async with httpx2.AsyncClient(base_url=desk.url, headers=STAFF, timeout=60, limits=limits) as opened:
        yield opened


async def in_time(call: Call) -> httpx2.Response:
    """Its answer. Fails when there is none within three seconds."""
    clock = asyncio.get_running_loop().time
    began = clock()
    answer = await call()
    assert clock() - began < WITHIN, answer.request.url.path
    return answer


def calls(desk: ServedDesk, client: httpx2.AsyncClient, referral_id: str) -> list[Call]:
    """One of each kind that needs the database."""
    reading = (
        "/api/referrals",
        f"/api/referrals/{referral_id}",
        f"/api/referrals/{referral_id}/timeline",
        f"/api/referrals/{referral_id}/why",
        "/api/work-items",
        "/api/work-items/unknown",
        "/api/reports/payers",
    )
    notified = {"authorization": f"Bearer {webhook_secret(desk.desk.keyring, 'northstar')}"}
    return [
        *(lambda path=path: client.get(path) for path in reading),
        lambda: client.post(f"/api/referrals/{referral_id}/hold", json=HOLD),
        lambda: client.post(f"/api/referrals/{referral_id}/amend", json={"facts": {}}),
        lambda: client.post("/api/work-items/unknown/claim"),
        lambda: client.post("/codec/decode", json={"payloads": []}),
        lambda: client.post("/webhooks/payers/northstar/pas", json={}, headers=notified),
        lambda: client.post(
            f"/api/referrals/{referral_id}/approve", json={"override_id": "override-1"}, headers=SUPERVISOR
        ),
        lambda: desk.send(received()),
    ]


async def test_while_postgresql_stands_still_everybody_is_asked_to_come_again(
    desk: ServedDesk, client: httpx2.AsyncClient, postgres: EmbeddedPostgres
) -> None:
    referral_id = await desk.refer()
    assert (await client.get("/api/referrals")).status_code == 200
    each = calls(desk, client, referral_id)
    with frozen(postgres):
        # Twice, and more at once than there are connections: at first they are open, then all are cut off.
        for _ in range(2):
            answers = await asyncio.gather(*(in_time(call) for call in each * 2))
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.headers["retry-after"] for answer in answers} == {"2"}
        assert (await in_time(lambda: client.get("/healthz"))).status_code == 200
        assert (await in_time(lambda: client.get("/metrics"))).status_code == 200
        ready = await in_time(lambda: client.get("/readyz"))
        assert (ready.status_code, ready.json()["database"]) == (503, "away")
    await until(lambda: desk.send(received()), 202)
    await until(lambda: client.get("/readyz"), 200)


async def test_what_is_stored_before_postgresql_stands_still_is_answered_as_stored(
    desk: ServedDesk, client: httpx2.AsyncClient, postgres: EmbeddedPostgres
) -> None:
    """An error would have the caller ask for it a second time."""
    referral_id = await desk.refer()
    acting = asyncio.create_task(client.post(f"/api/referrals/{referral_id}/hold", json=HOLD))
    await holds_are_stored(desk, 1)
    with frozen(postgres):
        answer = await acting
    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"


async def test_while_temporal_stands_still_staff_actions_are_stored_and_take_nobodys_place(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with AsyncExitStack() as opened:
        temporal = await opened.enter_async_context(EmbeddedTemporal(tmp_path / "temporal.db"))
        settings = settings_for(postgres.dsn, tmp_path, temporal={"TEMPORAL_ADDRESS": temporal.address})
        desk = await opened.enter_async_context(served_desk(settings, with_relays=True))
        limits = httpx2.Limits(max_connections=2 * ACTIONS)
        client = httpx2.AsyncClient(base_url=desk.url, headers=STAFF, timeout=60, limits=limits)
        await opened.enter_async_context(client)
        referrals = [await desk.refer() for _ in range(ACTIONS)]
        opened.enter_context(frozen(temporal))
        acting = [asyncio.create_task(hold(client, referral_id)) for referral_id in referrals]
        await holds_are_stored(desk, ACTIONS)
        assert not all(each.done() for each in acting), "nobody waits: this shows nothing"
        for _ in range(5):
            assert (await in_time(lambda: client.get("/healthz"))).status_code == 200
            assert (await in_time(lambda: client.get("/readyz"))).status_code == 200
            assert (await in_time(lambda: client.get("/api/referrals"))).status_code == 200
            assert (await in_time(lambda: desk.send(received()))).status_code == 202
        assert Counter(answer.status_code for answer in await asyncio.gather(*acting)) == {202: ACTIONS}


async def hold(client: httpx2.AsyncClient, referral_id: str) -> httpx2.Response:
    """As a client does it: where the desk asks it to come again, it does, with the same key."""
    while True:
        headers = {"idempotency-key": referral_id}
        answer = await client.post(f"/api/referrals/{referral_id}/hold", json=HOLD, headers=headers)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(float(answer.headers["retry-after"]))


async def holds_are_stored(desk: ServedDesk, number: int) -> None:
    while await desk.desk.pool.fetchval("SELECT count(*) FROM messages WHERE kind = 'hold'") < number:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def until(call: Call, status: int) -> None:
    async with asyncio.timeout(15):
        while (await call()).status_code != status:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
