"""Contacts with payers: the intent first, each answer once, and what came lies sealed."""

import asyncio
import hashlib
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.payers.answers import AnswerBook
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.payers.contacts import PostgresContacts
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.answers import CONTRADICTED
from firstdose.domain.authorization.lines import (
    InformationRequest,
    Line,
    LineAnswer,
    LineKind,
    LineState,
    PayerAnswer,
    PayerEvent,
)
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.remark import RemarkKind
from firstdose.domain.problem import ProblemCode
from firstdose.domain.sealed_text import opened_texts
from firstdose.payer_ports import Contact, ContactPurpose, ReceivedAnswer, Via
from firstdose.ports import Impossible

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def a_word(state: LineState) -> PayerAnswer:
    return PayerAnswer(lines=(LineAnswer(sequence=1, state=state),), tracking="T-1", received_at=AT)


PENDED, APPROVED = a_word(LineState.PENDED), a_word(LineState.APPROVED)
RAW = b'{"patient": "Zkanarivogel"}'
OURS = Named(requests=frozenset(["TRN1"]))

Actions = Callable[[str], Awaitable[list[str]]]


class Readable(PostgresContacts):
    """Opens the texts of the answers that the store gives back sealed."""

    async def keep_answer(self, contact_id: str, *args: Any, **named: Any) -> PayerAnswer:
        return await self._opened(contact_id, await super().keep_answer(contact_id, *args, **named))

    async def latest_answer(self, contact_id: str) -> PayerAnswer | None:
        answer = await super().latest_answer(contact_id)
        return answer and await self._opened(contact_id, answer)

    async def _opened(self, contact_id: str, answer: PayerAnswer) -> PayerAnswer:
        contact = await self.find(contact_id)
        assert contact is not None
        async with transaction(self._pool) as connection:
            return opened_texts(answer, (await self._vault.sealer(connection, contact.referral_id)).texts)


@pytest.fixture
def contacts(pool: Pool, vault: Vault, audit: AuditTrail) -> PostgresContacts:
    return Readable(pool, vault, audit)


@pytest.fixture
async def contact(contacts: PostgresContacts, referral_id: str) -> Contact:
    return await contacts.begin(a_contact(referral_id))


def a_contact(referral_id: str, trace: str = "TRN1") -> Contact:
    return Contact(
        id=new_id(),
        referral_id=referral_id,
        payer="acme-health",
        purpose=ContactPurpose.AUTHORIZATION,
        trace=trace,
        asked=(
            Line(sequence=1, kind=LineKind.DRUG, code="J0696", place_of_service="12", units=14, valid_to=AT.date()),
        ),
        created_at=AT,
    )


def received(answer: PayerAnswer) -> ReceivedAnswer:
    return ReceivedAnswer(raw=RAW, named=OURS, answer=answer)


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
    await contacts.mark_attempted(contact, Channel.PAS)
    stands = await contacts.begin(contact)
    assert (stands.attempted, stands.channel) == (True, Channel.PAS)
    assert stands == await contacts.find(contact.id) == await contacts.by_trace(contact.payer, contact.trace)
    assert (await actions(referral_id))[1:] == ["payer_contact.begun", "payer_contact.attempted"]


async def test_of_two_that_found_the_same_one_may_send(contacts: PostgresContacts, contact: Contact) -> None:
    both = (contacts.mark_attempted(contact, channel) for channel in (Channel.PAS, Channel.X12))
    refused = [each for each in await asyncio.gather(*both, return_exceptions=True) if each]
    assert [str(each) for each in refused] == ["request_under_way"]
    stands = await contacts.find(contact.id)
    assert stands is not None
    await contacts.mark_attempted(stands, Channel.X12)


