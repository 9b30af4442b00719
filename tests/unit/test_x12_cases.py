"""X12 inputs from public bug reports, where they lie beside the project: each as a careful person would want it.

The same kinds have inputs of our own in test_x12_basic_text.py and test_x12_remarks.py.
"""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.eligibility_270 import inquiry
from firstdose.adapters.payers.x12.request_278 import submission
from firstdose.domain.authorization.answer_match import Ours, Whose, whose_answer
from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.authorization.lines import LineKind, LineState
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.referral.facts import outline
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Referral
from firstdose.payer_ports import PayerCase, ReceivedAnswer, ReceivedBenefits, UnclearAnswer
from firstdose.ports import Impossible
from tests.contract.cases import US, case
from tests.contract.memory import MemoryControlNumbers
from tests.unit.test_x12_channel import Clearinghouse

CASES = Path(__file__).parents[3] / "shared/fixtures/cases"
ISOLDE = {"family_name": "Quillfeather", "given_name": "Isolde", "birth_date": "1961-04-09"}
MARY = {"family_name": "Quillfeather", "given_name": "Mary", "birth_date": "2015-10-14"}

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are not here")


def referred(name: str) -> PayerCase:
    data = json.loads((CASES / f"{name}.json").read_text())["data"]
    return _asking(Referral.read({**data, "source_referral_id": "R-1"}, today=date(2026, 11, 28)))


def asked(person: dict[str, str], *, subscriber: dict[str, str] | None = None) -> PayerCase:
    """By the one whom the collected answers are about."""
    data = case().referral.model_dump(mode="json")
    plan = {"payer": {"id": "northstar"}, "member_id": "M1", "line_of_business": "commercial"}
    own = {"relationship": "child", "subscriber": subscriber} if subscriber else {"relationship": "self"}
    data |= {"patient": {**data["patient"], **person}, "coverages": [{**plan, **own}]}
    drug = {"name": "ertapenem", "hcpcs": "J1335"}
    ordered = {"drug": drug, "dose": "1 g", "route": "IV", "frequency": "q24h", "duration_days": 14}
    data["order"] = {"therapy": "anti_infective", "requested_start": "2026-12-05", **ordered}
    return _asking(Referral.read(data, today=date(2026, 11, 21)))


def _asking(referral: Referral) -> PayerCase:
    lines = lines_for(outline(referral), Site.HOME)
    drug = tuple(line for line in lines if line.kind is LineKind.DRUG)
    return case(referral=referral, lines=tuple(one.model_copy(update={"units": 14}) for one in drug), trace="TRACE1")


def channel(name: str) -> X12Channel:
    """A clearinghouse that brings the collected answer."""
    return X12Channel(Clearinghouse((CASES / name).read_bytes()), US, MemoryControlNumbers())


async def benefits(name: str, by: PayerCase) -> ReceivedBenefits:
    received = await channel(name).verify_benefits(by)
    assert whose_answer(received.named, Ours.of(by.trace, by.referral)) is Whose.OURS
    return received


async def unclear(name: str) -> tuple[str, list[tuple[str, str | None, str | None]]]:
    with pytest.raises(UnclearAnswer) as found:
        await channel(name).verify_benefits(asked(ISOLDE))
    return found.value.problem.value, [(one.kind.value, one.code, one.text) for one in found.value.remarks]


@pytest.mark.parametrize(("name", "family", "given"), [("80a", "LUKASIEWICZ", "DORDE"), ("80e", "NGUYEN", None)])
def test_names_are_spelled_whole(name: str, family: str, given: str | None) -> None:
    for message in (inquiry(referred(name), US), submission(referred(name), US)):
        (member,) = [one for one in message if one.value(8) == "MI"]
        assert member.value(3) == family
        assert given in (None, member.value(4))


def test_a_name_in_hebrew_letters_is_a_persons() -> None:
    for write in (inquiry, submission):
        with pytest.raises(Impossible, match="family_name_cannot_be_sent"):
            write(referred("80c"), US)


def test_a_medicare_number_goes_without_dashes_for_the_day_of_service() -> None:
    told = inquiry(referred("81"), US)
    assert [one.value(9) for one in told if one.value(8) == "MI"] == ["1EG4TE5MK73"]
    assert [one.value(3) for one in told if one.tag == "DTP"] == ["20261205"]


async def test_a_copay_by_place_is_that_of_home() -> None:
    assert (await benefits("82.answer-pos.x12", asked(ISOLDE))).benefits.copay == Decimal(25)


async def test_a_number_of_the_event_is_the_lines() -> None:
    received: ReceivedAnswer = await channel("83b.answer-evref.x12").submit(asked(ISOLDE))
    (line,) = received.answer.lines
    assert (line.state, line.number, line.valid_to) == (LineState.APPROVED, "EVENTAUTH77", date(2027, 3, 1))


async def test_a_dependent_and_accents_are_read() -> None:
    rowan = {"family_name": "Quillfeather", "given_name": "Rowan", "birth_date": "1985-03-03"}
    child = await benefits("84.answer-dep.x12", asked(MARY, subscriber=rowan))
    assert child.benefits.status is CoverageStatus.ACTIVE
    accents = await benefits("84b.answer-latin.x12", asked(ISOLDE))
    assert [one.text for one in accents.benefits.remarks] == ["PLAN NÚMERO UNO"]


async def test_another_payer_is_seen_by_a_person() -> None:
    problem, said = await unclear("86.answer-otherpayer.x12")
    assert problem == "another_payer_named"
    assert ("another_payer", "R", "SUNNY ADVANTAGE HMO") in said


async def test_no_days_left_is_shown() -> None:
    problem, said = await unclear("88b.answer-limit.x12")
    assert problem == "benefit_used_up"
    assert ("limit", "F", None) in said


async def test_two_plans_are_a_persons_who_is_told_why() -> None:
    problem, said = await unclear("88c.answer-twoplans.x12")
    assert problem == "several_plans_answered"
    assert said == [("plan", "6", "OLD PLAN"), ("plan", "1", "NEW PLAN")]


async def test_the_reject_code_itself_is_told() -> None:
    assert await unclear("92.answer-aaa43.x12") == ("eligibility_not_told", [("rejected", "43", None)])
