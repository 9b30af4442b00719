"""The only way to the database for processes and commands: none writes before its keys are known to be the right ones.

A process goes by a name in PostgreSQL that tells its active key, for as long as it is connected and no longer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.keys.check import check_keys, recorded_root, refuse_other_root
from firstdose.adapters.postgres.migrate import migrate
from firstdose.adapters.postgres.pool import UNKEYED, Pool, database

Process = Literal["desk", "worker", "command"]

_KEY: Final = " key="


@asynccontextmanager
async def keyed_database(dsn: str, keyring: Keyring, process: Process, *, size: int = 10) -> AsyncIterator[Pool]:
    """A pool that is closed at the end.

    Raises:
        UnfitServer: older than PostgreSQL 15, or set to lose acknowledged data.
        UnfitKeys: nothing was written.
        Unavailable.
    """
    async with database(dsn, size=size, name=f"firstdose {process}{_KEY}{_active(keyring)}") as pool:
        await check_keys(pool, keyring, wraps=process != "command")
        yield pool


@asynccontextmanager
async def examined_database(dsn: str) -> AsyncIterator[Pool]:
    """A pool on which nothing can be written, for who only looks; keys are not needed. Raises UnfitServer."""
    async with database(dsn, size=1, read_only=True) as pool:
        yield pool


async def migrate_keyed(dsn: str, keyring: Keyring) -> list[str]:
    """`migrate`, of a database that was begun with these keys, or is begun with them now. Raises UnfitKeys besides."""
    async with examined_database(dsn) as pool:
        await refuse_other_root(pool, keyring)
    applied = await migrate(dsn)
    async with keyed_database(dsn, keyring, "command", size=1):
        return applied


async def was_begun(dsn: str) -> bool:
    """Whether some process with keys has worked on this database."""
    async with examined_database(dsn) as pool:
        return await recorded_root(pool) is not None


def without_key(sessions: list[str], keyring: Keyring) -> list[str]:
    """Of the names of connected processes, those whose active key is another one than ours: `desk`, `worker`, …"""
    return sorted(
        {_process(name) for name in sessions if name != UNKEYED and not name.endswith(f"{_KEY}{_active(keyring)}")}
    )


def _process(name: str) -> str:
    return name.partition(_KEY)[0].removeprefix("firstdose").strip() or "an older version's"


def _active(keyring: Keyring) -> str:
    return keyring.fingerprints[keyring.active_id]