async def test_an_attempt_without_effect_is_taken_back(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    await contacts.mark_attempted(contact, Channel.PAS)
    await contacts.take_back(contact)
    assert await contacts.find(contact.id) == contact
    assert (await actions(referral_id))[-2:] == ["payer_contact.attempted", "payer_contact.without_effect"]

    await contacts.mark_attempted(contact, Channel.PAS)
    in_doubt = await contacts.find(contact.id)
    assert in_doubt is not None
    await contacts.mark_attempted(in_doubt, Channel.X12)
    await contacts.take_back(contact)
    assert await contacts.find(contact.id) == in_doubt.model_copy(update={"channel": Channel.X12, "attempts": 2})
    await contacts.take_back(in_doubt)
    assert await contacts.find(contact.id) == in_doubt, "the former attempt is in doubt as before"


async def test_a_trace_number_belongs_to_one_contact(
    contacts: PostgresContacts, contact: Contact, referral_id: str
) -> None:
    with pytest.raises(Impossible, match="trace_number_in_use"):
        await contacts.begin(a_contact(referral_id, contact.trace))


@pytest.mark.parametrize(
    ("change", "news"),
    [
        ({"received_at": datetime(2026, 3, 9, tzinfo=UTC)}, False),
        ({"tracking": "T-2"}, True),
        ({"lines": (LineAnswer(sequence=1, state=LineState.APPROVED),)}, True),
        ({"information": InformationRequest(wanted=("lab",), due_on=date(2026, 3, 9))}, True),
    ],
)
async def test_an_answer_is_kept_if_it_says_something_new(
    contacts: PostgresContacts, contact: Contact, change: dict[str, object], *, news: bool
) -> None:
    assert await contacts.latest_answer(contact.id) is None
    assert await contacts.keep_answer(contact.id, Via.RESPONSE, received(PENDED)) == PENDED
    next_one = PENDED.model_copy(update=change)
    stands = next_one if news else PENDED
    assert await contacts.keep_answer(contact.id, Via.INQUIRY, received(next_one)) == stands
    assert await contacts.latest_answer(contact.id) == stands


async def test_a_former_answer_that_comes_again_is_news(contacts: PostgresContacts, contact: Contact) -> None:
    other = PENDED.model_copy(update={"tracking": "T-2"})
    for each in (PENDED, other, PENDED):
        assert await contacts.keep_answer(contact.id, Via.INQUIRY, received(each)) == each


async def test_the_same_answer_in_many_ways_at_once_is_kept_once(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    await asyncio.gather(*(contacts.keep_answer(contact.id, via, received(PENDED)) for via in list(Via) * 3))
    assert (await actions(referral_id)).count("payer_contact.answered") == 1


class Halting(AuditTrail):
    """Stops a transaction at its end, with its locks held, until it may go on."""

    def __init__(self, keyring: Keyring) -> None:
        super().__init__(keyring)
        self.reached, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def write(self, connection: Connection, chain: str, **record: Any) -> None:
        await super().write(connection, chain, **record)
        self.reached.set()
        await self.may_go_on.wait()


async def test_a_decision_that_overtakes_the_response_stands(
    pool: Pool,
    vault: Vault,
    keyring: Keyring,
    contacts: PostgresContacts,
    contact: Contact,
    until_waiting: Callable[..., Awaitable[None]],
) -> None:
    """The notification is on its way into the store when the response that it overtook comes in."""
    slow = Halting(keyring)
    notified = AnswerBook(Readable(pool, vault, slow), lambda: AT)
    decided = asyncio.create_task(notified.keep(contact, Via.NOTIFICATION, received(APPROVED)))
    await slow.reached.wait()
    response = asyncio.create_task(AnswerBook(contacts, lambda: AT).keep(contact, Via.RESPONSE, received(PENDED)))
    await until_waiting(response)
    assert not response.done()
    slow.may_go_on.set()
    assert await decided == await response == await contacts.latest_answer(contact.id) == APPROVED


async def test_what_was_overtaken_is_kept_aside_once_and_audited(
    pool: Pool, contacts: PostgresContacts, contact: Contact, referral_id: str
) -> None:
    for answer in (APPROVED, PENDED, PENDED):
        assert await contacts.keep_answer(contact.id, Via.RESPONSE, received(answer)) == APPROVED
    audited = await pool.fetch("SELECT details FROM audit WHERE action = 'payer_contact.answered' ORDER BY seq")
    told = {"contact": contact.id, "payer": contact.payer, "via": "response"}
    assert [row["details"] for row in audited] == [
        {**told, "lines": {"1": "approved"}},
        {**told, "lines": {"1": "pended"}, "applied": False},
    ]
    assert [row["number"] for row in await pool.fetch("SELECT number FROM payer_overtaken")] == [1]


EVENT = PayerEvent(subscription="S1", number=7, answers=(hashlib.sha256(RAW).hexdigest(),))


async def test_an_event_that_comes_again_is_not_judged_again(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    unclear, denied = a_word(LineState.NEEDS_REVIEW), a_word(LineState.DENIED)
    await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(unclear), EVENT)
    await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(denied))
    assert await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(unclear), EVENT) == denied
    assert (await actions(referral_id)).count("payer_contact.answered") == 2


