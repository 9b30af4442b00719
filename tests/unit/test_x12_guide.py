"""Every X12 message that we send against our own table of what the guides demand, which finds what is wrong."""

from collections.abc import Iterator, Sequence

import pytest

from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.envelope import ELIGIBILITY, REVIEW, REVIEW_INQUIRY, TransactionType
from firstdose.adapters.payers.x12.segments import Segment, read
from firstdose.domain.authorization.lines import Certification
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Relationship, Sex
from firstdose.payer_ports import PayerCase
from firstdose.ports import PortError
from tests.contract.cases import US, case, endpoint, lines, two_antibiotics
from tests.contract.memory import MemoryControlNumbers
from tests.unit.test_x12_channel import Clearinghouse
from tests.unit.x12_guide import errors, rows, table

KINDS = {ELIGIBILITY: "270", REVIEW: "278", REVIEW_INQUIRY: "278 inquiry"}
_HEADER, _TRAILER = 3, 3


def changed(asked: PayerCase, **changes: object) -> PayerCase:
    return asked.model_copy(update={"referral": asked.referral.model_copy(update=changes)})


def asked_for() -> Iterator[PayerCase]:
    """What a request may hold, each way once."""
    plain = case()
    referral, plan = plain.referral, plain.referral.coverages[0]
    yield plain
    yield changed(plain, coverages=(plan.model_copy(update={"subscriber": None, "relationship": Relationship.SELF}),))
    yield changed(plain, coverages=(plan.model_copy(update={"relationship": Relationship.OTHER}),))
    yield changed(plain, patient=referral.patient.model_copy(update={"sex": Sex.UNKNOWN, "family_name": "Łódź-Ærø"}))
    holder = plan.subscriber.model_copy(update={"sex": Sex.MALE}) if plan.subscriber else None
    yield changed(plain, coverages=(plan.model_copy(update={"subscriber": holder}),))
    yield changed(plain, discharge_at=None, order=referral.order.model_copy(update={"requested_start": None}))
    many = tuple(f"M86.{number}" for number in range(100, 120))
    yield changed(plain, order=referral.order.model_copy(update={"diagnoses": many}))
    yield changed(plain, prescriber=referral.prescriber.model_copy(update={"npi": None, "name": "Morgan Tester, MD"}))
    yield two_antibiotics()
    yield case(endpoint(name="A" * 200), expedited=True)
    yield case(lines=lines(site=Site.SUITE))
    for certification in Certification:
        asked = tuple(one.model_copy(update={"number": "AUTH 77"}) for one in lines(certification=certification))
        yield case(lines=asked, previous_trace="a" * 32, expedited=True)
    first, *others = lines()
    yield case(lines=(first, *(one.model_copy(update={"certification": Certification.RENEWAL}) for one in others)))


async def sent() -> list[tuple[TransactionType, list[Segment]]]:
    """What the channel sends of each, all it can do tried: the answer does not matter."""
    there = Clearinghouse(b"")
    x12 = X12Channel(there, US, MemoryControlNumbers())
    for asked in asked_for():
        for send in (x12.verify_benefits, x12.submit, x12.inquire, x12.void):
            with pytest.raises(PortError):
                await send(asked)
        with pytest.raises(PortError, match="documents_not_electronic"):
            await x12.send_documents(asked, ["clinical_note"])
    return [(kind, read(raw)) for kind, _, raw in there.got]


def body_of(message: Sequence[Segment]) -> list[Segment]:
    return list(message[_HEADER:-_TRAILER])


async def test_every_message_that_we_send_is_as_its_guide_says() -> None:
    messages = await sent()
    assert {kind for kind, _ in messages} == set(KINDS)
    assert len(messages) == 4 * len(list(asked_for()))
    for kind, message in messages:
        assert errors(body_of(message), KINDS[kind]) == []
        told = table()["guides"][KINDS[kind]]["reference"]
        assert (message[1].value(8), message[2].value(3)) == (told, told)


async def test_what_is_cancelled_is_sent_as_a_cancellation() -> None:
    cancels = [body for kind, body in (await sent())[3::4] if kind == REVIEW]
    assert len(cancels) == len(list(asked_for()))
    assert {um.value(2) for body in cancels for um in body if um.tag == "UM"} == {"3"}


async def test_each_segment_and_element_that_is_left_out_or_wrong_is_found() -> None:
    """For each message, whatever the table calls required is taken away once."""
    of_kind = {kind: body_of(message) for kind, message in await sent()}
    for kind, body in of_kind.items():
        name = KINDS[kind]
        for place, one in enumerate(body):
            if one.tag == "HL":
                continue
            assert errors([*body[:place], one, one, *body[place + 1 :]], name) or one.tag in ("EQ", "TRN")
            longer = Segment(one.tag, (*one.elements, *[(("",),)] * (15 - len(one.elements)), (("X",),)))
            assert errors([*body[:place], longer, *body[place + 1 :]], name)
            empty = Segment(one.tag, ((("",),), *one.elements[1:]))
            assert errors([*body[:place], empty, *body[place + 1 :]], name) or one.tag == "EQ"
        for tag in ("BHT", "NM1", "UM", "SV1"):
            if any(one.tag == tag for one in body):
                assert errors([one for one in body if one.tag != tag], name)
        assert errors([*body[:1], *reversed(body[1:])], name)


def test_each_row_of_the_table_has_a_source() -> None:
    assert {row["source"] for row in rows()} <= set(table()["sources"])
    for guide in ("270", "278"):
        levels = table()["guides"][guide]["levels"].values()
        unsourced = [row for level in levels for row in level["segments"] if row["source"] == "memory"]
        assert [(row["segment"], row["when"]) for row in unsourced] == ([("DTP", ["096"])] if guide == "278" else [])
