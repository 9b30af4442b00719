"""The schema is applied once, by one process, and never silently differs from its files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from firstdose.adapters.postgres.migrate import MIGRATIONS, ChangedMigration, migrate, pending


@pytest.fixture
async def empty(server: str, template: str) -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"{template}_empty"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (a integer); INSERT INTO first VALUES (1);")
    (tmp_path / "0002_second.sql").write_text("ALTER TABLE first ADD b integer;")
    (tmp_path / "notes.sql").write_text("not a migration")
    return tmp_path


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_the_schema_is_applied_once(empty: str) -> None:
    names = await pending(empty)
    assert names[0] == "0001_initial"
    assert await migrate(empty) == names
    assert await pending(empty) == []
    assert await migrate(empty) == []


async def test_asking_what_is_pending_changes_nothing(empty: str, directory: Path) -> None:
    assert await pending(empty, directory=directory) == ["0001_first", "0002_second"]
    assert await ask(empty, "SELECT to_regclass('schema_migrations')") is None


async def test_a_new_file_is_added_to_those_applied(empty: str, directory: Path) -> None:
    await migrate(empty, directory=directory)
    (directory / "0003_third.sql").write_text("INSERT INTO first VALUES (3, 3);")
    assert await pending(empty, directory=directory) == ["0003_third"]
    assert await migrate(empty, directory=directory) == ["0003_third"]
    assert await ask(empty, "SELECT count(*) FROM first") == 2


async def test_a_changed_file_is_refused_and_nothing_is_applied(empty: str, directory: Path) -> None:
    await migrate(empty, directory=directory)
    (directory / "0002_second.sql").write_text("ALTER TABLE first ADD c integer;")
    (directory / "0003_third.sql").write_text("INSERT INTO first VALUES (3, 3);")
    with pytest.raises(ChangedMigration, match="0002_second"):
        await migrate(empty, directory=directory)
    with pytest.raises(ChangedMigration):
        await pending(empty, directory=directory)
    assert await ask(empty, "SELECT count(*) FROM first") == 1


async def test_a_broken_file_leaves_the_database_as_it_was(empty: str, directory: Path) -> None:
    (directory / "0003_third.sql").write_text("CREATE TABLE third (a integer); SELECT nothing FROM nowhere;")
    with pytest.raises(asyncpg.UndefinedTableError):
        await migrate(empty, directory=directory)
    assert await ask(empty, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


async def test_of_processes_that_start_together_one_migrates(empty: str, directory: Path) -> None:
    applied = await asyncio.gather(*(migrate(empty, directory=directory) for _ in range(5)))
    assert sorted(applied) == [[], [], [], [], ["0001_first", "0002_second"]]
    assert await ask(empty, "SELECT count(*) FROM first") == 1


async def test_referrals_stored_before_there_were_numbers_get_each_its_own(empty: str, tmp_path: Path) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < "0032":
            (tmp_path / file.name).write_text(file.read_text())
    await migrate(empty, directory=tmp_path)
    await ask(
        empty,
        "INSERT INTO referrals (id, source, source_index, outline, created_at, updated_at) "
        "SELECT gen_random_uuid(), 's', gen_random_uuid()::text::bytea, '{}', now(), now() FROM generate_series(1, 50)",
    )
    await migrate(empty)
    assert await ask(empty, "SELECT count(DISTINCT referral_number) FROM referrals") == 50
    oddly_named = "SELECT count(*) FROM referrals WHERE referral_number !~ '^FD-[34679ACDEFGHJKMNPQRTVWXY]{6}$'"
    assert await ask(empty, oddly_named) == 0
