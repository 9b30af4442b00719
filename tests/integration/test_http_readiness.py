"""/readyz tells a desk that can take referrals from one that cannot: the server dead, full, read only, not migrated."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg
import httpx2
import pytest

from firstdose.adapters.postgres.migrate import migrate
from local.postgres import EmbeddedPostgres
from tests.served_desk import ServedDesk, received, served_desk, settings_for

NO_ROOM: Final = """
    CREATE SCHEMA full_disk;
    CREATE FUNCTION full_disk.pg_logical_emit_message(boolean, text, text) RETURNS pg_lsn LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file'; END $$;
"""
"""Stands in for a full file system, at the place where it shows; found first where it stands in the search path."""


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with EmbeddedPostgres(tmp_path / "cluster") as server:
        yield server


async def readiness(url: str) -> tuple[int, str]:
    async with httpx2.AsyncClient(base_url=url, timeout=10) as client:
        answer = await client.get("/readyz")
    return answer.status_code, answer.json()["database"]


async def becomes(url: str, expected: tuple[int, str]) -> None:
    async with asyncio.timeout(15):
        while await readiness(url) != expected:  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.1)


async def set_for_new_connections(desk: ServedDesk, setting: str, value: str) -> None:
    """The desk's connections are made anew."""
    database = await desk.desk.pool.fetchval("SELECT current_database()")
    administrator = await asyncpg.connect(desk.desk.dsn)
    await administrator.execute(f"ALTER DATABASE {database} SET {setting} = {value}")
    await administrator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    )
    await administrator.close()


async def test_a_desk_is_ready_once_its_database_is_migrated_and_as_long_as_it_lives(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await migrate(postgres.dsn)
    async with served_desk(settings_for(postgres.dsn, tmp_path)) as desk:
        await becomes(desk.url, (200, "ok"))
        postgres.kill()
        await postgres.exited()
        await becomes(desk.url, (503, "away"))
        answer = await desk.send(received())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        await postgres.start()
        await becomes(desk.url, (200, "ok"))


async def test_a_desk_whose_pools_are_used_up_is_ready(dsn: str, tmp_path: Path) -> None:
    """A balancer would send what keeps it busy to the next desk."""
    async with served_desk(settings_for(dsn, tmp_path)) as desk:
        pool = desk.desk.pool
        held = [await pool.acquire() for _ in range(pool.get_max_size())]
        assert await readiness(desk.url) == (200, "ok")
        for connection in held:
            await pool.release(connection)


async def test_a_full_disk_is_told(dsn: str, tmp_path: Path) -> None:
    async with served_desk(settings_for(dsn, tmp_path)) as desk:
        await becomes(desk.url, (200, "ok"))
        await desk.desk.pool.execute(NO_ROOM)
        await set_for_new_connections(desk, "search_path", "full_disk, pg_catalog, public")
        await becomes(desk.url, (503, "full"))


@pytest.mark.parametrize(("setting", "value"), [("temp_file_limit", "'64kB'"), ("default_transaction_read_only", "on")])
async def test_a_server_that_reads_but_does_not_write_is_not_ready(
    dsn: str, tmp_path: Path, setting: str, value: str
) -> None:
    """What PostgreSQL itself refuses to write shows that the probe does write: to the disk, and as a writer."""
    async with served_desk(settings_for(dsn, tmp_path)) as desk:
        await becomes(desk.url, (200, "ok"))
        await set_for_new_connections(desk, setting, value)
        await becomes(desk.url, (503, "away"))


async def test_where_there_is_no_room_a_referral_is_to_be_sent_again(dsn: str, tmp_path: Path) -> None:
    async with served_desk(settings_for(dsn, tmp_path)) as desk:
        await desk.desk.pool.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        )
        answer = await desk.send(received())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
