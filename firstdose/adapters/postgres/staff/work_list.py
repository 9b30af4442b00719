"""The worklist as a page shows it: open work and what its referral is about, in views, counted, and searched.

The initials come from the sealed facts. Counts stop at `MOST_COUNTED`: nobody needs to know how many more there are.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.paging import BadCursor, Cursor, Page, is_uuid
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.id_prefix import id_range
from firstdose.adapters.postgres.referrals.persons import find_persons
from firstdose.adapters.postgres.staff.work_order import cursor_after, merged, read_cursor, work_keys
from firstdose.adapters.postgres.staff.work_row import work_row
from firstdose.adapters.postgres.staff.work_views import WorkCounts, WorkQuery, WorkRow, WorkView, parts_of
from firstdose.domain.referral.caller import caller_marks
from firstdose.domain.referral.number import read_number

MOST_COUNTED: Final = 1000
EXPIRING_WITHIN: Final = timedelta(days=14)

_sql = load("work_list")
_reading = load("referral_reading")


class WorkList:
    """Everything raises Unavailable. The caller audits a search for a person. `attempts` are the policy's calls."""

    def __init__(self, pool: Pool, vault: Vault, *, attempts: int | None = None) -> None:
        self._pool = pool
        self._vault = vault
        self._attempts = attempts

    async def page(self, query: WorkQuery, cursor: str | None = None, limit: int = 50) -> Page[WorkRow]:
        """In the order asked for; in `expiring` the first to expire, in `waiting` the first due. Raises BadCursor."""
        async with self._planned() as connection:
            match query.view:
                case WorkView.EXPIRING:
                    return await self._ending(connection, cursor, limit)
                case WorkView.WAITING:
                    return await self._waiting(connection, query.waiting_for, cursor, limit)
                case _:
                    return await self._items(connection, query, cursor, limit)

    async def counts(self, query: WorkQuery) -> WorkCounts:
        """Of the views that a page offers with a number, for this reader."""
        now = datetime.now(UTC)
        async with self._planned() as connection:
            found: dict[WorkView, int] = {
                view: sum([await _count(connection, each, now) for each in parts_of(query, view, now)])
                for view in (WorkView.MINE, WorkView.UNASSIGNED, WorkView.ROLE, WorkView.OVERDUE, WorkView.DUE_TODAY)
            }
            expiring = await _sql.count_ending(connection, before=_last_day(now), most=MOST_COUNTED + 1)
        counts = {view: min(number, MOST_COUNTED + 1) for view, number in found.items()}
        return WorkCounts(counts={**counts, WorkView.EXPIRING: expiring})

    async def find(self, text: str, limit: int = 50) -> tuple[WorkRow, ...]:
        """The newest first: by number, id or its beginning, the source's number, or by whom a caller is."""
        first, last = id_range(text)
        async with self._planned() as connection:
            found = _sql.found(
                connection,
                number=read_number(text),
                first_id=first,
                last_id=last,
                source_indexes=await self._source_indexes(connection, text.strip()),
                ids=await find_persons(connection, self._vault, caller_marks(text)),
                size=limit,
            )
            ids = [row["id"] async for row in found]
            return tuple(await self._referrals(connection, ids))

    @asynccontextmanager
    async def _planned(self) -> AsyncIterator[Connection]:
        async with transaction(self._pool) as connection:
            await _reading.for_each_value(connection)
            yield connection

    async def _items(self, connection: Connection, query: WorkQuery, cursor: str | None, limit: int) -> Page[WorkRow]:
        after, now = read_cursor(query.sort, cursor), datetime.now(UTC)
        narrowed = {**query.model_dump(include={"payer", "stage", "therapy"}), "now": now}
        parts = [
            await work_keys(connection, query.sort, {**part, **narrowed}, after, limit + 1)
            for part in parts_of(query, query.view, now)
        ]
        keys = merged(query.sort, parts, limit + 1)
        ids = [key.id for key in keys[:limit]]
        found = {row["item"]: row async for row in _sql.rows_of_items(connection, ids=ids)}
        rows = [await self._row(connection, found[one]) for one in ids if one in found]
        more = cursor_after(query.sort, keys[limit - 1]) if len(keys) > limit else None
        return Page(items=tuple(rows), cursor=more)

    async def _waiting(self, connection: Connection, who: str, cursor: str | None, limit: int) -> Page[WorkRow]:
        after = _after_referral(cursor)
        found = _sql.waiting(
            connection,
            waiting_for=who,
            after_at=after.at if after else None,
            after_id=after.id if after else None,
            size=limit + 1,
        )
        return await self._page_of_referrals(connection, [(row["at"], row["id"]) async for row in found], limit)

    async def _ending(self, connection: Connection, cursor: str | None, limit: int) -> Page[WorkRow]:
        after = _after_referral(cursor)
        found = _sql.ending(
            connection,
            before=_last_day(datetime.now(UTC)),
            after_end=after.at.date().isoformat() if after else None,
            after_id=after.id if after else None,
            size=limit + 1,
        )
        keys = [(datetime.fromisoformat(row["at"]).replace(tzinfo=UTC), row["id"]) async for row in found]
        return await self._page_of_referrals(connection, keys, limit)

    async def _page_of_referrals(
        self, connection: Connection, keys: Sequence[tuple[datetime, str]], limit: int
    ) -> Page[WorkRow]:
        rows = await self._referrals(connection, [one for _, one in keys[:limit]])
        return Page(items=tuple(rows), cursor=str(Cursor(*keys[limit - 1])) if len(keys) > limit else None)

    async def _referrals(self, connection: Connection, ids: Sequence[str]) -> list[WorkRow]:
        found = {row["id"]: row async for row in _sql.rows_of_referrals(connection, ids=ids)}
        return [await self._row(connection, found[one]) for one in ids if one in found]

    async def _row(self, connection: Connection, row: Mapping[str, Any]) -> WorkRow:
        return await work_row(connection, self._vault, row, attempts=self._attempts)

    async def _source_indexes(self, connection: Connection, number: str) -> list[bytes]:
        sources = [row["source"] async for row in _reading.sources(connection)]
        return [self._vault.index(f"source-referral|{source}", number) for source in sources]


async def _count(connection: Connection, part: Mapping[str, Any], now: datetime) -> int:
    return int(await _sql.count(connection, **part, now=now, most=MOST_COUNTED + 1))


def _after_referral(cursor: str | None) -> Cursor | None:
    after = Cursor.read(cursor)
    if after and not is_uuid(after.id):
        raise BadCursor("not a cursor of this list")
    return after


def _last_day(now: datetime) -> str:
    return (now + EXPIRING_WITHIN).date().isoformat()
