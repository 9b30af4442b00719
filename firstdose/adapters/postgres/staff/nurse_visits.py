"""A nurse's visits: what is offered to this person, what is held for them, and what they have to report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.shown_rows import shown_row
from firstdose.adapters.postgres.staff.work_items import WorkItemView

_sql = load("nurse_visits")


class NurseVisit(BaseModel):
    """`report` is the work item of its report, once it was dispatched."""

    model_config = ConfigDict(frozen=True)

    referral_id: str
    visit_at: datetime
    report: str | None = None
    report_due_at: datetime | None = None


class NurseVisits:
    """By the subject of the person's token. Everything raises Unavailable."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault

    async def offers(self, login: str) -> tuple[WorkItemView, ...]:
        """The first to be answered first."""
        async with transaction(self._pool) as connection:
            rows = [row async for row in _sql.offers(connection, login=login)]
            return tuple([await self._item(connection, row) for row in rows])

    async def held(self, login: str, *, since: datetime) -> tuple[NurseVisit, ...]:
        """In their order; those before `since` only if they are still to be reported."""
        async with transaction(self._pool) as connection:
            rows = [row async for row in _sql.visits(connection, login=login, since=since)]
        return tuple(NurseVisit.model_validate(dict(row)) for row in rows)

    async def _item(self, connection: Connection, row: Mapping[str, Any]) -> WorkItemView:
        return WorkItemView.of(await shown_row(connection, self._vault, row))
