"""Whose an answer is, judged where it is kept, by the facts of its referral: no door goes round it."""

from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.payers.contacts import PostgresContacts
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.domain.authorization.answer_match import Named, Whose
from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer
from firstdose.domain.referral.identity import Person
from firstdose.payer_ports import Contact, ContactPurpose, ForeignAnswer, Received, ReceivedAnswer, Via
from tests.integration.stores.conftest import AT

APPROVED = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.APPROVED),))
TRACE = "0123456789abcdef0123456789abcdef"
OUR_NUMBER = "Zkanarivogel77"
ANOTHER = (Person(births=frozenset(["1959-09-02"])),)
US = (Person(frozenset([OUR_NUMBER]), births=frozenset(["1961-07-23"])),)

Actions = Callable[[str], Awaitable[list[str]]]


@pytest.fixture
def contacts(pool: Pool, vault: Vault, audit: AuditTrail) -> PostgresContacts:
    return PostgresContacts(pool, vault, audit)


@pytest.fixture
async def contact(contacts: PostgresContacts, referral_id: str) -> Contact:
    asked = Contact(
        id="0f3f6f4e-3d5c-4c58-9a48-0d2a54a0a001",
        referral_id=referral_id,
        payer="acme-health",
        purpose=ContactPurpose.AUTHORIZATION,
        trace=TRACE,
        created_at=AT,
    )
    return await contacts.begin(asked)


def told(*patients: tuple[Person, ...], requests: tuple[str, ...] = (TRACE,), raw: bytes = b"{}") -> ReceivedAnswer:
    return ReceivedAnswer(raw=raw, named=Named(frozenset(requests), patients=patients), answer=APPROVED)


@pytest.mark.parametrize("via", list(Via))
@pytest.mark.parametrize(
    ("received", "problem"),
    [
        (told(ANOTHER), Whose.ANOTHER_PATIENT),
        (told(US, ANOTHER), Whose.ANOTHER_PATIENT),
        (told(ANOTHER, requests=()), Whose.ANOTHER_PATIENT),
        (told(US, requests=("f" * 32,)), Whose.ANOTHER_REQUEST),
        (told(requests=("f" * 32,)), Whose.ANOTHER_REQUEST),
    ],
)
async def test_an_answer_about_another_is_refused_by_every_door(
    contacts: PostgresContacts, contact: Contact, actions: Actions, via: Via, received: ReceivedAnswer, problem: Whose
) -> None:
    for _ in range(2):
        with pytest.raises(ForeignAnswer, match=problem):
            await contacts.keep_answer(contact.id, via, received)
        with pytest.raises(ForeignAnswer, match=problem):
            await contacts.check_whose(contact.id, via, received)
    assert await contacts.latest_answer(contact.id) is None
    assert (await contacts.count_foreign())[problem] == 1
    assert (await actions(contact.referral_id)).count("payer_contact.foreign_answer") == 1


@pytest.mark.parametrize("received", [told(US), told(), told((Person(),))])
@pytest.mark.parametrize("via", list(Via))
async def test_ours_counts_by_every_door(
    contacts: PostgresContacts, contact: Contact, via: Via, received: ReceivedAnswer
) -> None:
    await contacts.check_whose(contact.id, via, received)
    assert await contacts.keep_answer(contact.id, via, received) == APPROVED
    assert sum((await contacts.count_foreign()).values()) == 0


@pytest.mark.parametrize(("via", "counts"), [(Via.RESPONSE, True), (Via.INQUIRY, True), (Via.NOTIFICATION, False)])
async def test_what_names_no_request_counts_only_as_the_answer_to_our_call(
    contacts: PostgresContacts, contact: Contact, via: Via, *, counts: bool
) -> None:
    nameless = told(US, requests=())
    if counts:
        assert await contacts.keep_answer(contact.id, via, nameless) == APPROVED
        return
    with pytest.raises(ForeignAnswer, match=Whose.ANOTHER_REQUEST):
        await contacts.keep_answer(contact.id, via, nameless)


async def test_a_payer_may_repeat_what_we_sent_before_it_was_corrected(
    pool: Pool, vault: Vault, contacts: PostgresContacts, contact: Contact
) -> None:
    async with transaction(pool) as connection:
        revisions = Revisions(vault)
        known = await revisions.current(connection, contact.referral_id)
        corrected = known.patient.model_copy(update={"birth_date": date(1961, 7, 24)})
        facts = known.model_copy(update={"patient": corrected})
        await revisions.add(connection, contact.referral_id, facts, message_id=None, at=AT)
    for born in ("1961-07-23", "1961-07-24"):
        assert (
            await contacts.keep_answer(contact.id, Via.INQUIRY, told((Person(births=frozenset([born])),))) == APPROVED
        )
    with pytest.raises(ForeignAnswer):
        await contacts.keep_answer(contact.id, Via.INQUIRY, told(ANOTHER))


async def test_what_cannot_be_read_pushes_no_foreign_answer_out(
    pool: Pool, contacts: PostgresContacts, contact: Contact
) -> None:
    with pytest.raises(ForeignAnswer):
        await contacts.keep_answer(contact.id, Via.RESPONSE, told(ANOTHER))
    for number in range(8):
        await contacts.keep_unreadable(contact.id, b"<p>" * number)
    for number in range(8):
        with pytest.raises(ForeignAnswer):
            await contacts.check_whose(contact.id, Via.RESPONSE, Received(raw=b"x" * number, named=told(ANOTHER).named))
    kept = await pool.fetch("SELECT problem, count(*) AS number FROM payer_unreadable GROUP BY problem")
    assert {row["problem"]: row["number"] for row in kept} == {"unreadable_answer": 5, Whose.ANOTHER_PATIENT: 5}


async def test_a_stored_answer_is_read_again_as_it_was_judged(contacts: PostgresContacts, contact: Contact) -> None:
    await contacts.keep_answer(contact.id, Via.RESPONSE, told(US))
    denied = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.DENIED),))
    with pytest.raises(ForeignAnswer):
        await contacts.keep_answer(contact.id, Via.NOTIFICATION, told(ANOTHER).model_copy(update={"answer": denied}))
    assert await contacts.latest_answer(contact.id) == APPROVED
