"""Reading referrals: the list, one with its facts, what happened to it, and what it waits for."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.paging import BadCursor, Cursor, Page, is_uuid, page_of
from firstdose.adapters.postgres.payers.authorization_requests import requests_of
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.id_prefix import id_range
from firstdose.adapters.postgres.referrals.payer_words import remarks_on_lines
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.adapters.postgres.referrals.timeline import timeline
from firstdose.adapters.postgres.referrals.views import (
    Blocker,
    LineView,
    PayerDue,
    ReferralRow,
    ReferralView,
    RequestView,
    TimelineEntry,
    Why,
)
from firstdose.adapters.postgres.shown_rows import shown_row
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.authorization.lines import Line
from firstdose.domain.authorization.requested_period import requested_period
from firstdose.domain.authorization.requests import RequestRecord
from firstdose.domain.policy import EscalationRule
from firstdose.domain.referral.number import read_number
from firstdose.domain.referral.open_question import open_questions
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.stage import Stage

_sql = load("referral_reading")


class Filters(BaseModel):
    """Which referrals; None lets all through.

    `q` is the number for people, the beginning of a referral's id, or the source's whole number for it.
    There is no search by name.
    """

    model_config = ConfigDict(frozen=True)

    stage: Stage | None = None
    payer: str | None = None
    """The payer's id as the source wrote it."""
    waiting_for: str | None = None
    overdue: bool | None = None
    q: str | None = None


class ReferralReader:
    """Everything raises Unavailable. The caller checks who may see facts and notes, and audits that they were seen."""

    def __init__(self, pool: Pool, vault: Vault, *, escalation: EscalationRule | None = None) -> None:
        self._pool = pool
        self._vault = vault
        self._revisions = Revisions(vault)
        self._escalation = escalation or EscalationRule()

    async def list(self, filters: Filters, cursor: str | None = None, limit: int = 50) -> Page[ReferralRow]:
        """The newest first. Raises BadCursor."""
        before = Cursor.read(cursor)
        if before and not is_uuid(before.id):
            raise BadCursor("not a cursor of this list")
        first_id, last_id = id_range(filters.q or "")
        async with transaction(self._pool) as connection:
            await _sql.for_each_value(connection)
            found = _sql.page(
                connection,
                **filters.model_dump(exclude={"q"}),
                now=datetime.now(UTC),
                source_indexes=await self._indexes(connection, filters.q),
                number=read_number(filters.q) if filters.q else None,
                first_id=first_id,
                last_id=last_id,
                before_at=before.at if before else None,
                before_id=before.id if before else None,
                size=limit + 1,
            )
            rows = [ReferralRow.of(row) async for row in found]
        return page_of(rows, limit, lambda row: Cursor(row.created_at, row.id))

    async def get(self, referral_id: str) -> ReferralView | None:
        async with transaction(self._pool) as connection:
            row = await _row(connection, referral_id)
            if row is None:
                return None
            row = await shown_row(connection, self._vault, row)
            now, facts = datetime.now(UTC), await self._facts(connection, referral_id)
            order = facts.order if facts else None
            requests = await requests_of(connection, referral_id)
            traces = await _traces(connection, requests)
            lines = [Line.model_validate(line) for line in row["lines"]]
            return ReferralView(
                standing=ReferralRow.of(row),
                revision=row["revision"],
                lines=tuple(LineView.of(line, order, requests) for line in lines),
                requests=tuple(RequestView.of(request, traces, now) for request in requests),
                work_items=tuple(await _open_items(connection, self._vault, referral_id)),
                team={each["role"]: each["member"] async for each in _sql.team(connection, referral_id=referral_id)},
                requested=requested_period(order) if order else None,
                facts=facts,
                questions=open_questions(facts) if facts else (),
                remarks=await remarks_on_lines(connection, self._vault, referral_id, lines),
            )

    async def timeline(self, referral_id: str) -> tuple[TimelineEntry, ...]:
        """Everything that happened, oldest first; empty for an unknown referral."""
        async with transaction(self._pool) as connection:
            if await _row(connection, referral_id) is None:
                return ()
            return tuple(await timeline(connection, self._vault, referral_id))

    async def why(self, referral_id: str) -> Why | None:
        now = datetime.now(UTC)
        async with transaction(self._pool) as connection:
            row = await _row(connection, referral_id)
            if row is None:
                return None
            standing = ReferralRow.of(row)
            waits_for_payer = WaitingFor.PAYER in standing.waiting_for
            payers = _first_due(await requests_of(connection, referral_id), now) if waits_for_payer else ()
            return Why(
                stage=standing.stage,
                on_hold=standing.on_hold,
                waiting_for=standing.waiting_for,
                next_due=standing.next_due,
                work_items=tuple(
                    Blocker.of(item, now, self._escalates_at(item))
                    for item in await _open_items(connection, self._vault, referral_id)
                ),
                payer=payers[0] if payers else None,
                payers=payers,
                closed_gates=standing.blocked_by,
                missing={blocks: paths for blocks, paths in standing.outline.missing.items() if paths},
            )

    def _escalates_at(self, item: WorkItemView) -> datetime | None:
        if item.level >= self._escalation.levels:
            return None
        return item.due_at + item.level * self._escalation.apart

    async def _indexes(self, connection: Connection, q: str | None) -> tuple[bytes, ...] | None:
        """What the number may be stored as: a source's number is indexed together with the source."""
        if not q:
            return None
        number = q.strip()
        sources = [row["source"] async for row in _sql.sources(connection)]
        return tuple(self._vault.index(f"source-referral|{source}", number) for source in sources)

    async def _facts(self, connection: Connection, referral_id: str) -> Referral | None:
        try:
            return await self._revisions.current(connection, referral_id)
        except NoDataKey:
            return None


async def _row(connection: Connection, referral_id: str) -> Any:
    """The referral's row, or None; what is no id finds nothing."""
    return await _sql.one(connection, referral_id=referral_id) if is_uuid(referral_id) else None


async def _open_items(connection: Connection, vault: Vault, referral_id: str) -> list[WorkItemView]:
    rows = [row async for row in _sql.open_items(connection, referral_id=referral_id)]
    return [WorkItemView.of(await shown_row(connection, vault, row)) for row in rows]


async def _traces(connection: Connection, requests: Iterable[RequestRecord]) -> dict[str, str]:
    """By contact; one that only people made has none of ours."""
    contacts = [request.contact for request in requests]
    return {str(row["id"]): row["trace"] async for row in _sql.traces(connection, contacts=contacts)}


def _first_due(requests: Iterable[RequestRecord], now: datetime) -> tuple[PayerDue, ...]:
    """What payers have yet to answer; where no rule sets a time it comes last."""
    waits = [PayerDue.of(request, now) for request in requests if not request.ended]
    return tuple(sorted(waits, key=lambda wait: (wait.clock.due_at is None, wait.clock.due_at or wait.since)))
