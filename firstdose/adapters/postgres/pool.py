"""The pool of PostgreSQL connections: opened patiently, only to a server that keeps what it acknowledges."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from tenacity import retry, retry_if_exception, stop_after_delay, wait_exponential_jitter

from firstdose.adapters.postgres.deadline import time_left
from firstdose.adapters.postgres.queries import load
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

OLDEST_SERVER = 15
START_UP_SECONDS = 30
COMMAND_SECONDS = 30
UNKEYED = "firstdose without keys"
"""How a connection of a process is called that neither seals nor opens anything."""
_CLOSING_SECONDS = 5
_JSONB_VERSION = b"\x01"

# What asyncpg raises when a server dies, restarts or is full. The four first share no parent; a time-out is an OSError.
_FAMILIES = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
)

_sql = load("pool")


class DatabaseFull(Unavailable):
    """The server answers, but has no room to write."""


class UnfitServer(Exception):
    """The server is too old, or may lose what it acknowledged. The text names the setting."""


def transient(error: BaseException) -> bool:
    """Whether the same work may succeed when it is done again: the server was away, too busy, or broke a deadlock."""
    if isinstance(error, asyncpg.InterfaceError):
        # asyncpg reports a lost connection like a wrong call of ours; only the text differs.
        lost = any(text in str(error) for text in ("closed", "released back to the pool"))
        return lost and not isinstance(error, ValueError)
    return isinstance(error, _FAMILIES)


@asynccontextmanager
async def reachable() -> AsyncIterator[None]:
    """Turn transient database errors into `Unavailable`; a context, or a decorator `@reachable()` of a coroutine."""
    try:
        yield
    except _FAMILIES as error:
        if not transient(error):
            raise
        if isinstance(error, asyncpg.DiskFullError):
            raise DatabaseFull(ProblemCode.DATABASE_FULL) from error
        raise Unavailable(ProblemCode.DATABASE_UNAVAILABLE) from error


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A connection inside a transaction: committed at the end, rolled back by an exception. Raises Unavailable."""
    async with reachable(), pool.acquire() as connection, connection.transaction():
        yield connection


async def open_pool(
    dsn: str,
    *,
    size: int = 10,
    command_seconds: float | None = COMMAND_SECONDS,
    name: str = UNKEYED,
    read_only: bool = False,
) -> Pool:
    """Connect, waiting half a minute for a server that is still starting; each command has its time limit.

    jsonb is read and written as Python objects, uuid as text. `name` is what the server calls the connections;
    `read_only` ones can change nothing.

    Raises:
        UnfitServer: older than PostgreSQL 15, or set to lose acknowledged data.
    """
    given = {"application_name": name, "idle_in_transaction_session_timeout": "60s"}
    if read_only:
        given["default_transaction_read_only"] = "on"
    pool = await _connect(dsn, size, command_seconds, given)
    try:
        await _check(pool)
    except BaseException:
        pool.terminate()
        raise
    return pool


async def close_pool(pool: Pool) -> None:
    """Let running statements end for a few seconds, then cut them off."""
    try:
        await asyncio.wait_for(pool.close(), _CLOSING_SECONDS)
    except _FAMILIES:
        pool.terminate()


@asynccontextmanager
async def database(
    dsn: str,
    *,
    size: int = 10,
    command_seconds: float | None = COMMAND_SECONDS,
    name: str = UNKEYED,
    read_only: bool = False,
) -> AsyncIterator[Pool]:
    """A pool that is closed at the end; the arguments are those of `open_pool`."""
    pool = await open_pool(dsn, size=size, command_seconds=command_seconds, name=name, read_only=read_only)
    try:
        yield pool
    finally:
        await close_pool(pool)


class _DeadlinePool(Pool):
    """asyncpg's pool, in which a caller with a deadline neither waits for a connection nor keeps it any longer."""

    __slots__ = ()

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=time_left() if timeout is None else timeout)


async def _cut_off_in_time(connection: Any) -> None:
    # A statement's own time-out would not do: asyncpg then asks the server to cancel it, rolls back and resets, and
    # waits for a server that is frozen each time. What is cut off frees everybody at once.
    if (seconds := time_left()) is not None:
        asyncio.get_running_loop().call_later(seconds, _cut_off, connection)


def _cut_off(connection: Any) -> None:
    with suppress(asyncpg.InterfaceError):  # it went back to the pool in time
        connection.terminate()


@retry(
    retry=retry_if_exception(transient),
    wait=wait_exponential_jitter(multiplier=0.1, max=2),
    stop=stop_after_delay(START_UP_SECONDS),
    reraise=True,
)
async def _connect(dsn: str, size: int, command_seconds: float | None, settings: dict[str, str]) -> Pool:
    return await _DeadlinePool(
        dsn,
        min_size=1,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        command_timeout=command_seconds,
        setup=_cut_off_in_time,
        init=_use_python_types,
        server_settings=settings,
    )


async def _use_python_types(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: _JSONB_VERSION + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
    )
    await connection.set_type_codec(
        "uuid",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: UUID(value).bytes,
        decoder=lambda data: str(UUID(bytes=bytes(data))),
    )


async def _check(pool: Pool) -> None:
    found = await _sql.durability(pool)
    if found["version"] < OLDEST_SERVER * 10_000:
        raise UnfitServer(f"PostgreSQL {OLDEST_SERVER} or newer is needed")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        if found[setting] == "off":
            raise UnfitServer(f"{setting} is off: the server could lose what it acknowledged")
