"""The records of the process in PostgreSQL: each journal entry is stored once, with its audit and state.

A workflow may send entries again, grouped and ordered otherwise: their keys identify them. A batch from an older copy
of Temporal's state is refused.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from firstdose.adapters.postgres.audit import AuditRecord, AuditTrail
from firstdose.adapters.postgres.keys.vault import RecordSealer, Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.paging import is_uuid
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.case_files import plan_of
from firstdose.adapters.postgres.referrals.journal_entries import BRINGING_FACTS, EntryContext, JournalEntries
from firstdose.adapters.postgres.referrals.journal_keys import key_of, refusal
from firstdose.adapters.postgres.referrals.known_outline import outline_by
from firstdose.adapters.postgres.referrals.possible_duplicates import CONCERNED, PossibleDuplicates
from firstdose.adapters.postgres.referrals.revisions import Revisions, unshredded
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.authorization.steps import overall
from firstdose.domain.policy import Policy
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import AnyEntry, Batch, Entry, FactsChanged, Recorded, Resolved, RunPoint
from firstdose.domain.work.role import SYSTEM
from firstdose.domain.work.work_item import WorkItemState
from firstdose.ports import Impossible, Opening, Unavailable

NOT_OPEN: Final = "not open in the process"
"""Why an item is withdrawn that a lost task of the workflow, or somebody's mistake, has left open."""

_sql = load("journal")


class PostgresRecords:
    """Implements ports.Records. `mailboxes` are the addresses of the roles; without a supervisor's none is mailed."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        audit: AuditTrail,
        outbox: Outbox,
        staff: StaffDirectory,
        payers: PayerTable,
        policy: Policy,
        *,
        mailboxes: Mapping[str, str] | None = None,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._revisions = Revisions(vault)
        self._duplicates = PossibleDuplicates(vault, policy.same_start_within)
        self._entries = JournalEntries(self._revisions, Messages(pool, vault, audit), outbox, staff, mailboxes or {})
        self._audit = audit
        self._payers = payers
        self._policy = policy

    async def open(self, referral_id: str) -> Opening:
        with unshredded():
            async with transaction(self._pool) as connection:
                referral = await self._revisions.current(connection, referral_id)
                alike = await self._duplicates.find(connection, referral_id, referral)
        plan = await plan_of(self._payers, referral)
        shown = outline_by(plan, referral)
        return Opening(outline=shown, plan=plan, policy=self._policy, possible_duplicates=alike)

    async def record(self, batch: Batch) -> Recorded:
        """Raises Unavailable, as `store_is_ahead` too; Impossible for an unknown or shredded referral."""
        with unshredded():
            async with transaction(self._pool) as connection:
                await self._record(connection, batch)
                # From the versions and not from this run: a batch that is recorded again must get the same answer.
                changed = await self._revisions.changed_by(connection, batch.referral_id, _bringing_facts(batch))
                if changed is None:
                    return Recorded()
                referral, by_message = changed
                changes = frozenset().union(*by_message.values())
                alike = await self._alike(connection, batch.referral_id, referral, changes)
        plan = await plan_of(self._payers, referral)
        return Recorded(
            outline=outline_by(plan, referral),
            plan=plan,
            changes=changes,
            by_message=_with_kinds(batch, by_message),
            possible_duplicates=alike,
        )

    async def _alike(
        self, connection: Connection, referral_id: str, referral: Referral, changes: frozenset[Change]
    ) -> tuple[str, ...]:
        if not changes & CONCERNED:
            return ()
        return await self._duplicates.find(connection, referral_id, referral)

    async def _record(self, connection: Connection, batch: Batch) -> None:
        referral = await _sql.lock_referral(connection, referral_id=batch.referral_id)
        if referral is None:
            raise Impossible(ProblemCode.UNKNOWN_REFERRAL)
        keys = [key_of(entry) for entry in batch.entries]
        known = await _sql.begin(connection, referral_id=batch.referral_id, keys=keys)
        if batch.number and _is_older(batch.run, known):
            raise Unavailable(ProblemCode.STORE_IS_AHEAD)
        sealer = self._vault.sealer_of(batch.referral_id, known) if known["kek_id"] or batch.state else None
        of, source = referral["referral_number"], referral["source"]
        context = EntryContext(connection, batch.referral_id, of, source, sealer, [])
        await self._apply(context, zip(keys, batch.entries, strict=True), set(known["new_keys"]))
        await self._finish(context, batch)
        await self._audit.write_all(connection, batch.referral_id, context.audited)

    async def _apply(self, context: EntryContext, entries: Iterable[tuple[str, AnyEntry]], new: set[str]) -> None:
        for key, entry in entries:
            problem = refusal(entry)
            if key not in new:
                if problem is None:
                    await self._entries.repeat(context, entry)
                continue
            new.remove(key)  # the same entry may stand twice in one batch
            if problem is None:
                problem = await self._entries.apply(context, key, entry)
            if problem is not None:
                details = {"key": key, "problem": problem, "type": entry.type}
                context.audited.append(AuditRecord(_when(entry), SYSTEM.id, "entry_refused", details))

    async def _finish(self, context: EntryContext, batch: Batch) -> None:
        standing, at = batch.standing, _when(batch.entries[-1]) if batch.entries else None
        moved = _sql.finish(
            context.connection,
            **standing.model_dump(exclude={"lines", "waiting_for", "blocked_by"}),
            referral_id=batch.referral_id,
            overall=overall(standing.lines),
            lines=[line.model_dump(mode="json") for line in standing.lines],
            waiting_for=list(standing.waiting_for),
            blocked_by=list(standing.blocked_by),
            at=at,
            number=batch.number,
            run_id=batch.run.run_id,
            events=batch.run.events,
            sealed=_sealed(context.sealer, batch),
            open_items=list(batch.open_items),
        )
        for row in [row async for row in moved]:
            context.audited.append(_moved(row, at or datetime.now(UTC)))


def open_state(vault: Vault, referral_id: str, row: Mapping[str, Any]) -> str:
    """The workflow's state as a batch brought it, from a row that joins `referral_keys`. Raises NoDataKey."""
    return vault.sealer_of(referral_id, row).open_text(row["sealed"], **_place(referral_id))