@pytest.mark.parametrize("change", [{"number": 8}, {"subscription": "S2"}])
async def test_another_event_is_judged(contacts: PostgresContacts, contact: Contact, change: dict[str, object]) -> None:
    unclear = a_word(LineState.NEEDS_REVIEW)
    await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(unclear), EVENT)
    await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(a_word(LineState.DENIED)))
    other = EVENT.model_copy(update=change)
    stands = await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(unclear), other)
    assert [(line.state, line.reason_code) for line in stands.lines] == [(LineState.NEEDS_REVIEW, CONTRADICTED)]


async def test_news_under_an_old_number_is_taken_and_audited(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    """The payer has begun to count anew."""
    await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(PENDED), EVENT)
    news = ReceivedAnswer(raw=b"other", named=OURS, answer=APPROVED)
    anew = EVENT.model_copy(update={"answers": (hashlib.sha256(b"other").hexdigest(),)})
    assert await contacts.keep_answer(contact.id, Via.NOTIFICATION, news, anew) == APPROVED
    assert "payer_contact.event_number_used_before" in await actions(referral_id)
    # and what the number brought at first is still known
    assert await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(PENDED), EVENT) == APPROVED
    assert (await actions(referral_id)).count("payer_contact.answered") == 2


async def test_answers_that_came_together_are_no_second_use_of_their_number(
    contacts: PostgresContacts, contact: Contact, referral_id: str, actions: Actions
) -> None:
    second = await contacts.begin(a_contact(referral_id, "TRN2"))
    both = EVENT.model_copy(update={"answers": (*EVENT.answers, hashlib.sha256(b"other").hexdigest())})
    await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(APPROVED), both)
    theirs = Named(requests=frozenset([second.trace]))
    news = ReceivedAnswer(raw=b"other", named=theirs, answer=APPROVED)
    await contacts.keep_answer(second.id, Via.NOTIFICATION, news, both)
    assert await contacts.latest_answer(second.id) == APPROVED
    assert "payer_contact.event_number_used_before" not in await actions(referral_id)


class Unwritable(AuditTrail):
    async def write(self, connection: Connection, chain: str, **record: Any) -> None:
        raise Impossible(ProblemCode.PAYER_OUTAGE)


async def test_an_event_is_taken_with_its_answer_or_not_at_all(
    pool: Pool, vault: Vault, keyring: Keyring, contacts: PostgresContacts, contact: Contact
) -> None:
    with pytest.raises(Impossible, match="payer_outage"):
        await Readable(pool, vault, Unwritable(keyring)).keep_answer(
            contact.id, Via.NOTIFICATION, received(APPROVED), EVENT
        )
    await contacts.keep_answer(contact.id, Via.RESPONSE, received(PENDED))
    assert await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(APPROVED), EVENT) == APPROVED


