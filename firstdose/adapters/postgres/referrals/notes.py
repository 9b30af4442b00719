"""Notes that staff write about a referral: sealed under its key like its facts, and never changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import NoDataKey, RecordSealer, Vault
from firstdose.adapters.postgres.messages.messages import Conflict, UnknownReferral
from firstdose.adapters.postgres.paging import BadCursor, Cursor, Page, is_uuid, page_of
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.role import Actor, Role

NOTE_WRITTEN: Final = "note_written"

_sql = load("referral_notes")


class ReferralNote(BaseModel):
    """`author` as the audit names people, `staff:…`; `roles` as they were then."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    at: datetime
    author: str
    roles: tuple[Role, ...]
    text: str = Field(repr=False)


class ReferralNotes:
    """Everything raises Unavailable. Times are the database's."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit

    async def write(self, actor: Actor, referral_id: str, text: str, *, key: str | None = None) -> ReferralNote:
        """Store a note and its audit; the same key with the same text again is the note stored before.

        Raises UnknownReferral, also for a shredded one, and Conflict for the key with another text.
        """
        async with transaction(self._pool) as connection:
            sealer = await self._sealer(connection, referral_id)
            await _sql.lock_referral(connection, referral_id=referral_id)
            key_index = self._vault.index("note-key", f"{actor.label} {key}") if key else None
            if before := await _sql.stored_as(connection, referral_id=referral_id, key_index=key_index):
                return _same(_opened(before, sealer), text)
            note = new_id()
            at = await _sql.add(
                connection,
                id=note,
                referral_id=referral_id,
                author=actor.label,
                roles=list(actor.roles),
                sealed=sealer.seal(text, **_place(note)),
                key_index=key_index,
            )
            await self._audit.write(
                connection,
                referral_id,
                at=at,
                actor=actor.label,
                action=NOTE_WRITTEN,
                details={"note": note, "roles": list(actor.roles), "characters": len(text)},
            )
        return ReferralNote(id=note, at=at, author=actor.label, roles=actor.roles, text=text)

    async def page(self, referral_id: str, cursor: str | None = None, limit: int = 50) -> Page[ReferralNote]:
        """The newest first. Raises UnknownReferral, also for a shredded one, and BadCursor."""
        before = Cursor.read(cursor)
        if before and not is_uuid(before.id):
            raise BadCursor("not a cursor of this list")
        async with transaction(self._pool) as connection:
            sealer = await self._sealer(connection, referral_id)
            found = _sql.page(
                connection,
                referral_id=referral_id,
                before_at=before.at if before else None,
                before_id=before.id if before else None,
                size=limit + 1,
            )
            notes = [_opened(row, sealer) async for row in found]
        return page_of(notes, limit, lambda note: Cursor(note.at, note.id))

    async def _sealer(self, connection: Connection, referral_id: str) -> RecordSealer:
        try:
            return await self._vault.sealer(connection, referral_id)
        except NoDataKey:
            raise UnknownReferral("no such referral") from None


async def note_texts(connection: Connection, referral_id: str, sealer: RecordSealer | None) -> dict[str, str]:
    """What was written, by the note's id; nothing of a shredded referral."""
    if sealer is None:
        return {}
    rows = [row async for row in _sql.texts(connection, referral_id=referral_id)]
    return {str(row["id"]): sealer.open(row["sealed"], **_place(str(row["id"]))) for row in rows}


def _opened(row: Mapping[str, Any], sealer: RecordSealer) -> ReferralNote:
    note = str(row["id"])
    text = sealer.open(row["sealed"], **_place(note))
    return ReferralNote(id=note, at=row["written_at"], author=row["author"], roles=tuple(row["roles"]), text=text)


def _same(stored: ReferralNote, text: str) -> ReferralNote:
    if stored.text != text:
        raise Conflict("the key came with another note before")
    return stored


def _place(note: str) -> dict[str, str]:
    return {"table": "referral_notes", "row": note, "column": "sealed"}
