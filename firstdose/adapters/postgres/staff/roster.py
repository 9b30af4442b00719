"""The roster: finds nurses for a visit and holds visits for them. Nurses are opaque ids, never names."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.revisions import Revisions, known_referral, unshredded
from firstdose.adapters.postgres.staff.imports import Importer, ImportReport, RefusedRows, read_rows, report_import
from firstdose.adapters.postgres.staff.nurse_rows import NurseRow
from firstdose.domain.care.nurse import Nurse, VisitNeeds
from firstdose.domain.care.visit import HeldVisit, VisitProblem
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.role import SYSTEM
from firstdose.ports import EffectRequest, Impossible, NurseSearch, VisitHold

APART = timedelta(hours=2)
"""The least time between the starts of a nurse's visits to different patients."""

_sql = load("roster")


class PostgresRoster:
    """Implements ports.NurseRoster."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._revisions = Revisions(vault)
        self._audit = audit

    async def find(self, search: NurseSearch) -> tuple[str, ...]:
        """The least busy first."""
        async with transaction(self._pool) as connection:
            needs = await self._needs(connection, search.referral_id)
            if needs.therapy is None or needs.state is None:
                return ()
            found = _sql.candidates(
                connection, therapy=needs.therapy, state=needs.state, referral_id=search.referral_id
            )
            day = search.day or datetime.now(UTC).date()
            # The ZIP code is compared here: nothing of an address goes into a statement.
            fit = [row["id"] async for row in found if _nurse(row).problem(needs, day) is None]
        wanted = fit if search.only is None else [nurse for nurse in fit if nurse == search.only]
        return tuple(wanted[: search.limit])

    async def hold(self, hold: VisitHold) -> HeldVisit:
        """Judges the nurse as the roster knows them now; what is held under this key already stays held.

        Raises Impossible for an unknown referral, and a key that holds another visit.
        """
        with known_referral():
            async with transaction(self._pool) as connection:
                # First the nurse, in a statement of its own: the guard must see what was held while we waited.
                problem = await self._judged(connection, hold)
                known = await self._known(connection, hold)
                if known is not None:
                    return HeldVisit(held=known)
                if problem is not None:
                    return problem
                if await self._hold(connection, hold):
                    return HeldVisit(held=True)
                return HeldVisit(held=False, problem=VisitProblem.NURSE_HAS_ANOTHER_VISIT)

    async def release(self, request: EffectRequest) -> None:
        async with transaction(self._pool) as connection:
            released = await _sql.release(connection, key=request.key, at=datetime.now(UTC))
            if released:
                await self._write(connection, "visit.released", released["referral_id"], released)

    async def import_nurses(self, rows: Iterable[Any], by: Importer | None = None) -> ImportReport:
        """Take over the rows of a file (`NurseRow`); who is not named stays. Raises Unavailable."""
        try:
            nurses = read_rows(NurseRow, rows, key=lambda nurse: nurse.id)
        except RefusedRows as refused:
            return refused.report
        async with transaction(self._pool) as connection:
            written = [await _sql.upsert_nurse(connection, **nurse.columns) for nurse in nurses]
            return await report_import(connection, "nurses", by, written)

    async def _hold(self, connection: Connection, hold: VisitHold) -> bool:
        made = await _sql.hold(
            connection,
            key=hold.key,
            referral_id=hold.referral_id,
            nurse=hold.visit.nurse,
            visit_at=hold.visit.visit_at,
            apart=APART,
        )
        if made:
            await self._write(connection, "visit.held", hold.referral_id, made)
        return made is not None

    async def _judged(self, connection: Connection, hold: VisitHold) -> HeldVisit | None:
        """Why it cannot be held; locks the nurse. A visit in the suite holds nobody."""
        nurse, day = hold.visit.nurse, hold.visit.visit_at.astimezone(UTC).date()
        row = await _sql.lock_nurse(connection, nurse=nurse) if nurse is not None else None
        if nurse is not None and row is None:
            return HeldVisit(held=False, problem=VisitProblem.UNKNOWN_NURSE)
        needs = await self._needs(connection, hold.referral_id)
        return needs.problem(day) or (_nurse(row).problem(needs, day) if row is not None else None)

    async def _needs(self, connection: Connection, referral_id: str) -> VisitNeeds:
        with unshredded():
            referral = await self._revisions.current(connection, referral_id)
        order, address = referral.order, referral.patient.address
        return VisitNeeds(order.therapy, address.state, address.postal_code, order.requested_start)

    async def _known(self, connection: Connection, hold: VisitHold) -> bool | None:
        """Whether this hold is there under its key; None if the key is new."""
        held = await _sql.held(connection, key=hold.key)
        if held is None:
            return None
        if held["released_at"]:
            return False
        if (held["nurse"], held["visit_at"]) != (hold.visit.nurse, hold.visit.visit_at):
            raise Impossible(ProblemCode.KEY_HOLDS_ANOTHER_VISIT)
        return True

    async def _write(self, connection: Connection, action: str, referral_id: str, hold: Mapping[str, Any]) -> None:
        details = {"nurse": hold["nurse"], "visit_at": hold["visit_at"], "key": hold["key"]}
        await self._audit.write(
            connection, referral_id, at=datetime.now(UTC), actor=SYSTEM.id, action=action, details=details
        )


def _nurse(row: Mapping[str, Any]) -> Nurse:
    return Nurse(
        active=row["active"],
        skills=tuple(row["skills"]),
        states=tuple(row["states"]),
        areas=tuple(row["areas"]),
        expires={state: date.fromisoformat(day) for state, day in row["license_expires"].items()},
    )