def _is_older(run: RunPoint, known: Mapping[str, Any]) -> bool:
    """Whether the store has a later batch than this, or one of a later run."""
    if run.run_id == known["run_id"]:
        return run.events < int(known["events"])
    return run.run_id in (known["retired"] or ())


def _sealed(sealer: RecordSealer | None, batch: Batch) -> bytes | None:
    if sealer is None or not batch.state:
        return None
    return sealer.seal_text(batch.state, **_place(batch.referral_id))


def _place(referral_id: str) -> dict[str, str]:
    return {"table": "referral_states", "row": referral_id, "column": "sealed"}


def _moved(row: Mapping[str, Any], at: datetime) -> AuditRecord:
    """An item that the process has withdrawn or opened again."""
    details = {"item": row["id"], "kind": row["kind"]}
    if row["state"] == WorkItemState.WITHDRAWN:
        return AuditRecord(at, SYSTEM.id, "work_item.withdrawn", {**details, "why": NOT_OPEN})
    return AuditRecord(at, SYSTEM.id, "work_item.reopened", details)


def _when(entry: Entry) -> datetime:
    return entry.at if entry.at.tzinfo else entry.at.replace(tzinfo=UTC)


def _bringing_facts(batch: Batch) -> list[str]:
    """The messages that may have made a version."""
    named = (entry.message_id for entry in batch.entries if isinstance(entry, BRINGING_FACTS))
    return [message for message in named if message and is_uuid(message)]


def _with_kinds(batch: Batch, by_message: Mapping[str, frozenset[Change]]) -> tuple[FactsChanged, ...]:
    kinds = {entry.message_id: entry.kind for entry in batch.entries if isinstance(entry, Resolved)}
    return tuple(FactsChanged(kind=kinds.get(message), changes=each) for message, each in by_message.items())
