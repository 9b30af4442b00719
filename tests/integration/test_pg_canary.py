"""Words that identify a patient are planted everywhere; in the whole database none of them can be read."""

import base64
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.intake import Intake, WebhookDelivery
from firstdose.adapters.postgres.referrals.notes import ReferralNotes
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.source_message import CancelReason
from firstdose.domain.work.message import Message, MessageKind
from firstdose.domain.work.role import Actor

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CANARY = "Zkanarivogel"


class Said(NamedTuple):
    source_referral_id: str
    referral: Referral | None = None
    reason: CancelReason | None = None
    note: str | None = None


def planted(**patient: Any) -> Referral:
    data = {
        "source_referral_id": f"{CANARY}-1",
        "source": {"contact_name": f"{CANARY} desk"},
        "patient": {
            "family_name": CANARY,
            "given_name": f"{CANARY}a",
            "birth_date": "1961-07-23",
            "phones": [f"555 {CANARY}"],
            "address": {"line": [f"1 {CANARY} Street"], "city": CANARY, "state": "OH", "postal_code": "44145"},
            "allergies": [{"substance": f"{CANARY}illin"}],
            "history": f"{CANARY} history",
            **patient,
        },
        "coverages": [{"payer": {"id": "acme-health"}, "member_id": f"{CANARY}77", "group": CANARY}],
        "prescriber": {"name": f"Dr {CANARY}"},
        "order": {"dose": f"2 g {CANARY}", "frequency": f"every {CANARY}", "pump": CANARY, "diagnoses": ["M86.9"]},
        "documents": [
            {"kind": "clinical_note", "title": CANARY, "data": base64.b64encode(CANARY.encode()).decode()},
        ],
    }
    return Referral.read(data, today=date(2026, 3, 2))


async def readable(pool: Pool) -> list[str]:
    """The tables in which the canary can be read: as text, in bytes, or in base64."""
    spellings = [CANARY.lower(), CANARY.encode().hex(), base64.b64encode(CANARY.encode())[:14].decode().lower()]
    tables = [row[0] for row in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    found = []
    for table in tables:
        rows = await pool.fetch(f"SELECT lower(t::text) FROM {table} AS t")  # noqa: S608 - names of our own tables
        if any(spelling in row[0] for row in rows for spelling in spellings):
            found.append(table)
    return found


async def test_nothing_that_identifies_a_patient_can_be_read_in_the_database(
    pool: Pool, intake: Intake, vault: Vault, audit: AuditTrail
) -> None:
    messages, outbox = Messages(pool, vault, audit), Outbox(vault, audit)
    number = f"{CANARY}-1"
    for webhook, said in {
        "w1": Said(number, planted()),
        "w2": Said(number, planted(given_name=f"{CANARY}b")),
        "w3": Said(number, None, CancelReason.DECEASED, f"{CANARY} died"),
    }.items():
        receipt = await intake.accept(WebhookDelivery("mercy", webhook, CANARY.encode() + webhook.encode(), said, AT))
    note = Message(
        id=new_id(),
        referral_id=receipt.referral_id,
        kind=MessageKind.RESOLVE,
        actor=Actor(id="staff-1"),
        sealed={"facts": {"patient.phones": [CANARY]}, CANARY: CANARY},
        received_at=AT,
    )
    await messages.post(note, idempotency_key="k")
    async with transaction(pool) as connection:
        await outbox.put(
            connection,
            key="k",
            referral_id=receipt.referral_id,
            channel="billing",
            recipient="billing",
            body={"patient": CANARY},
            at=AT,
        )
    await outbox.claim(pool, 10, timedelta(seconds=1), AT)
    await ReferralNotes(pool, vault, audit).write(note.actor, receipt.referral_id, CANARY, key=CANARY)
    assert await pool.fetchval("SELECT count(*) FROM messages") == 4
    assert await readable(pool) == []


async def test_the_look_finds_what_is_written_in_the_clear(pool: Pool, referral_id: str) -> None:
    await pool.execute("UPDATE messages SET body = $1", {"note": CANARY})
    await pool.execute("UPDATE referral_revisions SET sealed = $1", b"\x01" + CANARY.encode())
    await pool.execute("UPDATE referrals SET blocked_by = $1", [base64.b64encode(CANARY.encode()).decode()])
    assert sorted(await readable(pool)) == ["messages", "referral_revisions", "referrals"]
