"""Compares the store's state of each process with its workflow, and corrects the store."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import ValidationError

from firstdose.adapters.postgres.audit import AuditRecord, AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.records import NOT_OPEN, open_state
from firstdose.adapters.postgres.referrals.revisions import unshredded
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.authorization.lines import Line
from firstdose.domain.authorization.steps import overall
from firstdose.domain.work.journal import ReferralSnapshot
from firstdose.domain.work.message import MessageState
from firstdose.domain.work.stage import Stage
from firstdose.domain.work.work_item import WorkItem, WorkItemState

_sql = load("reconciliation")

_COMPARED = ("stage", "closing", "lines", "on_hold")


class StoredProcess(NamedTuple):
    """A referral as far as its workflow is concerned. `number` is that of the last batch recorded, 0 if none was.

    `referral_number` is the one for people.
    """

    id: str
    source: str
    referral_number: str
    stage: Stage
    number: int
    start: MessageState | None
    """Of the message that is to start the workflow, until it has: pending or parked."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "StoredProcess":
        start = row["start"] and MessageState(row["start"])
        return cls(row["id"], row["source"], row["referral_number"], Stage(row["stage"]), row["number"], start)


class Deviation(StrEnum):
    """How the store differs from the workflow."""

    ITEM_MISSING = "item_missing"
    ITEM_NOT_OPEN = "item_not_open"
    ITEM_DIFFERS = "item_differs"
    STANDING_DIFFERS = "standing_differs"


class Deviating(NamedTuple):
    """`what` names the work item, or the fields of the standing."""

    deviation: Deviation
    what: str


