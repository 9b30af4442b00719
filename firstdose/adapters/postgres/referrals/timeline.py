"""What happened to a referral, from all that was kept of it: audit, messages, payers' answers, what was sent."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from firstdose.adapters.keyring.sealed_texts import shown
from firstdose.adapters.postgres.keys.vault import NoDataKey, RecordSealer, Vault
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.notes import NOTE_WRITTEN, note_texts
from firstdose.adapters.postgres.referrals.views import WORDS, TimelineEntry
from firstdose.adapters.postgres.staff.reading_access import BROKEN_GLASS, grant_notes
from firstdose.domain.work.role import Actor, ActorKind

_sql = load("referral_reading")
_replies_sql = load("payer_replies")
_WRITTEN = ("note", "argument", "findings", "reason", "program")
"""Where a message has what a person wrote."""


async def timeline(connection: Connection, vault: Vault, referral_id: str) -> list[TimelineEntry]:
    """Oldest first; at the same moment in the order: audit, messages, answers of payers, notices."""
    try:
        sealer = await vault.sealer(connection, referral_id)
    except NoDataKey:
        sealer = None
    entries = [
        *[entry async for entry in _audited(connection, referral_id, sealer)],
        *[entry async for entry in _messages(connection, referral_id, sealer)],
        *[entry async for entry in _answers(connection, referral_id, sealer)],
        *[entry async for entry in _replies(connection, referral_id, sealer)],
        *[entry async for entry in _sent(connection, referral_id)],
    ]
    return sorted(entries, key=lambda entry: entry.at)


async def _audited(
    connection: Connection, referral_id: str, sealer: RecordSealer | None
) -> AsyncIterator[TimelineEntry]:
    written = {
        BROKEN_GLASS: ("grant", await grant_notes(connection, referral_id, sealer)),
        NOTE_WRITTEN: ("note", await note_texts(connection, referral_id, sealer)),
    }
    async for row in _sql.audited(connection, chain=referral_id):
        name, texts = written.get(row["action"], ("", {}))
        note = texts.get(row["details"].get(name, ""))
        yield TimelineEntry(at=row["at"], what=row["action"], actor=row["actor"], details=row["details"], note=note)


async def _messages(
    connection: Connection, referral_id: str, sealer: RecordSealer | None
) -> AsyncIterator[TimelineEntry]:
    async for row in _sql.received(connection, referral_id=referral_id):
        details = {"message": row["id"], "kind": row["kind"]}
        yield TimelineEntry(
            at=row["received_at"],
            what="message.received",
            actor=Actor.model_validate(row["actor"]).label,
            details=details,
            note=_note(sealer, row),
        )
        if row["settled_at"]:
            outcome = {**details, "refusal": row["refusal"]}
            yield TimelineEntry(at=row["settled_at"], what=f"message.{row['state']}", details=outcome)


def _note(sealer: RecordSealer | None, row: Mapping[str, Any]) -> str | None:
    if sealer is None or row["sealed"] is None:
        return None
    payload = sealer.open(row["sealed"], table="messages", row=row["id"], column="sealed")
    return "\n".join(payload[name] for name in _WRITTEN if isinstance(payload.get(name), str)) or None


async def _answers(
    connection: Connection, referral_id: str, sealer: RecordSealer | None
) -> AsyncIterator[TimelineEntry]:
    texts = sealer.texts if sealer else None
    async for row in _sql.answered(connection, referral_id=referral_id):
        answer = shown(row["answer"], texts)
        remarks = _filled(answer.pop("remarks", ()))
        details = {"contact": row["contact_id"], "via": row["via"], "answer": answer, **remarks}
        yield TimelineEntry(at=row["received_at"], what="payer.answered", actor=_payer(row), details=details)


async def _replies(
    connection: Connection, referral_id: str, sealer: RecordSealer | None
) -> AsyncIterator[TimelineEntry]:
    texts = sealer.texts if sealer else None
    async for row in _replies_sql.of_referral(connection, referral_id=referral_id):
        told = {name: shown(row[name], texts) for name in ("problem", "benefits") if row[name] is not None}
        details = {"contact": row["contact_id"], **told, **_filled(shown(row["remarks"], texts))}
        what = "payer.unclear" if row["problem"] else "payer.answered"
        yield TimelineEntry(at=row["received_at"], what=what, actor=_payer(row), details=details)


def _payer(row: Mapping[str, Any]) -> str:
    return Actor(kind=ActorKind.PAYER, id=row["payer"]).label


def _filled(remarks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Each remark without the fields that it does not fill; nothing where nothing was remarked."""
    told = [{name: value for name, value in one.items() if value not in (None, [])} for one in remarks]
    return {WORDS: told} if told else {}


async def _sent(connection: Connection, referral_id: str) -> AsyncIterator[TimelineEntry]:
    async for row in _sql.sent(connection, referral_id=referral_id):
        details = {"channel": row["channel"], "recipient": row["recipient"]}
        yield TimelineEntry(at=row["created_at"], what="outbox.stored", details=details)
        if row["delivered_at"]:
            yield TimelineEntry(at=row["delivered_at"], what="outbox.delivered", details=details)
        elif row["last_problem"]:
            # Its moment is not kept, only that it is so: shown where the delivery was stored.
            problem = {**details, "state": row["state"], "problem": row["last_problem"]}
            yield TimelineEntry(at=row["created_at"], what="outbox.not_delivered", details=problem)
