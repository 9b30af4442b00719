"""Loads the queries of one area from its SQL file, as awaitable functions that take a connection and named values."""

from pathlib import Path
from typing import Any

import aiosql

_SQL = Path(__file__).with_name("sql")


def load(area: str) -> Any:
    """The queries of `sql/<area>.sql`: `name(a)^` is one row or None, `name(a)$` one value, `name(a)!` the status.

    A query without such a mark is an asynchronous generator of rows: read it to its end.
    """
    return aiosql.from_path(_SQL / f"{area}.sql", "asyncpg")
