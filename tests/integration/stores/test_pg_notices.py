"""Notices say that something waits, once, to whom it concerns, and nothing about the patient."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.mails import notice_mail
from firstdose.adapters.postgres.messages.notices import PostgresNotifier
from firstdose.adapters.postgres.messages.outbox import Outbox, OutboxMessage
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.ports import Impossible, Notice, Recipient, Topic

Actions = Callable[[str], Awaitable[list[str]]]
Refer = Callable[..., Awaitable[str]]


@pytest.fixture
def notifier(pool: Pool, vault: Vault, audit: AuditTrail, outbox: Outbox) -> PostgresNotifier:
    return PostgresNotifier(pool, vault, audit, outbox, {"pharmacist": "pharmacists@pharmacy.example"})


def notice(referral_id: str, recipient: Recipient, topic: Topic = Topic.WELCOME, key: str = "k1") -> Notice:
    return Notice(referral_id=referral_id, key=key, recipient=recipient, topic=topic)


async def stored(pool: Pool, outbox: Outbox) -> list[OutboxMessage]:
    return await outbox.claim(pool, 50, timedelta(0), datetime.now(UTC))


async def test_the_patient_is_written_to_once_per_key(
    pool: Pool, notifier: PostgresNotifier, outbox: Outbox, referral_id: str, actions: Actions
) -> None:
    for _ in range(3):
        await notifier.tell(notice(referral_id, Recipient.PATIENT))
    [delivery] = await stored(pool, outbox)
    assert (delivery.channel, delivery.recipient, delivery.key) == ("mail", "patient", "k1")
    assert delivery.body["to"] == "Zkanarivogel@example.org"
    assert await actions(referral_id) == ["received", "notice.stored"]


async def test_a_role_is_written_to_at_its_mailbox(
    pool: Pool, notifier: PostgresNotifier, outbox: Outbox, referral_id: str
) -> None:
    await notifier.tell(notice(referral_id, Recipient.PHARMACIST, Topic.ASSESSMENT_DUE))
    [delivery] = await stored(pool, outbox)
    assert (delivery.recipient, delivery.body["to"]) == ("pharmacist", "pharmacists@pharmacy.example")
    number = await pool.fetchval("SELECT referral_number FROM referrals WHERE id = $1", referral_id)
    assert number in delivery.body["text"]


@pytest.mark.parametrize("recipient", Recipient)
@pytest.mark.parametrize("topic", Topic)
def test_every_notice_has_words_and_none_tells_the_patient_a_number(recipient: Recipient, topic: Topic) -> None:
    mail = notice_mail("somebody@pharmacy.example", "FD-34679A", recipient, topic)
    assert len(mail["subject"]) > 10
    assert ("FD-34679A" in mail["text"]) is (recipient is not Recipient.PATIENT)
    assert mail["to"] not in mail["subject"] + mail["text"]


async def test_without_an_address_only_the_audit_says_so(
    pool: Pool, notifier: PostgresNotifier, outbox: Outbox, refer: Refer, actions: Actions
) -> None:
    referral_id = await refer(**{"patient.email": None})
    again = [notifier.tell(notice(referral_id, Recipient.PATIENT)) for _ in range(5)]
    await asyncio.gather(*again)
    await notifier.tell(notice(referral_id, Recipient.PRESCRIBER, key="k2"))
    assert await stored(pool, outbox) == []
    assert (await actions(referral_id))[1:] == ["notice.no_address", "notice.no_address"]


async def test_a_patient_who_must_not_be_contacted_is_not(
    pool: Pool, notifier: PostgresNotifier, outbox: Outbox, refer: Refer, actions: Actions
) -> None:
    referral_id = await refer(benefits_check_only=True)
    await notifier.tell(notice(referral_id, Recipient.PATIENT))
    assert await stored(pool, outbox) == []
    assert (await actions(referral_id))[1:] == ["notice.contact_not_allowed"]


async def test_the_address_is_in_no_table_in_the_clear(
    notifier: PostgresNotifier, referral_id: str, in_the_clear: Callable[[], Awaitable[list[str]]]
) -> None:
    await notifier.tell(notice(referral_id, Recipient.PATIENT))
    assert await in_the_clear() == []


async def test_an_unknown_or_shredded_referral_is_impossible(
    pool: Pool, vault: Vault, notifier: PostgresNotifier, referral_id: str
) -> None:
    with pytest.raises(Impossible, match="unknown_referral"):
        await notifier.tell(notice(new_id(), Recipient.PATIENT))
    async with transaction(pool) as connection:
        await vault.shred(connection, referral_id)
    with pytest.raises(Impossible, match="referral_shredded"):
        await notifier.tell(notice(referral_id, Recipient.PATIENT))
