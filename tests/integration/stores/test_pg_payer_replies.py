"""Replies of payers: kept once under their own name, sealed, and never another patient's."""

from base64 import b64decode
from collections.abc import Awaitable, Callable

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.payers.contacts import PostgresContacts
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.authorization.answer_match import Named, Whose
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.identity import Person
from firstdose.domain.sealed_text import is_sealed_text
from firstdose.payer_ports import Contact, ContactPurpose, ForeignAnswer, PayerReply, Received
from firstdose.ports import Impossible
from tests.integration.stores.conftest import AT

CANARY = "Zkanarivogel"
TRACE = "0123456789abcdef0123456789abcdef"
RAW = f'{{"patient": "{CANARY}"}}'.encode()
REMARKS = (
    PayerRemark(kind=RemarkKind.REJECTED, where="AAA03", code="43", follow_up="C"),
    PayerRemark(kind=RemarkKind.MESSAGE, where="MSG01", text=f"{CANARY} HAS MOVED", code=CANARY, about=(CANARY,)),
)
UNCLEAR = PayerReply(problem=ProblemCode.ELIGIBILITY_NOT_TOLD, remarks=REMARKS)
UNDERSTOOD = PayerReply(benefits=Benefits(status=CoverageStatus.ACTIVE, reference=CANARY), remarks=REMARKS)

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
        purpose=ContactPurpose.ELIGIBILITY,
        trace=TRACE,
        created_at=AT,
    )
    return await contacts.begin(asked)


def came(raw: bytes = RAW, *patients: tuple[Person, ...]) -> Received:
    return Received(raw=raw, named=Named(frozenset([TRACE]), patients=patients))


@pytest.mark.parametrize(
    ("reply", "name", "told"),
    [
        (UNCLEAR, "payer_contact.unclear", {"problem": "eligibility_not_told"}),
        (UNDERSTOOD, "payer_contact.answered", {"status": "active"}),
    ],
)
async def test_it_is_kept_once_and_audited_by_its_own_name(
    pool: Pool, contacts: PostgresContacts, contact: Contact, reply: PayerReply, name: str, told: dict[str, str]
) -> None:
    for _ in range(2):
        await contacts.keep_reply(contact.id, came(), reply)
    details = await pool.fetch("SELECT details FROM audit WHERE action = $1", name)
    common = {"contact": contact.id, "payer": contact.payer, "via": "response", "bytes": len(RAW)}
    assert [row["details"] for row in details] == [{**common, **told}]
    assert await pool.fetchval("SELECT count(*) FROM payer_replies") == 1
    assert await pool.fetchval("SELECT count(*) FROM payer_unreadable") == 0


async def test_what_is_told_anew_is_kept_beside_it(pool: Pool, contacts: PostgresContacts, contact: Contact) -> None:
    for raw, reply in ((RAW, UNCLEAR), (b"other", UNCLEAR), (b"other", UNDERSTOOD)):
        await contacts.keep_reply(contact.id, came(raw), reply)
    kept = await pool.fetch("SELECT number, problem FROM payer_replies ORDER BY number")
    assert [tuple(row) for row in kept] == [(1, UNCLEAR.problem), (2, UNCLEAR.problem), (3, None)]


@pytest.mark.parametrize("reply", [UNCLEAR, UNDERSTOOD])
async def test_its_texts_are_sealed_where_it_goes_and_where_it_lies(
    pool: Pool,
    vault: Vault,
    contacts: PostgresContacts,
    contact: Contact,
    in_the_clear: Callable[[], Awaitable[list[str]]],
    reply: PayerReply,
) -> None:
    sealed = await contacts.keep_reply(contact.id, came(), reply)
    assert (sealed.remarks[0].code, sealed.remarks[0].where) == ("43", "AAA03"), "codes travel as they are"
    assert all(map(is_sealed_text, (sealed.remarks[1].text, sealed.remarks[1].code, *sealed.remarks[1].about)))
    assert await in_the_clear() == []
    async with pool.acquire() as connection:
        sealer = await vault.sealer(connection, contact.referral_id)
    kept = await pool.fetchval("SELECT sealed FROM payer_replies")
    assert b64decode(sealer.open(kept, table="payer_replies", row=f"{contact.id}/1", column="sealed")) == RAW


async def test_what_another_patients_payer_says_is_no_reply(
    pool: Pool, contacts: PostgresContacts, contact: Contact, actions: Actions
) -> None:
    another = (Person(births=frozenset(["1959-09-02"])),)
    with pytest.raises(ForeignAnswer, match=Whose.ANOTHER_PATIENT):
        await contacts.keep_reply(contact.id, came(RAW, another), UNCLEAR)
    assert await pool.fetchval("SELECT count(*) FROM payer_replies") == 0
    assert (await actions(contact.referral_id))[-1] == "payer_contact.foreign_answer"


async def test_a_shredded_referral_takes_no_reply(
    pool: Pool, vault: Vault, contacts: PostgresContacts, contact: Contact
) -> None:
    async with transaction(pool) as connection:
        await vault.shred(connection, contact.referral_id)
    with pytest.raises(Impossible, match="referral_shredded"):
        await contacts.keep_reply(contact.id, came(), UNCLEAR)
