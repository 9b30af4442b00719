"""The records of the process in PostgreSQL: what a workflow tells is kept once, in order, with its audit."""

from collections.abc import Mapping

from firstdose.adapters.postgres.audit import AuditRecord, AuditTrail
from firstdose.adapters.postgres.case_files import plan_of
from firstdose.adapters.postgres.journal_entries import BRINGING_FACTS, JournalEntries, Place
from firstdose.adapters.postgres.messages import Messages
from firstdose.adapters.postgres.outbox import Outbox
from firstdose.adapters.postgres.payers import PayerTable
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.revisions import Revisions, unshredded
from firstdose.adapters.postgres.staff import StaffDirectory
from firstdose.adapters.postgres.vault import Vault
from firstdose.domain.authorization_steps import overall
from firstdose.domain.facts import outline
from firstdose.domain.journal import Batch, Recorded
from firstdose.domain.policy import Policy
from firstdose.ports import Impossible, Opening, Unavailable

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
        self._revisions = Revisions(vault)
        self._entries = JournalEntries(self._revisions, Messages(pool, vault, audit), outbox, staff, mailboxes or {})
        self._audit = audit
        self._payers = payers
        self._policy = policy

    async def open(self, referral_id: str) -> Opening:
        with unshredded():
            async with transaction(self._pool) as connection:
                referral = await self._revisions.current(connection, referral_id)
        return Opening(outline=outline(referral), plan=await plan_of(self._payers, referral), policy=self._policy)

    async def record(self, batch: Batch) -> Recorded:
        """A batch that leaves a gap in the journal is Unavailable: the one before it has yet to be recorded."""
        with unshredded():
            async with transaction(self._pool) as connection:
                await self._record(connection, batch)
                # Asked of the versions and not of this run: a batch told again must answer as it did the first time.
                changed = await self._revisions.changed_by(connection, batch.referral_id, _bringing_facts(batch))
        if changed is None:
            return Recorded()
        referral, changes = changed
        return Recorded(outline=outline(referral), plan=await plan_of(self._payers, referral), changes=changes)

    async def _record(self, connection: Connection, batch: Batch) -> None:
        row = await _sql.lock_referral(connection, referral_id=batch.referral_id)
        if row is None:
            raise Impossible("unknown_referral")
        recorded, last = row["journal_seq"], batch.first + len(batch.entries) - 1
        if batch.first > recorded + 1:
            raise Unavailable("journal_has_a_gap")
        audited: list[AuditRecord] = []
        for number, entry in enumerate(batch.entries, start=batch.first):
            if number > recorded:
                await self._entries.apply(Place(connection, batch.referral_id, row["source"], number, audited), entry)
        await self._audit.write_all(connection, batch.referral_id, audited)
        if last >= recorded:  # an older batch told again must not bring back an older standing
            await self._update_standing(connection, batch, last)

    async def _update_standing(self, connection: Connection, batch: Batch, last: int) -> None:
        standing = batch.standing
        await _sql.update_standing(
            connection,
            **standing.model_dump(exclude={"lines", "waiting_for", "blocked_by"}),
            referral_id=batch.referral_id,
            overall=overall(standing.lines),
            lines=[line.model_dump(mode="json") for line in standing.lines],
            waiting_for=list(standing.waiting_for),
            blocked_by=list(standing.blocked_by),
            journal_seq=last,
            updated_at=batch.entries[-1].at if batch.entries else None,
        )


def _bringing_facts(batch: Batch) -> list[str]:
    """The messages that may have made a version."""
    return [entry.message_id for entry in batch.entries if isinstance(entry, BRINGING_FACTS) and entry.message_id]
