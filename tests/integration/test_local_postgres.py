"""The embedded PostgreSQL: password, checksums, and every acknowledged row after a kill."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from local.children import StartFailedError
from local.ports import is_free
from local.postgres import EmbeddedPostgres
from local.postgres_binaries import installed_postgres, reachable_copy

PARENT = """
import asyncio, sys
from pathlib import Path
from local.postgres import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1]), port=int(sys.argv[2])):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def execute(dsn: str, *statements: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        answers = [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()
    return answers[-1]


@pytest.fixture(scope="module")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    """One server for this module: a test that kills or stops it starts it again."""
    async with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "cluster") as postgres:
        yield postgres


async def test_it_asks_for_the_password_and_keeps_checksums(postgres: EmbeddedPostgres) -> None:
    assert await execute(postgres.dsn, "SHOW data_checksums") == "on"
    assert await execute(postgres.dsn, "SELECT current_database()") == "firstdose"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.dsn, password="guessed")


async def test_acknowledged_rows_are_there_after_kill_9(postgres: EmbeddedPostgres) -> None:
    await execute(postgres.dsn, "CREATE TABLE doses (number int)", "INSERT INTO doses VALUES (1)")
    postgres.kill()
    await postgres.exited()
    await postgres.start()
    assert await execute(postgres.dsn, "SELECT count(*) FROM doses") == 1


async def test_it_ends_with_its_killed_parent_and_the_next_start_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    next_run = EmbeddedPostgres(directory)
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(directory), str(next_run.port)), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"ready\n"
    await execute(next_run.dsn, "CREATE TABLE doses (number int)", "INSERT INTO doses VALUES (1)")
    parent.kill()
    await parent.communicate()
    async with next_run:
        assert await execute(next_run.dsn, "SELECT count(*) FROM doses") == 1


async def test_a_pid_file_that_names_a_living_stranger_does_not_stop_a_start(postgres: EmbeddedPostgres) -> None:
    assert postgres.directory is not None
    pid_file = postgres.directory / "postmaster.pid"
    _, *rest = pid_file.read_text().split("\n")
    await postgres.stop()
    user = postgres.account.uid if postgres.account else None
    stranger = await asyncio.create_subprocess_exec("/bin/sleep", "60", user=user)
    pid_file.write_text("\n".join([str(stranger.pid), *rest]))
    await postgres.start()
    stranger.kill()
    await stranger.wait()
    assert await execute(postgres.dsn, "SELECT 1") == 1


async def test_a_second_server_on_the_same_directory_is_refused_and_the_first_unharmed(
    postgres: EmbeddedPostgres,
) -> None:
    assert postgres.directory is not None
    second = EmbeddedPostgres(postgres.directory.parent)
    second.lease_patience = 0
    with pytest.raises(StartFailedError, match=f"held by process {postgres.pid}"):
        await second.start()
    assert await execute(postgres.dsn, "SELECT 1") == 1


async def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "cluster" / "data.new" / "base").mkdir(parents=True)
    (tmp_path / "cluster" / "data.new" / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(tmp_path / "cluster") as postgres:
        assert await execute(postgres.dsn, "SELECT 1") == 1


async def test_a_taken_port_is_told_with_the_end_of_the_log(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    assert not is_free(postgres.port)
    with pytest.raises(StartFailedError, match=r"(?s)postgres did not start: exit code 1\..*Address already in use"):
        await EmbeddedPostgres(tmp_path / "other", port=postgres.port).start()


async def test_a_database_is_copied(postgres: EmbeddedPostgres) -> None:
    await postgres.create_database("original")
    await execute(postgres.dsn_of("original"), "CREATE TABLE doses (number int)")
    copy = await postgres.create_database("copy", template="original")
    assert await execute(copy, "SELECT count(*) FROM doses") == 0


def test_a_copy_of_the_programs_runs_away_from_the_package(tmp_path: Path) -> None:
    copy = reachable_copy(installed_postgres(), tmp_path)
    assert copy == reachable_copy(installed_postgres(), tmp_path)
    assert copy.is_relative_to(tmp_path)
    # psql needs the libraries from beside the package.
    version = subprocess.run([copy / "bin" / "psql", "--version"], check=True, capture_output=True, text=True, env={})
    assert version.stdout.startswith("psql (PostgreSQL) 18")


def test_a_copy_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    copy = reachable_copy(installed_postgres(), tmp_path)
    copy.parents[0].parents[0].chmod(0o777)
    with pytest.raises(StartFailedError, match="made by somebody else"):
        reachable_copy(installed_postgres(), tmp_path)
