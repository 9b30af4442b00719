"""Looking through the audit: by person, referral, act and time; and when it was last verified as a whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from firstdose.adapters.postgres.audit import AuditReport
from firstdose.adapters.postgres.paging import BadCursor, Cursor, Page, page_of
from firstdose.adapters.postgres.pool import Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load

_sql = load("audit_search")


class AuditRow(BaseModel):
    """One record. `chain` is a referral's id, or `system`; `number` is the referral's for people.

    `details` are codes, ids and dates.
    """

    model_config = ConfigDict(frozen=True)

    chain: str
    number: str | None = None
    seq: int
    at: datetime
    actor: str
    action: str
    details: dict[str, Any]


class AuditFilters(BaseModel):
    """`actor` is a label such as `staff:rosa`; `until` is not included. None is anybody and anything."""

    model_config = ConfigDict(frozen=True)

    chain: str | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime
    until: datetime


class Verification(BaseModel):
    """A verification of the whole audit: by whom, what it read, and how many chains did not hold."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    actor: str
    records: int
    chains: int
    broken: int


class AuditSearch:
    """Everything raises Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, filters: AuditFilters, cursor: str | None = None, limit: int = 100) -> Page[AuditRow]:
        """The newest first. Raises BadCursor."""
        before = _before(Cursor.read(cursor))
        async with transaction(self._pool) as connection:
            rows = _sql.search(connection, **filters.model_dump(), **before, size=limit + 1)
            found = [AuditRow.model_validate(dict(row)) async for row in rows]
        return page_of(found, limit, lambda row: Cursor(row.at, f"{row.chain} {row.seq}"))

    async def chain_of(self, number: str) -> str | None:
        """The chain of the referral with this number for people; None if there is none."""
        async with transaction(self._pool) as connection:
            found = await _sql.numbered(connection, number=number)
        return str(found) if found else None

    async def last_verification(self) -> Verification | None:
        async with transaction(self._pool) as connection:
            row = await _sql.last_verified(connection)
        return Verification.model_validate(dict(row)) if row else None


async def keep_verification(pool: Pool, report: AuditReport, *, at: datetime, actor: str) -> None:
    """For the page: that the whole audit was verified. Raises Unavailable."""
    broken = len({each.chain for each in report.broken})
    async with reachable():
        await _sql.verified(pool, at=at, actor=actor, records=report.records, chains=report.chains, broken=broken)


def _before(cursor: Cursor | None) -> Mapping[str, Any]:
    if cursor is None:
        return {"before_at": None, "before_chain": None, "before_seq": None}
    chain, _, seq = cursor.id.rpartition(" ")
    if not chain or not (seq.isascii() and seq.isdigit() and len(seq) < 16):
        raise BadCursor("not a cursor of this list")
    return {"before_at": cursor.at, "before_chain": chain, "before_seq": int(seq)}
