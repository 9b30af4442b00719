"""The table of payers: how each plan is reached, as imported from the pharmacy's file."""

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from firstdose.adapters.postgres.invalidated_cache import InvalidatedCache
from firstdose.adapters.postgres.payers.rows import ImportedPayerRow, PayerRow
from firstdose.adapters.postgres.pool import Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.staff.imports import Importer, ImportReport, RefusedRows, read_rows, report_import
from firstdose.domain.payer.channel import UNKNOWN_PLAN, Plan
from firstdose.domain.referral.referral import LineOfBusiness
from firstdose.payer_ports import PayerEndpoint

_sql = load("payers")


class PayerVersion(NamedTuple):
    """A plan as an import made it."""

    version: int
    row: PayerRow
    imported_at: datetime


class Known(NamedTuple):
    """A plan as the table has it, and as the process sees it."""

    row: PayerRow
    plan: Plan


class PayerTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._remembered = InvalidatedCache[tuple[Known, ...]](pool, "payers")

    async def import_payers(self, rows: Iterable[Any], by: Importer | None = None) -> ImportReport:
        """Take over the rows of a file (`ImportedPayerRow`); a payer that it does not name stays.

        Raises Unavailable.
        """
        try:
            payers = read_rows(ImportedPayerRow, rows, key=lambda payer: payer.id)
        except RefusedRows as refused:
            return refused.report
        at = datetime.now(UTC)
        # By id: two imports at once take their locks in one order.
        payers.sort(key=lambda payer: payer.id)
        async with transaction(self._pool) as connection:
            versions = [
                await _sql.upsert_payer(
                    connection,
                    id=payer.id,
                    name=payer.name,
                    name_index=_plain(payer.name),
                    # Without defaults: a column that a later release adds does not make every plan a new version.
                    config=payer.model_dump(mode="json", exclude_defaults=True),
                    at=at,
                )
                for payer in payers
            ]
            return await report_import(connection, "payers", by, versions)

    def kept(self) -> AbstractAsyncContextManager[None]:
        """Within it look-ups are answered from memory. An import, wherever it runs, is noticed at once."""
        return self._remembered.kept()

    async def plan(
        self, payer_id: str | None, name: str | None, line_of_business: LineOfBusiness | None = None
    ) -> Plan:
        """The plan of this id, else of this name however it is spelled; UNKNOWN_PLAN if none or several fit.

        Raises Unavailable.
        """
        if payer_id and (known := await self._by_id(plan_id(payer_id))):
            return known[0].plan
        named = await self._by_name(_plain(name)) if name else None
        if named and len(named) > 1:
            named = tuple(each for each in named if each.row.line_of_business is line_of_business)
        return named[0].plan if named and len(named) == 1 else UNKNOWN_PLAN

    async def endpoint(self, payer: str) -> PayerEndpoint | None:
        """None if there is no electronic way to this payer. Raises Unavailable."""
        known = await self._by_id(payer)
        return known[0].row.endpoint if known else None

    async def _by_id(self, payer: str) -> tuple[Known, ...] | None:
        async def ask() -> tuple[Known, ...] | None:
            async with reachable():
                row = await _sql.by_id(self._pool, id=payer)
            return (_known(row),) if row else None

        return await self._remembered.recall(("id", payer), ask)

    async def _by_name(self, name_index: str) -> tuple[Known, ...] | None:
        async def ask() -> tuple[Known, ...] | None:
            async with reachable():
                rows = [row async for row in _sql.by_name(self._pool, name_index=name_index)]
            return tuple(map(_known, rows)) or None

        return await self._remembered.recall(("name", name_index), ask)

    async def versions(self, payer: str) -> list[PayerVersion]:
        """What the plan was and is, oldest first. Raises Unavailable."""
        async with reachable():
            rows = [row async for row in _sql.versions(self._pool, payer=payer)]
        return [
            PayerVersion(row["version"], PayerRow.model_validate(row["config"]), row["imported_at"]) for row in rows
        ]


def _known(record: Mapping[str, Any]) -> Known:
    row = PayerRow.model_validate(record["config"])
    return Known(row, row.plan(record["version"]))


def _plain(name: str) -> str:
    """`Acme Health, Inc.` and `ACME HEALTH INC` are one name."""
    return " ".join(re.findall(r"\w+", name.casefold()))


def plan_id(payer_id: str) -> str:
    """Sources write ids in capitals and with dots or underscores."""
    return re.sub(r"[._]", "-", payer_id.lower())
