"""What X12 answers say beyond what the process uses is kept as remarks; what only a person can judge is theirs."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark, RemarkKind
from firstdose.payer_ports import UnclearAnswer
from tests.unit.test_x12_eligibility import PAYER, PERSON, SUBSCRIBER, told
from tests.unit.x12_review import DATES, PEOPLE, SV1, TRACE, answer, event, service, states

HMO = ("EB*R**30*HN", "LS*2120", "NM1*PRP*2*SUNNY ADVANTAGE HMO*****PI*H9999", "LE*2120")


def unclear(*said: str, people: Sequence[str] = PERSON) -> UnclearAnswer:
    with pytest.raises(UnclearAnswer) as found:
        told(*said, people=people)
    return found.value


def of(kind: RemarkKind, remarks: Sequence[PayerRemark]) -> list[PayerRemark]:
    return [remark for remark in remarks if remark.kind is kind]


@pytest.mark.parametrize("status", ["EB*1**30*MB", "EB*6**30"])
def test_another_payer_is_a_persons_whatever_the_plan_is(status: str) -> None:
    found = unclear(status, "DTP*291*D8*20200101", *HMO)
    assert found.problem == "another_payer_named"
    (other,) = of(RemarkKind.ANOTHER_PAYER, found.remarks)
    assert (other.where, other.code, other.about) == ("EB01", "R", ("30",))
    assert (other.text, other.number) == ("SUNNY ADVANTAGE HMO", "H9999")


def test_another_payer_of_another_service_is_told_and_stops_nothing() -> None:
    drugs = ("EB*R**88*D", "LS*2120", "NM1*PRP*2*PILL PLAN*****PI*77", "LE*2120")
    found = told("EB*1**30", *drugs, "EB*I**35")
    assert found.status is CoverageStatus.ACTIVE
    assert [(one.kind, one.text) for one in found.remarks] == [("plan", None), ("another_payer", "PILL PLAN")]


@pytest.mark.parametrize(
    "said",
    [("EB*I**30",), ("EB*I**42",), ("EB*E**42",), ("EB*I************HC:99601",), ("EB*I**42", "III*ZZ*12")],
)
def test_what_is_not_covered_is_a_persons(said: Sequence[str]) -> None:
    found = unclear("EB*1**30", *said, "MSG*NOT AT HOME")
    assert found.problem == "service_not_covered"
    assert len(of(RemarkKind.NOT_COVERED, found.remarks)) == 1
    assert [one.text for one in of(RemarkKind.MESSAGE, found.remarks)] == ["NOT AT HOME"]


@pytest.mark.parametrize(
    "said",
    [
        ("EB*I**35",),
        ("EB*I************HC:J0000",),
        ("EB*I**42", "III*ZZ*21"),
        ("EB*I*IND*42*********N",),
        ("EB*F*IND*42***29***DY*12",),
        ("EB*F*IND*35***29***VS*0",),
    ],
)
def test_what_is_not_about_us_stops_nothing(said: Sequence[str]) -> None:
    assert told("EB*1**30", *said).status is CoverageStatus.ACTIVE


def test_a_limit_is_told_and_one_that_is_used_up_is_a_persons() -> None:
    (limit,) = of(RemarkKind.LIMIT, told("EB*1**30", "EB*F*IND*42***29*30**DY*12").remarks)
    assert (limit.quantity, limit.unit, limit.amount, limit.about) == (Decimal(12), "DY", Decimal(30), ("42",))
    found = unclear("EB*1**30", "EB*F*IND*42***23*30**DY*0")
    assert found.problem == "benefit_used_up"
    assert [one.quantity for one in of(RemarkKind.LIMIT, found.remarks)] == [Decimal(0)]


OLD = ("EB*6*IND*30**OLD PLAN", "DTP*291*RD8*20250101-20251231")
NEW = ("EB*1*IND*30**NEW PLAN", "DTP*291*RD8*20260101-20261231")


@pytest.mark.parametrize("said", [(*OLD, *NEW), (*NEW, *OLD), (*NEW, "EB*1*IND*30**THIRD PLAN")])
def test_two_plans_are_a_persons_who_sees_both(said: Sequence[str]) -> None:
    found = unclear(*said)
    assert found.problem == "several_plans_answered"
    plans = {one.text: one for one in of(RemarkKind.PLAN, found.remarks)}
    assert len(plans) == 2
    assert (plans["NEW PLAN"].code, plans["NEW PLAN"].ends_on) == ("1", date(2026, 12, 31))


def test_two_kinds_of_insurance_are_one_plan() -> None:
    assert told("EB*1**30*MA*PART A", "EB*1**30*MB*PART B").status is CoverageStatus.ACTIVE


@pytest.mark.parametrize(
    ("dates", "starts", "ends"),
    [
        (("DTP*346*D8*20260101", "DTP*347*D8*20261231"), date(2026, 1, 1), date(2026, 12, 31)),
        (("DTP*291*RD8*20260101-20261231",), date(2026, 1, 1), date(2026, 12, 31)),
        (("DTP*291*D8*20260101",), date(2026, 1, 1), None),
        ((), None, None),
    ],
)
def test_a_plan_says_from_when_to_when(dates: Sequence[str], starts: date | None, ends: date | None) -> None:
    for said in (("EB*1**30", *dates), (*dates, "EB*1**30")):
        (plan,) = of(RemarkKind.PLAN, told(*said).remarks)
        assert (plan.starts_on, plan.ends_on) == (starts, ends)


def test_the_doctor_beside_a_plan_is_not_its_name() -> None:
    found = told("EB*1**30**GOLD", "LS*2120", "NM1*P3*1*PRIMARYDOC*PAT", "LE*2120")
    assert [one.text for one in of(RemarkKind.PLAN, found.remarks)] == ["GOLD"]


@pytest.mark.parametrize("people", [PERSON, (*PAYER, "AAA*Y**41*N", *SUBSCRIBER)])
def test_a_reject_reason_is_told_as_it_came(people: Sequence[str]) -> None:
    found = unclear("AAA*Y**43*C", people=people)
    assert found.problem == "eligibility_not_told"
    rejected = [(one.where, one.code, one.follow_up) for one in of(RemarkKind.REJECTED, found.remarks)]
    assert rejected[-1] == ("AAA03", "43", "C")
    assert len(rejected) == (1 if people is PERSON else 2)


def test_a_member_who_is_not_found_says_why() -> None:
    found = told("AAA*N**73*C")
    assert found.status is CoverageStatus.NOT_FOUND
    assert [one.code for one in found.remarks] == ["73"]


def test_more_than_a_person_reads_is_left_out() -> None:
    assert len(told("EB*1**30", *["MSG*MORE"] * 500).remarks) == MOST_REMARKS


@pytest.mark.parametrize(
    ("own", "whole", "number"),
    [
        (("HCR*A1*OWN",), ("HCR*A1*WHOLE",), "OWN"),
        (("HCR*A1", "REF*BB*OWN"), ("HCR*A1*WHOLE",), "OWN"),
        (("HCR*A1",), ("HCR*A1*WHOLE",), "WHOLE"),
        (("HCR*A1",), ("HCR*A1", "REF*BB*WHOLE"), "WHOLE"),
        (("HCR*A1",), ("REF*BB*WHOLE",), "WHOLE"),
        (("HCR*A1",), ("HCR*A1", "REF*NT*PEND", "REF*G1*WHOLE"), "WHOLE"),
        (("HCR*A6", "HSD*FL*20"), ("HCR*A6*WHOLE",), "WHOLE"),
        (("HCR*A3",), ("HCR*A2*WHOLE",), None),
        (("HCR*A4",), ("HCR*A2*WHOLE",), None),
        (("HCR*A3*CASE",), ("HCR*A2*WHOLE",), "CASE"),
        (("HCR*A1",), ("HCR*A1", "REF*NT*PEND"), None),
    ],
)
def test_the_number_counts_wherever_it_stands(own: Sequence[str], whole: Sequence[str], number: str | None) -> None:
    found = answer(event(*whole), service(1, *own, DATES))
    assert found.lines[0].number == number


def test_reasons_messages_and_actions_are_told_with_their_line() -> None:
    said = answer(
        event("HCR*A2", "MSG*SEE LETTER"),
        service(1, "HCR*A3**0C^35", "MSG*NOT NEEDED"),
        service(2, "HCR*A1*N", DATES),
        service(3, "HCR*CT", DATES),
    )
    told_ = [(one.kind.value, one.code, one.text, one.line) for one in said.remarks]
    assert told_ == [
        ("action", "A2", None, None),
        ("message", None, "SEE LETTER", None),
        ("action", "A3", None, 1),
        ("reason", "0C", None, 1),
        ("reason", "35", None, 1),
        ("message", None, "NOT NEEDED", 1),
        ("action", "A1", None, 2),
        ("action", "CT", None, 3),
    ]


def test_an_exchanged_service_and_one_that_was_not_asked_for_are_told() -> None:
    other = ["HL*6*5*SS*0", f"TRN*2*{TRACE}-1*9", "HCR*A6*N", DATES, "SV1*HC:J3373**UN*21"]
    added = ["HL*9*5*SS*0", "HCR*A1*N9", "SV1*HC:S9494**UN*7"]
    found = answer(event(), other, service(2, "HCR*A1*N", DATES), service(3, "HCR*A1*N", DATES), added)
    assert states(found)[0] is LineState.MODIFIED
    (exchanged,) = of(RemarkKind.EXCHANGED, found.remarks)
    assert (exchanged.about, exchanged.quantity, exchanged.line) == (("J3373",), Decimal(21), 1)
    assert (exchanged.starts_on, exchanged.ends_on) == (date(2026, 11, 24), date(2027, 2, 22))
    (new,) = of(RemarkKind.ADDED, found.remarks)
    assert (new.about, new.quantity, new.line) == (("S9494",), Decimal(7), None)


def test_a_request_that_was_not_processed_says_why_and_whom_to_ask() -> None:
    people = [*PEOPLE[:2], "PER*IC*REVIEW DESK*TE*8005550100", *PEOPLE[2:], "AAA*Y**72*C"]
    for parts in ((), (event("AAA*Y**33*C"),)):
        found = answer(*parts, people=people)
        assert states(found) == [LineState.NEEDS_REVIEW] * 3
        assert {one.code for one in of(RemarkKind.REJECTED, found.remarks)} >= {"72"}
        (desk,) = of(RemarkKind.CONTACT, found.remarks)
        assert (desk.text, desk.number, desk.code) == ("REVIEW DESK", "8005550100", "TE")


def test_events_that_differ_leave_both_in_sight() -> None:
    other = ["HL*20*4*EV*1", f"TRN*2*{TRACE}*9", "HL*21*20*SS*0", f"TRN*2*{TRACE}-1*9", "HCR*A3**0C", SV1[1]]
    found = answer(event(), service(1, "HCR*A1*N", DATES), other)
    assert [one.code for one in of(RemarkKind.ACTION, found.remarks)] == ["A1", "A3"]
