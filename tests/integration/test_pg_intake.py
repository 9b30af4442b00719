"""Whatever a source sends, however often and in parallel: one referral, nothing lost, nothing readable."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Conflict, Messages, UnknownReferral
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.intake import Intake, IntakeStatus, Receipt, WebhookDelivery
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.source_message import CancelReason
from firstdose.domain.work.message import MessageState

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REFERRAL = {
    "source_referral_id": "N-77",
    "patient": {"family_name": "Testperson", "address": {"state": "OH"}},
    "coverages": [{"payer": {"id": "acme-health"}, "member_id": "M1"}],
    "order": {"therapy": "anti_infective", "drug": {"name": "Ceftriaxone"}},
}
OTHER_PATIENT = {"patient": {"family_name": "Changed"}}


class Said(NamedTuple):
    source_referral_id: str
    referral: Referral | None = None
    reason: CancelReason | None = None
    note: str | None = None


class Source(NamedTuple):
    """Makes what a source sends."""

    name: str = "general-hospital"

    def referral(self, webhook_id: str, *, body: bytes = b"{}", **changes: object) -> WebhookDelivery:
        referral = Referral.read({**REFERRAL, **changes}, today=date(2026, 3, 2))
        return WebhookDelivery(self.name, webhook_id, body, Said(referral.source_referral_id, referral), AT)

    def cancellation(self, webhook_id: str, *, note: str | None = None) -> WebhookDelivery:
        return WebhookDelivery(self.name, webhook_id, b"cancel", Said("N-77", None, CancelReason.TRANSFERRED, note), AT)


@pytest.fixture
def from_source() -> Source:
    return Source()


async def messages_of(pool: Pool) -> list[Any]:
    return await pool.fetch("SELECT id, kind, actor, body, sealed FROM messages ORDER BY ordinal")


async def counts(pool: Pool) -> tuple[int, ...]:
    tables = ("referrals", "referral_keys", "referral_revisions", "messages", "audit", "webhook_receipts")
    return tuple([await pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables])  # noqa: S608 - fixed names


async def test_a_new_referral_is_stored_sealed_with_its_start_and_its_audit(
    pool: Pool, intake: Intake, vault: Vault, audit: AuditTrail, from_source: Source
) -> None:
    await PayerTable(pool).import_payers([{"id": "acme-health", "name": "Acme Health"}])
    delivery = from_source.referral("w1")
    receipt = await intake.accept(delivery)
    assert receipt.status is IntakeStatus.ACCEPTED
    assert await counts(pool) == (1, 1, 1, 1, 1, 1)
    (start,) = await messages_of(pool)
    assert (start["kind"], start["actor"]["id"], start["body"], start["sealed"]) == ("start", "source", {}, None)
    row = await pool.fetchrow("SELECT * FROM referral_revisions")
    assert row is not None
    async with pool.acquire() as connection:
        sealer = await vault.sealer(connection, receipt.referral_id)
    facts = sealer.open(row["sealed"], table="referral_revisions", row=f"{receipt.referral_id}/1", column="sealed")
    assert Referral.model_validate(facts) == delivery.message.referral
    assert row["message_id"] == start["id"]
    outline = await pool.fetchval("SELECT outline FROM referrals")
    assert (outline["therapy"], outline["payer_id"], outline["state"]) == ("anti_infective", "acme-health", "OH")
    assert (await audit.verify(pool)).intact


async def test_the_same_webhook_again_is_a_duplicate(pool: Pool, intake: Intake, from_source: Source) -> None:
    receipt = await intake.accept(from_source.referral("w1"))
    before = await counts(pool)
    assert await intake.accept(from_source.referral("w1")) == Receipt(receipt.referral_id, IntakeStatus.DUPLICATE)
    assert await counts(pool) == before


async def test_the_same_webhook_id_with_another_body_is_a_conflict(
    pool: Pool, intake: Intake, from_source: Source
) -> None:
    await intake.accept(from_source.referral("w1"))
    before = await counts(pool)
    with pytest.raises(Conflict):
        await intake.accept(from_source.referral("w1", body=b"other"))
    with pytest.raises(Conflict):
        await intake.accept(from_source.referral("w1", body=b"other", source_referral_id="OTHER"))
    assert await counts(pool) == before


async def test_a_webhook_that_was_stored_by_its_id_is_still_known(
    pool: Pool, intake: Intake, from_source: Source
) -> None:
    """As before migration 17; since then the id itself is not kept."""
    receipt = await intake.accept(from_source.referral("w1"))
    assert await pool.fetchval("SELECT webhook_id FROM webhook_receipts") is None
    await pool.execute("UPDATE webhook_receipts SET webhook_id = 'w1', webhook_index = NULL")
    assert await intake.accept(from_source.referral("w1")) == Receipt(receipt.referral_id, IntakeStatus.DUPLICATE)
    with pytest.raises(Conflict):
        await intake.accept(from_source.referral("w1", body=b"other"))


async def test_the_same_content_under_another_webhook_id_is_a_duplicate(
    pool: Pool, intake: Intake, from_source: Source
) -> None:
    receipt = await intake.accept(from_source.referral("w1"))
    again = await intake.accept(from_source.referral("w2", body=b"{ }"))
    assert again == Receipt(receipt.referral_id, IntakeStatus.DUPLICATE)
    assert await counts(pool) == (1, 1, 1, 1, 1, 2)


async def test_other_content_is_an_amendment_with_the_facts_sealed(
    pool: Pool, intake: Intake, vault: Vault, audit: AuditTrail, from_source: Source
) -> None:
    receipt = await intake.accept(from_source.referral("w1"))
    changed = from_source.referral("w2", body=b"2", **OTHER_PATIENT)
    assert await intake.accept(changed) == receipt
    _, amend = await messages_of(pool)
    assert (amend["kind"], amend["body"]) == ("amend", {})
    async with pool.acquire() as connection:
        sealed = await Messages(pool, vault, audit).sealed_part(connection, amend["id"])
    assert sealed is not None
    assert Referral.model_validate(sealed["referral"]) == changed.message.referral


async def test_a_duplicate_is_what_the_source_said_last(
    pool: Pool, intake: Intake, vault: Vault, audit: AuditTrail, from_source: Source
) -> None:
    await intake.accept(from_source.referral("w1"))
    await intake.accept(from_source.referral("w2", body=b"2", **OTHER_PATIENT))
    assert (
        await intake.accept(from_source.referral("w3", body=b"3", **OTHER_PATIENT))
    ).status is IntakeStatus.DUPLICATE
    # Back to the first version: that is news. And news that the process refused may be sent again.
    assert (await intake.accept(from_source.referral("w4", body=b"4"))).status is IntakeStatus.ACCEPTED
    refused = (await messages_of(pool))[-1]["id"]
    await Messages(pool, vault, audit).settle(refused, MessageState.REFUSED, "closed")
    assert (await intake.accept(from_source.referral("w5", body=b"5"))).status is IntakeStatus.ACCEPTED


async def test_the_same_number_from_another_source_is_another_referral(
    pool: Pool, intake: Intake, from_source: Source
) -> None:
    first = await intake.accept(from_source.referral("w1"))
    second = await intake.accept(Source("st-elsewhere").referral("w1"))
    assert second.status is IntakeStatus.ACCEPTED
    assert first.referral_id != second.referral_id


async def test_a_cancellation_goes_to_the_referral_with_its_note_sealed(
    pool: Pool, intake: Intake, vault: Vault, audit: AuditTrail, from_source: Source
) -> None:
    receipt = await intake.accept(from_source.referral("w1"))
    assert await intake.accept(from_source.cancellation("w2", note="canary words")) == receipt
    _, cancel = await messages_of(pool)
    assert (cancel["kind"], cancel["body"]) == ("cancel", {"reason": "transferred"})
    async with pool.acquire() as connection:
        assert await Messages(pool, vault, audit).sealed_part(connection, cancel["id"]) == {"note": "canary words"}
    assert (await intake.accept(from_source.cancellation("w3"))).status is IntakeStatus.DUPLICATE


async def test_a_cancellation_of_what_never_came_is_refused_and_not_remembered(
    pool: Pool, intake: Intake, from_source: Source
) -> None:
    with pytest.raises(UnknownReferral):
        await intake.accept(from_source.cancellation("w1"))
    assert await counts(pool) == (0,) * 6


async def test_news_of_a_shredded_referral_is_refused(
    pool: Pool, intake: Intake, vault: Vault, from_source: Source
) -> None:
    receipt = await intake.accept(from_source.referral("w1"))
    async with transaction(pool) as connection:
        await vault.shred(connection, receipt.referral_id)
    with pytest.raises(UnknownReferral):
        await intake.accept(from_source.referral("w2", body=b"2", **OTHER_PATIENT))


@pytest.mark.parametrize("webhooks", [["w1"] * 30, [f"w{number}" for number in range(30)]], ids=["same", "different"])
async def test_many_deliveries_at_once_create_one_referral(
    pool: Pool, intake: Intake, from_source: Source, webhooks: list[str]
) -> None:
    receipts = await asyncio.gather(*(intake.accept(from_source.referral(webhook)) for webhook in webhooks))
    assert len({receipt.referral_id for receipt in receipts}) == 1
    assert [receipt.status for receipt in receipts].count(IntakeStatus.ACCEPTED) == 1
    assert (await counts(pool))[:5] == (1, 1, 1, 1, 1)


async def test_one_webhook_id_for_many_referrals_at_once_is_accepted_for_one(
    pool: Pool, intake: Intake, from_source: Source
) -> None:
    deliveries = [
        from_source.referral("w1", body=str(number).encode(), source_referral_id=f"R{number}") for number in range(10)
    ]
    outcomes = await asyncio.gather(*(intake.accept(delivery) for delivery in deliveries), return_exceptions=True)
    assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    assert await counts(pool) == (1, 1, 1, 1, 1, 1)
