"""Our Subscription at each payer: what it asks for, whether it stands, and which requests wait for its news."""

from datetime import datetime
from typing import Final, NamedTuple

from firstdose.adapters.payers.subscribing import KnownSubscription, Renewal
from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditTrail
from firstdose.adapters.postgres.pool import Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.authorization.lines import AWAITING, LineState
from firstdose.domain.work.role import SYSTEM

_sql = load("subscriptions")

_AWAITING: Final = [str(state) for state in (*AWAITING, LineState.INFO_REQUESTED)]


class WaitingContact(NamedTuple):
    """A request that a payer has yet to decide."""

    id: str
    referral_id: str


class PostgresSubscriptions:
    """Implements subscribing.Subscriptions. Every method raises Unavailable."""

    def __init__(self, pool: Pool, audit: AuditTrail) -> None:
        self._pool = pool
        self._audit = audit

    async def known(self, payer: str) -> KnownSubscription | None:
        async with reachable():
            row = await _sql.known(self._pool, payer=payer)
        return KnownSubscription(**row) if row else None

    async def registered(
        self, payer: str, subscription: str, callback_url: str, filtered: str, at: datetime, again: Renewal | None
    ) -> None:
        """In place of the payer's former one."""
        told = {"payer": payer, "subscription": subscription, "callback_url": callback_url, "filter": filtered}
        async with transaction(self._pool) as connection:
            await _sql.put(connection, **told, at=at)
            if again:
                await self._audit.write(
                    connection,
                    SYSTEM_CHAIN,
                    at=at,
                    actor=SYSTEM.label,
                    action="payer_subscription_registered_again",
                    details={"payer": payer, "why": again},
                )

    async def checked(self, payer: str, at: datetime) -> None:
        async with reachable():
            await _sql.checked(self._pool, payer=payer, at=at)

    async def lost(self, payer: str, subscription: str, at: datetime) -> bool:
        """Whether this one stood until now, as far as we knew; "" is whichever we have."""
        async with reachable():
            return await _sql.lost(self._pool, payer=payer, subscription=subscription, at=at) is not None

    async def waiting(self, payer: str, most: int) -> list[WaitingContact]:
        """The oldest requests that the payer has yet to decide."""
        async with reachable():
            rows = [row async for row in _sql.waiting(self._pool, payer=payer, awaiting=_AWAITING, most=most)]
        return [WaitingContact(str(row["id"]), str(row["referral_id"])) for row in rows]
