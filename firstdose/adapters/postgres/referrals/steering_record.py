"""Who steered a referral last, and when: for a page that was shown before somebody else did it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.message import MessageState
from firstdose.domain.work.role import SOURCE, Actor

HELD: Final = "held"
RESUMED: Final = "resumed"
CANCELLED: Final = "cancelled"
OVERRIDE_ASKED: Final = "override.asked"

_sql = load("steering_record")


class Steered(NamedTuple):
    """`action` and `details` as the audit has them; `actor` as it names people."""

    action: str
    actor: str
    at: datetime
    details: Mapping[str, Any]


class Amendment(NamedTuple):
    """Who told facts, and when."""

    actor: str
    at: datetime


class SteeringRecord:
    """Everything raises Unavailable; a referral that is none has no record."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault

    async def last(self, referral_id: str, *actions: str) -> Steered | None:
        """The newest of these acts."""
        async with reachable():
            row = await _sql.last_steered(self._pool, chain=referral_id, actions=list(actions))
        return Steered(**row) if row else None

    async def last_amendment(self, referral_id: str) -> Amendment | None:
        """Of which the facts as they stand have come."""
        async with reachable():
            return _amendment(await _sql.last_amendment(self._pool, referral_id=referral_id))

    async def pending_amendment(self, referral_id: str) -> Amendment | None:
        """The newest that is stored and not applied yet."""
        async with reachable():
            return _amendment(await _sql.pending_amendment(self._pool, referral_id=referral_id))

    async def is_assessed(self, referral_id: str) -> bool:
        """Whether the patient's assessment is done, as far as its work item tells."""
        async with reachable():
            state = await _sql.last_assessment(self._pool, referral_id=referral_id)
        return bool(state == "resolved")

    async def has_reserved(self, referral_id: str) -> bool:
        """Whether a drug is reserved in stock."""
        async with reachable():
            return bool(await _sql.has_reserved(self._pool, referral_id=referral_id))

    async def stored_under(self, actor: Actor, referral_id: str, key: str) -> MessageState | None:
        """What became of the act that came with this idempotency key; None if there was none."""
        key_index = self._vault.index("idempotency-key", f"{actor.label} {key}")
        async with reachable():
            state = await _sql.stored_under(self._pool, referral_id=referral_id, key_index=key_index)
        return MessageState(state) if state else None


def _amendment(row: Mapping[str, Any] | None) -> Amendment | None:
    if row is None:
        return None
    actor = Actor.model_validate(row["actor"]) if row["actor"] else SOURCE
    return Amendment(actor.label, row["at"])