async def test_what_cannot_be_read_is_shown_masked_and_lies_sealed(
    contacts: PostgresContacts,
    contact: Contact,
    referral_id: str,
    actions: Actions,
    in_the_clear: Callable[[], Awaitable[list[str]]],
) -> None:
    assert await contacts.unreadable(referral_id) is None
    body = b"<html>We are upgrading our system, Zkanarivogel 1961.</html>"
    for _ in range(2):
        await contacts.keep_unreadable(contact.id, body)
    shown = await contacts.unreadable(referral_id)
    assert shown is not None
    assert shown.excerpt == "<html>xx are upgrading our system, xxxxxxxxxxxx 9999.</html>"
    assert shown.bytes == len(body)
    assert await in_the_clear() == []
    assert (await actions(referral_id)).count("payer_contact.unreadable") == 1


async def test_of_what_cannot_be_read_the_newest_few_are_kept(
    pool: Pool, contacts: PostgresContacts, contact: Contact, referral_id: str
) -> None:
    for number in range(8):
        await contacts.keep_unreadable(contact.id, b"<p>" * number)
    assert [row["number"] for row in await pool.fetch("SELECT number FROM payer_unreadable")] == [4, 5, 6, 7, 8]
    shown = await contacts.unreadable(referral_id)
    assert shown is not None
    assert shown.excerpt == "<x>" * 7


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
    with pytest.raises(Impossible, match="unknown_contact"):
        await contacts.keep_answer(new_id(), Via.RESPONSE, received(PENDED))
    with pytest.raises(Impossible, match="unknown_contact"):
        await contacts.keep_unreadable(new_id(), RAW)
    await contacts.keep_unreadable(contact.id, RAW)
    async with transaction(pool) as connection:
        await vault.shred(connection, contact.referral_id)
    with pytest.raises(Impossible, match="referral_shredded"):
        await contacts.keep_answer(contact.id, Via.RESPONSE, received(PENDED))
    with pytest.raises(Impossible, match="referral_shredded"):
        await contacts.keep_unreadable(contact.id, b"other")
    assert await contacts.unreadable(contact.referral_id) is None


def foreign_words(model: type[BaseModel]) -> dict[str, Any]:
    """A word in each text of the model, at any depth, whatever fields it will get."""
    words: dict[str, Any] = {}
    for name, kept in model.model_fields.items():
        kind = next((each for each in get_args(kept.annotation) if each is not type(None)), kept.annotation)
        if str in (kind, kept.annotation):
            words[name] = (f"Zkanari{name}",) if get_origin(kept.annotation) is tuple else f"Zkanari{name}"
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            told = {"sequence": 1, "state": LineState.PENDED, "kind": RemarkKind.MESSAGE}
            inner = kind(**told, **foreign_words(kind))
            words[name] = (inner,) if get_origin(kept.annotation) is tuple else inner
    return words


async def test_no_text_of_a_payer_is_readable_in_any_table(
    pool: Pool, contacts: PostgresContacts, contact: Contact
) -> None:
    told = PayerAnswer(**foreign_words(PayerAnswer))
    assert {"number", "reason_code", "wanted", "control_number", "tracking", "text", "where", "about"} <= set(
        re.findall(r"Zkanari([a-z_]+)", told.model_dump_json())
    )
    event = PayerEvent(subscription="Zkanarisubscription", number=1, answers=("digest",))
    for answer in (told, told.model_copy(update={"tracking": "Zkanariother"}), told):
        kept = await contacts.keep_answer(contact.id, Via.NOTIFICATION, received(answer), event)
    assert kept == told
    tables = [row[0] for row in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        rows = "".join(row[0] for row in await pool.fetch(f"SELECT t::text FROM {table} AS t"))  # noqa: S608
        assert "zkanari" not in rows.lower(), table
        assert b"zkanari".hex() not in rows.lower(), table
