"""The outbox: what goes to the source, to billing and by mail, stored with the step that caused it, sent afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import NoDataKey, RecordSealer, Vault
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.role import SYSTEM

CHANNEL = "outbox"
"""What to listen to for new deliveries."""

_sql = load("outbox")


@dataclass(frozen=True)
class OutboxMessage:
    """Something to be sent. `key` is the same at each attempt; `attempts` counts this one."""

    id: str
    key: str
    referral_id: str
    channel: str
    recipient: str
    body: dict[str, Any] = field(repr=False)
    attempts: int
    created_at: datetime


class Outbox:
    """Deliveries of one referral to one recipient leave in the order in which they were put."""

    def __init__(self, vault: Vault, audit: AuditTrail) -> None:
        self._vault = vault
        self._audit = audit

    async def put(
        self,
        connection: Connection,
        *,
        key: str,
        referral_id: str,
        channel: str,
        recipient: str,
        body: Mapping[str, Any],
        at: datetime,
        sealer: RecordSealer | None = None,
    ) -> None:
        """Store a delivery in the caller's transaction, once per key; `channel` is `source`, `billing` or `mail`.

        `sealer` is the referral's, if the transaction has read it already.
        """
        row = new_id()
        sealer = sealer or await self._vault.sealer(connection, referral_id)
        await _sql.put(
            connection,
            id=row,
            key=key,
            referral_id=referral_id,
            channel=channel,
            recipient=recipient,
            sealed=sealer.seal(dict(body), table="outbox", row=row, column="sealed"),
            at=at,
        )

    async def claim(
        self, pool: Pool, limit: int, lease: timedelta, now: datetime, *, to_one_receiver: int = 1000
    ) -> list[OutboxMessage]:
        """Take up to `limit` deliveries that are due, for the time of the lease. Raises Unavailable.

        At most `to_one_receiver` are with all who claim. One that cannot be opened any more (its referral was shredded)
        is given up as `unreadable`.
        """
        async with transaction(pool) as connection:
            claimed = _sql.claim(connection, number=limit, at_once=to_one_receiver, now=now, leased_until=now + lease)
            rows = sorted([row async for row in claimed], key=lambda row: row["ordinal"])
            opened = {row["id"]: await self._opened(connection, row) for row in rows}
        for delivery_id in (delivery_id for delivery_id, delivery in opened.items() if delivery is None):
            await self.give_up(pool, delivery_id, problem="unreadable")
        return [delivery for delivery in opened.values() if delivery]

    @reachable()
    async def delivered(self, pool: Pool, delivery_id: str, at: datetime) -> None:
        """It arrived."""
        await _sql.delivered(pool, id=delivery_id, at=at)

    @reachable()
    async def postpone(self, pool: Pool, delivery_id: str, at: datetime, problem: str) -> None:
        """Try again at `at`; `problem` is a short code."""
        await _sql.postpone(pool, id=delivery_id, at=at, problem=problem)

    async def give_up(self, pool: Pool, delivery_id: str, problem: str) -> None:
        """Set it aside, audited; what waits behind it may leave. `problem` is a code. Raises Unavailable."""
        async with transaction(pool) as connection:
            row = await _sql.give_up(connection, id=delivery_id, problem=problem)
            if row is None:
                return
            details = {"delivery": delivery_id, "channel": row["channel"], "recipient": row["recipient"]}
            await self._audit.write(
                connection,
                row["referral_id"],
                at=datetime.now(UTC),
                actor=SYSTEM.id,
                action="delivery_given_up",
                details={**details, "problem": problem, "attempts": row["attempts"]},
            )

    async def _opened(self, connection: Connection, row: Mapping[str, Any]) -> OutboxMessage | None:
        try:
            sealer = await self._vault.sealer(connection, row["referral_id"])
            body = sealer.open(row["sealed"], table="outbox", row=row["id"], column="sealed")
        except (NoDataKey, Unsealable):
            return None
        kept = ("id", "key", "referral_id", "channel", "recipient", "attempts", "created_at")
        return OutboxMessage(body=body, **{name: row[name] for name in kept})
