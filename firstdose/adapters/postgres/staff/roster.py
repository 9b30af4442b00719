"""The roster: finds nurses for a visit and reserves them. Nurses are opaque ids, never names."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.revisions import Revisions, known_referral, unshredded
from firstdose.adapters.postgres.staff.imports import Importer, ImportReport, RefusedRows, read_rows, report_import
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.identifiers import State
from firstdose.domain.referral.order import TherapyKind
from firstdose.domain.work.role import SYSTEM
from firstdose.ports import EffectRequest, Impossible, NurseSearch, VisitHold

APART = timedelta(hours=2)
"""The least time between the starts of a nurse's visits to different patients."""

_sql = load("roster")

Area = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}$")]


class NurseRow(BaseModel):
    """One nurse of the file. `areas` are beginnings of ZIP codes, none for anywhere in the licensed states."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    skills: tuple[TherapyKind, ...]
    states: tuple[State, ...]
    areas: tuple[Area, ...] = ()
    active: bool = True
    position: int = 0
    """The order among equally busy nurses."""
    login: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    """The subject of this person's staff token: who may answer an offer. Without it anybody in the nurse's role may."""


class PostgresRoster:
    """Implements ports.NurseRoster."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._revisions = Revisions(vault)
        self._audit = audit

    async def find(self, search: NurseSearch) -> tuple[str, ...]:
        """The least busy first."""
        with unshredded():
            async with transaction(self._pool) as connection:
                referral = await self._revisions.current(connection, search.referral_id)
                therapy, address = referral.order.therapy, referral.patient.address
                if therapy is None or address.state is None:
                    return ()
                found = _sql.candidates(
                    connection, therapy=therapy, state=address.state, referral_id=search.referral_id
                )
                # The ZIP code is compared here: nothing of an address goes into a statement.
                near = [row["id"] async for row in found if _covers(row["areas"], address.postal_code)]
        wanted = near if search.only is None else [nurse for nurse in near if nurse == search.only]
        return tuple(wanted[: search.limit])

    async def hold(self, hold: VisitHold) -> bool:
        """False as well if the nurse is no longer active, or this key was released.

        Raises Impossible for a nurse that is not on the roster, an unknown referral, a key that holds another visit.
        """
        with known_referral():
            async with transaction(self._pool) as connection:
                # First the nurse, in a statement of its own: the guard must see what was held while we waited.
                if not await self._can_visit(connection, hold.visit.nurse):
                    return False
                return await self._hold(connection, hold) or await self._is_held(connection, hold)

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
            written = [await _sql.upsert_nurse(connection, **nurse.model_dump()) for nurse in nurses]
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

    async def _can_visit(self, connection: Connection, nurse: str | None) -> bool:
        """Locks the nurse."""
        if nurse is None:  # a visit in the suite holds nobody
            return True
        active: bool | None = await _sql.lock_nurse(connection, nurse=nurse)
        if active is None:
            raise Impossible(ProblemCode.UNKNOWN_NURSE)
        return active

    async def _is_held(self, connection: Connection, hold: VisitHold) -> bool:
        """Whether the hold that is already there under this key is this one."""
        held = await _sql.held(connection, key=hold.key)
        if held is None or held["released_at"]:
            return False
        if (held["nurse"], held["visit_at"]) != (hold.visit.nurse, hold.visit.visit_at):
            raise Impossible(ProblemCode.KEY_HOLDS_ANOTHER_VISIT)
        return True

    async def _write(self, connection: Connection, action: str, referral_id: str, hold: Mapping[str, Any]) -> None:
        details = {"nurse": hold["nurse"], "visit_at": hold["visit_at"], "key": hold["key"]}
        await self._audit.write(
            connection, referral_id, at=datetime.now(UTC), actor=SYSTEM.id, action=action, details=details
        )


def _covers(areas: list[str], postal_code: str | None) -> bool:
    return not areas or (postal_code is not None and postal_code.startswith(tuple(areas)))
