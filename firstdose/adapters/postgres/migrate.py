"""The schema: numbered SQL files, each applied once and never changed afterwards."""

import hashlib
from pathlib import Path

from firstdose.adapters.postgres.pool import Connection, Pool, database, transaction
from firstdose.adapters.postgres.queries import load

MIGRATIONS = Path(__file__).with_name("migrations")

_sql = load("migrate")


class ChangedMigration(Exception):
    """A file differs from what was applied under its name."""


async def migrate(dsn: str, *, directory: Path = MIGRATIONS) -> list[str]:
    """Apply what is not applied yet, in one transaction; the names of the files that were.

    Raises:
        ChangedMigration: nothing is applied then.
    """
    async with database(dsn, size=1, command_seconds=None) as pool, transaction(pool) as connection:
        await _sql.lock(connection)
        await _sql.create_table(connection)
        missing = await _missing(connection, directory)
        for file in missing:
            await connection.execute(file.read_text("utf-8"))
            await _sql.record(connection, name=file.stem, checksum=_checksum(file))
    return [file.stem for file in missing]


async def pending(dsn: str, *, directory: Path = MIGRATIONS) -> list[str]:
    """What `migrate` would apply. Changes nothing. Raises ChangedMigration."""
    async with database(dsn, size=1, read_only=True) as pool:
        return await not_applied(pool, directory=directory)


async def not_applied(pool: Pool, *, directory: Path = MIGRATIONS) -> list[str]:
    """`pending`, over a pool that is open. Raises ChangedMigration, Unavailable."""
    async with transaction(pool) as connection:
        if not await _sql.exists(connection):
            return [file.stem for file in _files(directory)]
        return [file.stem for file in await _missing(connection, directory)]


async def _missing(connection: Connection, directory: Path) -> list[Path]:
    applied = {row["name"]: row["checksum"] async for row in _sql.applied(connection)}
    for file in _files(directory):
        if applied.get(file.stem, _checksum(file)) != _checksum(file):
            raise ChangedMigration(f"{file.stem} was changed after it had been applied")
    return [file for file in _files(directory) if file.stem not in applied]


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("[0-9][0-9][0-9][0-9]_*.sql"))


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
