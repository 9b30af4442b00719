"""The orders in which work is listed. Each has an index, and a cursor names the last item by what it is ordered by."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from heapq import merge
from typing import Any, Final, NamedTuple

from firstdose.adapters.postgres.paging import BadCursor, Cursor
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.staff.work_views import WorkSort

_LEVELS: Final = 3
"""Stat, urgent, routine."""

_sql = load("work_order")


class WorkKey(NamedTuple):
    """Where an item stands in an order; `urgency` is 0 in an order that does not go by it."""

    urgency: int
    at: datetime
    id: str


def read_cursor(sort: WorkSort, text: str | None) -> WorkKey | None:
    """Raises BadCursor."""
    cursor = Cursor.read(text)
    if cursor is None:
        return None
    if sort is not WorkSort.URGENCY:
        return WorkKey(0, cursor.at, cursor.id)
    level, _, item = cursor.id.partition(" ")
    if level not in map(str, range(_LEVELS)) or not item:
        raise BadCursor("not a cursor of this list")
    return WorkKey(int(level), cursor.at, item)


def cursor_after(sort: WorkSort, key: WorkKey) -> str:
    return str(Cursor(key.at, f"{key.urgency} {key.id}" if sort is WorkSort.URGENCY else key.id))


async def work_keys(
    connection: Connection, sort: WorkSort, part: Mapping[str, Any], after: WorkKey | None, size: int
) -> list[WorkKey]:
    """Of the first `size` items after this one; `part` is what they are narrowed to, and `now`."""
    place: dict[str, Any] = {"after_at": after.at if after else None, "after_id": after.id if after else None}
    if sort is WorkSort.URGENCY:
        place["after_urgency"] = after.urgency if after else None
    found = getattr(_sql, f"by_{sort}")(connection, **part, **place, size=size)
    leveled = sort is WorkSort.URGENCY
    return [WorkKey(row["urgency"] if leveled else 0, row["at"], row["id"]) async for row in found]


def merged(sort: WorkSort, parts: Iterable[Sequence[WorkKey]], size: int) -> list[WorkKey]:
    """The first of several lists that are each in this order; an item that is in two of them once."""
    return list(dict.fromkeys(merge(*parts, reverse=sort is WorkSort.DUE_LAST)))[:size]