class ProcessStore:
    """Everything raises Unavailable. What is set right is audited, by `actor`, in the same transaction."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail, actor: str) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit
        self._staff = StaffDirectory(pool)
        self._actor = actor

    async def open_ones(
        self, ids: Sequence[str] | None, *, size: int, after: str | None = None
    ) -> AsyncIterator[list[StoredProcess]]:
        """The open referrals, all or those of `ids`, page by page, those that follow `after` in the order of ids."""
        while True:
            async with reachable():
                page = _sql.page(self._pool, after=after, ids=ids, size=size)
                found = [StoredProcess.of(row) async for row in page]
            if not found:
                return
            yield found
            after = found[-1].id

    async def find(self, ids: Iterable[str]) -> dict[str, StoredProcess]:
        """Those of these referrals that there are, open or not."""
        async with reachable():
            return {row["id"]: StoredProcess.of(row) async for row in _sql.stages(self._pool, ids=list(ids))}

    async def saved_state(self, referral_id: str) -> str:
        """The state that was recorded last; empty if none was. Raises Impossible if the referral was shredded."""
        with unshredded():
            async with reachable():
                row = await _sql.saved_state(self._pool, referral_id=referral_id)
            return open_state(self._vault, referral_id, row) if row and row["sealed"] else ""

    async def note(self, referral_id: str, action: str, **details: Any) -> None:
        async with transaction(self._pool) as connection:
            await self._audit.write(
                connection, referral_id, at=datetime.now(UTC), actor=self._actor, action=action, details=details
            )

    async def compare(
        self, referral_id: str, numbers: range, standing: ReferralSnapshot, items: Sequence[WorkItem], *, mend: bool
    ) -> list[Deviating] | None:
        """How the store differs from this standing and these open items; with `mend` the differences are corrected.

        None if the last batch has none of these `numbers`: something is on its way. `visit_at` is not looked at.
        """
        async with transaction(self._pool) as connection:
            if mend:
                await _sql.lock(connection, referral_id=referral_id)
            row = await _sql.standing(connection, referral_id=referral_id)
            if row is None or row["number"] not in numbers:
                return None
            ids = [item.id for item in items]
            stored = {each["id"]: each async for each in _sql.items(connection, referral_id=referral_id, ids=ids)}
            found = [*_of_items(stored, items), *_of_standing(row, standing)]
            if found and mend:
                await self._mend(connection, referral_id, found, standing, {item.id: item for item in items})
        return found

    async def _mend(
        self,
        connection: Connection,
        referral_id: str,
        found: Sequence[Deviating],
        standing: ReferralSnapshot,
        items: Mapping[str, WorkItem],
    ) -> None:
        audited = []
        for deviation, what in found:
            details: dict[str, Any] = {"item": what}
            match deviation:
                case Deviation.ITEM_MISSING:
                    action = "work_item.reopened"
                    details |= await self._put_back(connection, referral_id, items[what])
                case Deviation.ITEM_NOT_OPEN:
                    action, details = "work_item.withdrawn", {"item": what, "why": NOT_OPEN}
                    await _sql.withdraw(connection, id=what)
                case Deviation.ITEM_DIFFERS:
                    action = "work_item.corrected"
                    details |= {"due_at": items[what].due_at, "level": items[what].level}
                    await _sql.correct(connection, id=what, due_at=items[what].due_at, level=items[what].level)
                case Deviation.STANDING_DIFFERS:
                    action, details = "standing.corrected", {"fields": what.split()}
                    await _set_standing(connection, referral_id, standing)
            audited.append(AuditRecord(datetime.now(UTC), self._actor, action, details))
        await self._audit.write_all(connection, referral_id, audited)

    async def _put_back(self, connection: Connection, referral_id: str, item: WorkItem) -> dict[str, Any]:
        member = await self._staff.owner(connection, referral_id, item)
        await _sql.put_back(
            connection,
            **item.model_dump(mode="python", exclude={"kind", "asks"}),
            referral_id=referral_id,
            kind=item.kind,
            role=item.role,
            assignee=member,
            asks=item.model_dump(mode="json")["asks"],
        )
        return {"kind": item.kind, "role": item.role, "due_at": item.due_at, "assignee": member}


@asynccontextmanager
async def alone(pool: Pool) -> AsyncIterator[bool]:
    """Whether this is the only process that reconciles on a schedule, for as long as the block lasts."""
    async with reachable(), pool.acquire() as connection:
        only: bool = await _sql.try_alone(connection)
        try:
            yield only
        finally:
            if only:
                await _sql.let_others(connection)


def _of_items(stored: Mapping[str, Mapping[str, Any]], items: Sequence[WorkItem]) -> list[Deviating]:
    open_here = {name for name, row in stored.items() if row["state"] in (WorkItemState.OPEN, WorkItemState.CLAIMED)}
    found = []
    for item in items:
        if item.id not in open_here:
            found.append(Deviating(Deviation.ITEM_MISSING, item.id))
        elif (stored[item.id]["due_at"], stored[item.id]["level"]) != (item.due_at, item.level):
            found.append(Deviating(Deviation.ITEM_DIFFERS, item.id))
    strays = sorted(open_here - {item.id for item in items})
    return found + [Deviating(Deviation.ITEM_NOT_OPEN, item_id) for item_id in strays]


def _of_standing(row: Mapping[str, Any], standing: ReferralSnapshot) -> list[Deviating]:
    wanted: dict[str, Any] = {name: getattr(standing, name) for name in _COMPARED}
    known = {name: row[name] for name in _COMPARED} | {"lines": _lines(row["lines"])}
    fields = [name for name in _COMPARED if known[name] != wanted[name]]
    return [Deviating(Deviation.STANDING_DIFFERS, " ".join(fields))] if fields else []


def _lines(stored: Sequence[Any]) -> tuple[Line, ...] | None:
    try:
        return tuple(Line.model_validate(line) for line in stored)
    except ValidationError:
        return None


async def _set_standing(connection: Connection, referral_id: str, standing: ReferralSnapshot) -> None:
    await _sql.set_standing(
        connection,
        referral_id=referral_id,
        stage=standing.stage,
        closing=standing.closing,
        overall=overall(standing.lines),
        lines=[line.model_dump(mode="json") for line in standing.lines],
        waiting_for=list(standing.waiting_for),
        next_due=standing.next_due,
        on_hold=standing.on_hold,
        blocked_by=list(standing.blocked_by),
    )
