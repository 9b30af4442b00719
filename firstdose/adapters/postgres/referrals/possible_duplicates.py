"""Referrals that may be the same order under another number, from whichever source."""

from datetime import UTC, datetime, timedelta
from typing import Final

from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.persons import lock_persons
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.domain.referral.likeness import may_be_the_same_order
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.versions import Change

_COMPARED: Final = 20
"""So many referrals of one person are opened at most, the newest first."""
CONCERNED: Final = frozenset(
    {
        Change.NAME,
        Change.BIRTH_DATE,
        Change.PAYER,
        Change.MEMBER,
        Change.OTHER_COVERAGE,
        Change.DRUG,
        Change.START,
    }
)
"""The changes after which another referral may turn out to be the same."""

_sql = load("possible_duplicates")


class PossibleDuplicates:
    """`within` is how far apart two starts of one order may be."""

    def __init__(self, vault: Vault, within: timedelta) -> None:
        self._vault = vault
        self._revisions = Revisions(vault)
        self._within = within

    async def find(self, connection: Connection, referral_id: str, referral: Referral) -> tuple[str, ...]:
        """The ids of those about which nobody was asked yet, in the caller's transaction.

        Of two that look at the same time one finds the other.
        """
        now = datetime.now(UTC)
        await _sql.compared(connection, referral_id=referral_id, at=now)
        indexes = await lock_persons(connection, self._vault, referral)
        if not indexes:
            return ()
        rows = [row async for row in _sql.others(connection, referral_id=referral_id, indexes=indexes, most=_COMPARED)]
        found = [row["id"] for row in rows if await self._is_like(connection, row["id"], referral)]
        if found:
            await _sql.found(connection, referral_id=referral_id, others=found, at=now)
        return tuple(str(other) for other in found)

    async def _is_like(self, connection: Connection, other_id: str, referral: Referral) -> bool:
        try:
            other = await self._revisions.current(connection, other_id)
        except NoDataKey:
            return False
        return may_be_the_same_order(referral, other, within=self._within)
