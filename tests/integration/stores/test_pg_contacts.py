"""Contacts with payers: the intent first, each answer once, and what came lies sealed."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.contacts import PostgresContacts
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.vault import Vault
from firstdose.domain.authorization import InformationRequest, LineAnswer, LineState, PayerAnswer
from firstdose.ports import Contact, Impossible, Purpose, ReceivedAnswer, Via

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PENDED = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.PENDED),), tracking="T-1", received_at=AT)
RAW = b'{"patient": "Zkanarivogel"}'

Actions = Callable[[str], Awaitable[list[str]]]


@pytest.fixture
def contacts(pool: Pool, vault: Vault, audit: AuditTrail) -> PostgresContacts:
    return PostgresContacts(pool, vault, audit)


@pytest.fixture
async def contact(contacts: PostgresContacts, referral_id: str) -> Contact:
    return await contacts.begin(a_contact(referral_id))


def a_contact(referral_id: str, trace: str = "TRN1") -> Contact:
    return Contact(
        id=new_id(),
        referral_id=referral_id,
        payer="acme-health",
        purpose=Purpose.AUTHORIZATION,
        trace=trace,
        created_at=AT,
    )


def received(answer: PayerAnswer) -> ReceivedAnswer:
    return ReceivedAnswer(raw=RAW, answer=answer)


async def test_an_intent_is_stored_once_and_found_by_id_and_trace(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    assert await contacts.begin(contact) == contact
    assert await contacts.find(contact.id) == contact
    assert await contacts.by_trace("acme-health", "TRN1") == contact
    assert await contacts.by_trace("other", "TRN1") is None
    assert await contacts.find(new_id()) is None
    assert await actions(referral_id) == ["received", "payer_contact.begun"]


async def test_begun_again_it_says_that_the_payer_may_have_it(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    await contacts.mark_attempted(contact.id)
    await contacts.mark_attempted(contact.id)
    assert (await contacts.begin(contact)).attempted
    assert (await actions(referral_id))[1:] == ["payer_contact.begun", "payer_contact.attempted"]


async def test_a_trace_number_belongs_to_one_contact(
    contacts: PostgresContacts, contact: Contact, referral_id: str
) -> None:
    with pytest.raises(Impossible, match="trace_number_in_use"):
        await contacts.begin(a_contact(referral_id, contact.trace))


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"received_at": datetime(2026, 3, 9, tzinfo=UTC)}, False),
        ({"tracking": "T-2"}, True),
        ({"lines": (LineAnswer(sequence=1, state=LineState.APPROVED),)}, True),
        ({"information": InformationRequest(wanted=("lab",), due_on=date(2026, 3, 9))}, True),
    ],
)
async def test_an_answer_is_kept_if_it_says_something_new(
    contacts: PostgresContacts, contact: Contact, change: dict[str, object], *, kept: bool
) -> None:
    assert await contacts.latest_answer(contact.id) is None
    assert await contacts.keep_answer(contact.id, Via.RESPONSE, received(PENDED))
    next_one = PENDED.model_copy(update=change)
    assert await contacts.keep_answer(contact.id, Via.INQUIRY, received(next_one)) is kept
    assert await contacts.latest_answer(contact.id) == (next_one if kept else PENDED)


async def test_a_former_answer_that_comes_again_is_news(contacts: PostgresContacts, contact: Contact) -> None:
    other = PENDED.model_copy(update={"tracking": "T-2"})
    kept = [await contacts.keep_answer(contact.id, Via.INQUIRY, received(each)) for each in (PENDED, other, PENDED)]
    assert kept == [True, True, True]


async def test_the_same_answer_in_many_ways_at_once_is_kept_once(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    kept = await asyncio.gather(*(contacts.keep_answer(contact.id, via, received(PENDED)) for via in list(Via) * 3))
    assert sum(kept) == 1
    assert (await actions(referral_id)).count("payer_contact.answered") == 1


async def test_what_came_lies_sealed_and_can_be_opened(
    pool: Pool,
    vault: Vault,
    contacts: PostgresContacts,
    contact: Contact,
    in_the_clear: Callable[[], Awaitable[list[str]]],
) -> None:
    await contacts.keep_answer(contact.id, Via.RESPONSE, received(PENDED))
    assert await in_the_clear() == []
    sealed = await pool.fetchval("SELECT sealed FROM payer_answers")
    async with pool.acquire() as connection:
        sealer = await vault.sealer(connection, contact.referral_id)
    raw = sealer.open(sealed, table="payer_answers", row=f"{contact.id}/1", column="sealed")
    assert b64decode(raw) == RAW


async def test_an_answer_that_nobody_asked_for_or_can_seal_is_impossible(
    pool: Pool, vault: Vault, contacts: PostgresContacts, contact: Contact
) -> None:
    with pytest.raises(Impossible, match="unknown_referral"):
        await contacts.begin(a_contact(new_id(), "TRN2"))
    with pytest.raises(Impossible, match="unreadable_answer"):
        await contacts.keep_answer(contact.id, Via.RESPONSE, received(PENDED.model_copy(update={"tracking": "\0"})))
    with pytest.raises(Impossible, match="unknown_contact"):
        await contacts.keep_answer(new_id(), Via.RESPONSE, received(PENDED))
    async with transaction(pool) as connection:
        await vault.shred(connection, contact.referral_id)
    with pytest.raises(Impossible, match="referral_shredded"):
        await contacts.keep_answer(contact.id, Via.RESPONSE, received(PENDED))
