"""The payer's desk where a payer answers for another: nothing is decided by it, and nothing is sent a second time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.domain.authorization.answer_match import Named, Whose
from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.identity import Person
from firstdose.payer_ports import ForeignAnswer, PayerCase, Received, ReceivedAnswer, ReceivedBenefits
from firstdose.ports import AuthorizationRequest, EffectRequest, Unavailable
from tests.contract.cases import endpoint, lines, referral
from tests.contract.memory import MemoryContacts, MemoryFiles, MemoryPayer, MemorySubscriptions

FOREIGN = Named(patients=((Person(births=frozenset(["1959-09-02"])),),))
APPROVED = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.APPROVED),))
PENDED = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.PENDED),))


@dataclass
class Confused(MemoryPayer):
    """Answers with what it is given, about whom it is given."""

    submitted: Named = FOREIGN
    inquired: Named | None = None
    says: PayerAnswer = APPROVED
    calls: list[str] = field(default_factory=list)
    away: bool = False

    async def verify_benefits(self, case: PayerCase) -> ReceivedBenefits:
        return ReceivedBenefits(raw=b"{}", named=self.submitted, benefits=Benefits(status=CoverageStatus.ACTIVE))

    async def submit(self, case: PayerCase) -> ReceivedAnswer:
        self.calls.append("submit")
        return ReceivedAnswer(raw=b"{}", named=self.submitted, answer=self.says)

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        self.calls.append("inquire")
        if self.away:
            raise Unavailable(ProblemCode.PAYER_UNREACHABLE)
        return None if self.inquired is None else ReceivedAnswer(raw=b"{}", named=self.inquired, answer=APPROVED)

    async def void(self, case: PayerCase) -> Received | None:
        return Received(raw=b"{}", named=self.submitted)


def office(payer: Confused, other: MemoryPayer | None = None) -> tuple[PayerGatewayService, MemoryContacts]:
    contacts = MemoryContacts(referral())
    plan = Plan(
        payer="northstar",
        eligibility=Channel.PAS,
        eligibility_fallback=(Channel.X12,) if other else (),
        authorization=Channel.PAS,
    )
    desk = PayerGatewayService(
        MemoryFiles(CaseFile(referral(), endpoint(), plan)),
        contacts,
        MemorySubscriptions(),
        {Channel.PAS: payer, **({Channel.X12: other} if other else {})},
        public_url="http://127.0.0.1:1",
        subscription_secret=lambda _: "secret",
        clock=lambda: datetime.now(UTC),
    )
    return desk, contacts


def asking(**changes: object) -> AuthorizationRequest:
    return AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines()).model_copy(update=changes)


async def test_a_submission_answered_for_another_is_asked_for_once_and_then_a_persons() -> None:
    payer = Confused()
    desk, contacts = office(payer)
    asked = asking()
    with pytest.raises(ForeignAnswer, match=Whose.ANOTHER_PATIENT):
        await desk.submit(asked)
    assert payer.calls == ["submit", "inquire"]
    assert contacts.answers == {}
    assert contacts.unreadable == {asked.key: [b"{}"]}
    assert contacts.contacts[asked.key].attempted, "the payer may have it"


async def test_ours_is_found_by_asking() -> None:
    payer = Confused(inquired=Named())
    desk, contacts = office(payer)
    asked = asking()
    assert (await desk.submit(asked)).answer.lines == APPROVED.lines
    assert [answer.lines for _, answer in contacts.answers[asked.key]] == [APPROVED.lines]


async def test_where_asking_fails_too_it_is_asked_again_before_anything_is_sent() -> None:
    payer = Confused(away=True)
    desk, _ = office(payer)
    asked = asking()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await desk.submit(asked)
    assert payer.calls == ["submit", "inquire", "inquire"]


async def test_an_inquiry_answered_for_another_changes_nothing() -> None:
    payer = Confused(submitted=Named(), inquired=FOREIGN, says=PENDED)
    desk, contacts = office(payer)
    asked = asking()
    await desk.submit(asked)
    with pytest.raises(ForeignAnswer, match=Whose.ANOTHER_PATIENT):
        await desk.inquire(EffectRequest(referral_id="r", key=asked.key))
    assert [answer.lines for _, answer in contacts.answers[asked.key]] == [PENDED.lines]
    known = await desk.read(EffectRequest(referral_id="r", key=asked.key))
    assert known is not None
    assert known.lines == PENDED.lines


async def test_benefits_of_another_are_none() -> None:
    desk, contacts = office(Confused())
    key = str(uuid4())
    with pytest.raises(ForeignAnswer, match=Whose.ANOTHER_PATIENT):
        await desk.verify_benefits(EffectRequest(referral_id="r", key=key))
    assert contacts.unreadable == {key: [b"{}"]}
    fallen_back, _ = office(Confused(), MemoryPayer())
    assert (await fallen_back.verify_benefits(EffectRequest(referral_id="r", key=key))).channel is Channel.X12
    good, _ = office(Confused(submitted=Named()))
    assert (await good.verify_benefits(EffectRequest(referral_id="r", key=key))).status is CoverageStatus.ACTIVE


async def test_a_cancellation_confirmed_for_another_is_none() -> None:
    payer = Confused(submitted=Named())
    desk, _ = office(payer)
    asked = asking()
    await desk.submit(asked)
    await desk.void(asking(replaces=asked.key))
    payer.submitted = FOREIGN
    with pytest.raises(ForeignAnswer, match=Whose.ANOTHER_PATIENT):
        await desk.void(asking(replaces=asked.key))
