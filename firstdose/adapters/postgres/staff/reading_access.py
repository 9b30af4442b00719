"""Who may read a referral's facts now: by their part in it, or for an hour after they broke the glass."""

from datetime import datetime

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import NoDataKey, RecordSealer, Vault
from firstdose.adapters.postgres.paging import is_uuid
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.permissions import Act, may
from firstdose.domain.work.reading import GRANT_LASTS, BreakGlassReason, Involvement, may_read
from firstdose.domain.work.role import Actor

BROKEN_GLASS = "break_glass"

_sql = load("reading_access")


class ReadingAccess:
    """Everything raises Unavailable. Times are the database's."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit

    async def may_read(self, actor: Actor, referral_id: str) -> bool:
        """Also for what is no referral, which nobody but a supervisor may read then."""
        if may(actor, Act.READ_FACTS):
            return True
        if not is_uuid(referral_id):
            return False
        async with reachable():
            row = await _sql.involvement(
                self._pool,
                referral_id=referral_id,
                subject=actor.id,
                roles=list(actor.roles),
                nurses=list(actor.nurses),
            )
        return may_read(actor, Involvement(**row))

    async def break_glass(
        self, actor: Actor, referral_id: str, reason: BreakGlassReason, note: str | None = None
    ) -> datetime:
        """Until when the actor may read it. Raises LookupError for an unknown or shredded referral."""
        grant = new_id()
        async with transaction(self._pool) as connection:
            try:
                sealer = await self._vault.sealer(connection, referral_id)
            except NoDataKey:
                raise LookupError("no such referral, or its facts were shredded") from None
            row = await _sql.grant_access(
                connection,
                id=grant,
                referral_id=referral_id,
                subject=actor.id,
                reason=reason,
                sealed=None if note is None else sealer.seal(note, **_place(grant)),
                lasts=GRANT_LASTS,
            )
            await self._audit.write(
                connection,
                referral_id,
                at=row["granted_at"],
                actor=actor.label,
                action=BROKEN_GLASS,
                details={"grant": grant, "reason": reason, "roles": list(actor.roles), "until": row["ends_at"]},
            )
        ends_at: datetime = row["ends_at"]
        return ends_at


async def grant_notes(connection: Connection, referral_id: str, sealer: RecordSealer | None) -> dict[str, str]:
    """What people wrote when they broke the glass, by the grant; nothing of a shredded referral."""
    if sealer is None:
        return {}
    rows = [row async for row in _sql.notes(connection, referral_id=referral_id)]
    return {str(row["id"]): sealer.open(row["sealed"], **_place(str(row["id"]))) for row in rows}


def _place(grant: str) -> dict[str, str]:
    return {"table": "break_glass", "row": grant, "column": "sealed"}
