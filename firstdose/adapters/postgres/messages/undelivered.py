"""Parked messages and given up deliveries, until a person has them tried again or drops them."""

from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.pool import Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load

_sql = load("undelivered")


class Undelivered(NamedTuple):
    """A `message` to a workflow (`kind` as in MessageKind), or a `delivery` to the outside (`kind` is its channel)."""

    what: Literal["message", "delivery"]
    id: str
    referral_id: str
    kind: str
    problem: str | None
    attempts: int
    since: datetime


class UndeliveredStore:
    """Everything raises Unavailable. `actor` is who the audit names."""

    def __init__(self, pool: Pool, audit: AuditTrail) -> None:
        self._pool = pool
        self._audit = audit

    async def list(self) -> list[Undelivered]:
        """The oldest first."""
        async with reachable():
            return [Undelivered(**row) async for row in _sql.listed(self._pool)]

    async def count(self) -> dict[str, int]:
        """How many there are, by `messages` and `deliveries`."""
        async with reachable():
            return dict(await _sql.counted(self._pool))

    async def retry(self, undelivered_id: str, actor: str) -> bool:
        """Deliver it again, before later ones. False if there is none with this id."""
        return await self._change("retried", _sql.retry_message, _sql.retry_delivery, undelivered_id, actor)

    async def drop(self, undelivered_id: str, actor: str) -> bool:
        """Never deliver it. False if there is no such one."""
        return await self._change("dropped", _sql.drop_message, _sql.drop_delivery, undelivered_id, actor)

    async def _change(self, done: str, of_message: Any, of_delivery: Any, undelivered_id: str, actor: str) -> bool:
        async with transaction(self._pool) as connection:
            for what, change in (("message", of_message), ("delivery", of_delivery)):
                row = await change(connection, id=undelivered_id)
                if row is None:
                    continue
                await self._audit.write(
                    connection,
                    row["referral_id"],
                    at=datetime.now(UTC),
                    actor=actor,
                    action=f"{what}_{done}",
                    details={"kind": row["kind"], what: undelivered_id},
                )
                return True
        return False
