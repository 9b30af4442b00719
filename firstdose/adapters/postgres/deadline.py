"""Until when somebody waits for the database: requests have a deadline, relays and workers have none."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("database_deadline", default=None)


@contextmanager
def database_within(seconds: float) -> Iterator[None]:
    """All database work inside the block ends in `seconds`, with Unavailable if need be. The innermost block counts.

    A task that is started inside inherits the deadline, unless it gets a context of its own.
    """
    token = _ends_at.set(asyncio.get_running_loop().time() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def time_left() -> float | None:
    """Seconds until the deadline, 0 once it has passed; None without one."""
    ends_at = _ends_at.get()
    return None if ends_at is None else max(0.0, ends_at - asyncio.get_running_loop().time())
