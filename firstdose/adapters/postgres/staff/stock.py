"""The pharmacy's stock: units of a drug by lot, set aside for a referral once per key and given back once."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.staff.imports import Importer, ImportReport, RefusedRows, read_rows, report_import
from firstdose.domain.care.therapy import Reservation
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.facts import DeidentifiedFacts, DeidentifiedMedication
from firstdose.domain.referral.identifiers import Hcpcs
from firstdose.domain.work.role import SYSTEM
from firstdose.ports import EffectRequest, Impossible

LONGEST_SUPPLY = timedelta(days=30)
"""A longer therapy is dispensed in parts, so no lot must last for more than this."""

_sql = load("stock")


class LotRow(BaseModel):
    """One lot of the file: how many units lie on the shelf that nobody has reserved."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    hcpcs: Hcpcs
    lot: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    quantity: int = Field(ge=0, le=1_000_000)
    expires: date


class _NotInStock(Exception):
    """A medication of the order: what was taken for the others goes back with the transaction."""


class PostgresPharmacy:
    """Implements ports.Pharmacy. Raises Unavailable, and Impossible for an unknown referral."""

    def __init__(self, pool: Pool, audit: AuditTrail) -> None:
        self._pool = pool
        self._audit = audit

    async def reserve(self, request: EffectRequest) -> Reservation:
        """One unit of each medication, of the lot that expires first among those that outlast the supply, or nothing.

        What was released is not reserved again under its old key. What was not available is not remembered: the same
        key may find it later.
        """
        async with transaction(self._pool) as connection:
            stored = await _sql.lock_order(connection, referral_id=request.referral_id)
            if stored is None:
                raise Impossible(ProblemCode.UNKNOWN_REFERRAL)
            reserved = [row async for row in _sql.reserved(connection, key=request.key)]
            if reserved:
                lots = [row["lot"] for row in reserved if row["released_at"] is None]
            else:
                lots = await self._take_all(connection, request, DeidentifiedFacts.model_validate(stored))
        return Reservation(available=bool(lots), lot=next(iter(lots), None), further_lots=tuple(lots[1:]))

    async def release(self, request: EffectRequest) -> None:
        async with transaction(self._pool) as connection:
            released = [row async for row in _sql.release(connection, key=request.key, at=datetime.now(UTC))]
            for row in released:
                await self._write(connection, "stock.released", **row)

    async def import_stock(self, rows: Iterable[Any], by: Importer | None = None) -> ImportReport:
        """Take over the rows of a file (`LotRow`); a lot that it does not name stays. Raises Unavailable."""
        try:
            lots = read_rows(LotRow, rows, key=lambda lot: (lot.hcpcs, lot.lot))
        except RefusedRows as refused:
            return refused.report
        async with transaction(self._pool) as connection:
            written = [await _sql.upsert_lot(connection, **lot.model_dump()) for lot in lots]
            return await report_import(connection, "stock", by, written)

    async def _take_all(self, connection: Connection, request: EffectRequest, order: DeidentifiedFacts) -> list[str]:
        """A lot of each medication. One that is not there has all the others put back."""
        lots: list[str] = []
        try:
            async with connection.transaction():
                for index, medication in enumerate(order.ordered):
                    lots.append(await self._take(connection, request, index, medication))
        except _NotInStock:
            return []
        return lots

    async def _take(
        self, connection: Connection, request: EffectRequest, index: int, medication: DeidentifiedMedication
    ) -> str:
        if medication.hcpcs is None:
            raise _NotInStock
        lasting_to = datetime.now(UTC).date() + min(timedelta(days=medication.duration_days or 1), LONGEST_SUPPLY)
        lot: str | None = await _sql.take(connection, hcpcs=medication.hcpcs, lasting_to=lasting_to)
        if lot is None:
            raise _NotInStock
        taken = {"key": request.key, "referral_id": request.referral_id, "hcpcs": medication.hcpcs, "lot": lot}
        await _sql.reserve(connection, medication=index, **taken)
        await self._write(connection, "stock.reserved", **taken)
        return lot

    async def _write(self, connection: Connection, action: str, *, referral_id: str, **details: str) -> None:
        await self._audit.write(
            connection, referral_id, at=datetime.now(UTC), actor=SYSTEM.id, action=action, details=details
        )
