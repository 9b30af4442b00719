"""The table of payers: how each plan is reached, as the pharmacy's file says it."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from firstdose.adapters.postgres.imports import ImportReport, RefusedRows, read_rows
from firstdose.adapters.postgres.pool import Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.channel import UNKNOWN_PLAN, Channel, Plan
from firstdose.domain.clocks import Regime
from firstdose.domain.referral import LineOfBusiness
from firstdose.ports import PayerEndpoint

_sql = load("payers")
_PLAN_FIELDS = {"eligibility", "authorization", "regime", "phone", "fax", "portal"}
_ENDPOINT_FIELDS = {"name", "base_url", "subscription_filter", "trust_outcome_when_no_review_action", "timeout"}

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=500)]


class PayerRow(BaseModel):
    """One payer of the file. Channels are people's unless the row says otherwise; `timeout` in seconds or ISO 8601."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: Text
    line_of_business: LineOfBusiness | None = None
    """Told when several plans of one name differ in it."""
    regime: Regime = Regime.PLAN
    eligibility: Channel = Channel.PEOPLE
    authorization: Channel = Channel.PEOPLE
    base_url: Url | None = None
    phone: Text | None = None
    fax: Text | None = None
    portal: Url | None = None
    subscription_filter: Text = "orgIdentifier"
    trust_outcome_when_no_review_action: bool = False
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=5))] = timedelta(seconds=30)

    @model_validator(mode="after")
    def _electronic_channels_have_an_address(self) -> Self:
        if (self.eligibility.electronic or self.authorization.electronic) and self.base_url is None:
            raise ValueError("base_url: an electronic channel needs it")
        if self.id == UNKNOWN_PLAN.payer:
            raise ValueError("id: this word stands for a payer that is in no table")
        return self

    @property
    def plan(self) -> Plan:
        return Plan(payer=self.id, **self.model_dump(include=_PLAN_FIELDS))


class Subscription(NamedTuple):
    """Our subscription with a payer for news about pended requests; `endpoint` is where the payer sends them."""

    payer: str
    subscription: str
    endpoint: str
    registered_at: datetime


class PayerTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def import_payers(self, rows: Iterable[Any]) -> ImportReport:
        """Take over the rows of a file (`PayerRow`); a payer that it does not name stays. Raises Unavailable."""
        try:
            payers = read_rows(PayerRow, rows, key=lambda payer: payer.id)
        except RefusedRows as refused:
            return refused.report
        at = datetime.now(UTC)
        async with transaction(self._pool) as connection:
            versions = [
                await _sql.upsert_payer(
                    connection,
                    id=payer.id,
                    name=payer.name,
                    name_index=_plain(payer.name),
                    config=payer.model_dump(mode="json"),
                    at=at,
                )
                for payer in payers
            ]
        changed = sum(version is not None for version in versions)
        return ImportReport(changed=changed, unchanged=len(versions) - changed)

    async def plan(
        self, payer_id: str | None, name: str | None, line_of_business: LineOfBusiness | None = None
    ) -> Plan:
        """The plan of this id, else of this name however it is spelled; UNKNOWN_PLAN if none or several fit.

        Raises Unavailable.
        """
        async with reachable():
            if payer_id and (row := await _sql.by_id(self._pool, id=_as_id(payer_id))):
                return PayerRow.model_validate(row["config"]).plan
            named = [row async for row in _sql.by_name(self._pool, name_index=_plain(name))] if name else []
        rows = [PayerRow.model_validate(row["config"]) for row in named]
        if len(rows) > 1:
            rows = [row for row in rows if row.line_of_business is line_of_business]
        return rows[0].plan if len(rows) == 1 else UNKNOWN_PLAN

    async def endpoint(self, payer: str) -> PayerEndpoint | None:
        """None if there is no electronic way to this payer. Raises Unavailable."""
        async with reachable():
            found = await _sql.by_id(self._pool, id=payer)
        row = PayerRow.model_validate(found["config"]) if found else None
        if row is None or row.base_url is None:
            return None
        return PayerEndpoint(payer=row.id, **row.model_dump(include=_ENDPOINT_FIELDS))

    async def subscription(self, payer: str) -> Subscription | None:
        """Raises Unavailable."""
        async with reachable():
            row = await _sql.subscription(self._pool, payer=payer)
        return Subscription(**row) if row else None

    async def put_subscription(self, subscription: Subscription) -> None:
        """Remember it in place of the payer's former one. Raises Unavailable."""
        async with reachable():
            await _sql.put_subscription(self._pool, **subscription._asdict())


def _plain(name: str) -> str:
    """`Acme Health, Inc.` and `ACME HEALTH INC` are one name."""
    return " ".join(re.findall(r"\w+", name.casefold()))


def _as_id(payer_id: str) -> str:
    """Sources write ids in capitals and with dots or underscores."""
    return re.sub(r"[._]", "-", payer_id.lower())
