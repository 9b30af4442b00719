"""What a 271 tells of a plan: in force or not without guessing, amounts only where they are clear."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.x12.answer_match import benefits_named_by
from firstdose.adapters.payers.x12.eligibility_271 import read_benefits
from firstdose.adapters.payers.x12.envelope import read_interchange
from firstdose.adapters.payers.x12.segments import UnreadableX12
from firstdose.domain.authorization.answer_match import Ours, Whose, whose_answer
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.payer_ports import PayerCase, UnclearAnswer
from firstdose.ports import Impossible, PortError, Unavailable
from tests.contract.cases import case
from tests.unit.x12_wire import interchange

TRACE = "0123456789abcdef0123456789abcdef"
ASKED = case(trace=TRACE)
PAYER = ("HL*1**20*1", "NM1*PR*2*NORTHSTAR*****PI*60054", "HL*2*1*21*1", "NM1*1P*2*US*****XX*1234567893")
SUBSCRIBER = ("HL*3*2*22*1", "NM1*IL*1*SAMPLE*JORDAN****MI*SIM-APPROVED-1")
DEPENDENT = (
    "HL*4*3*23*0",
    "TRN*1*BV-77*9NORTHSTAR",
    f"TRN*2*{TRACE}*9123456789",
    "NM1*03*1*SAMPLE*AVERY",
    "DMG*D8*19610417*F",
)
PERSON = (*PAYER, *SUBSCRIBER, *DEPENDENT)


def told(*said: str, people: Sequence[str] = PERSON, asked: PayerCase = ASKED) -> Benefits:
    body = ["BHT*0022*11*T*20261121*1201", *people, *said]
    return read_benefits(read_interchange(interchange("271", body)).transactions[0], asked)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (("EB*1**30",), CoverageStatus.ACTIVE),
        (("EB*4**30",), CoverageStatus.ACTIVE),
        (("EB*6**30",), CoverageStatus.INACTIVE),
        (("EB*1**98^30*HM*GOLD",), CoverageStatus.ACTIVE),
        (("EB*1**30", "EB*6**AL"), CoverageStatus.ACTIVE),
        (("EB*6**30", "EB*1**42"), CoverageStatus.INACTIVE),
        (("EB*1**42", "EB*6**35"), CoverageStatus.ACTIVE),
        (("EB*1",), CoverageStatus.ACTIVE),
        (("EB*1**30", "DTP*291*RD8*20260101-20261231"), CoverageStatus.ACTIVE),
        (("EB*1**30", "DTP*346*D8*20260101", "DTP*347*D8*20261124"), CoverageStatus.ACTIVE),
        (("EB*1**30", "DTP*346*D8*20261122"), CoverageStatus.ACTIVE),
        (("EB*1**30", "EB*6**35", "DTP*347*D8*20200101"), CoverageStatus.ACTIVE),
        (("EB*1**30", "DTP*356*D8*20260101", "DTP*349*D8*20261124"), CoverageStatus.ACTIVE),
        (("EB*1**42", "EB*6**42", "III*ZZ*21"), CoverageStatus.ACTIVE),
    ],
)
def test_the_plan_is_in_force_or_not(said: Sequence[str], status: CoverageStatus) -> None:
    assert told(*said).status is status


@pytest.mark.parametrize(
    "said",
    [
        ("EB*1**30", "EB*6**30"),
        ("EB*5**30",),
        ("EB*8**30",),
        ("EB*1**35",),
        ("EB*B**30***27*40",),
        ("EB*V**30",),
        ("EB*1**30", "DTP*347*D8*soon"),
        ("EB*1**30", "III*ZZ*21"),
    ],
)
def test_what_is_not_clearly_in_force_a_person_finds_out(said: Sequence[str]) -> None:
    with pytest.raises(Impossible) as unclear:
        told(*said)
    assert unclear.value.problem == "eligibility_not_told"


@pytest.mark.parametrize(
    "said",
    [
        ("EB*1**30", "DTP*347*D8*20261123"),
        ("EB*1**30", "DTP*346*D8*20261125"),
        ("EB*1**30", "DTP*291*RD8*20250101-20251231"),
        ("DTP*307*RD8*20250101-20251231", "EB*1**30"),
        ("DTP*357*D8*20261123", "EB*1**30"),
        ("EB*1**30", "DTP*348*D8*20261125"),
        ("EB*1**30", "DTP*292*RD8*20250101-20251231"),
    ],
)
def test_a_plan_that_is_not_in_force_on_the_day_of_service_is_named_as_such(said: Sequence[str]) -> None:
    with pytest.raises(UnclearAnswer) as ended:
        told(*said)
    assert ended.value.problem == "coverage_not_on_that_day"
    assert [remark.kind for remark in ended.value.remarks] == ["plan"]


def test_without_a_wanted_day_the_plan_is_judged_on_the_day_of_asking() -> None:
    order = ASKED.referral.order.model_copy(update={"requested_start": None})
    unsaid = ASKED.model_copy(update={"referral": ASKED.referral.model_copy(update={"order": order})})
    assert told("EB*1**30", "DTP*347*D8*20261121", asked=unsaid).status is CoverageStatus.ACTIVE
    with pytest.raises(UnclearAnswer):
        told("EB*1**30", "DTP*347*D8*20261120", asked=unsaid)


def test_amounts_are_what_remains_and_what_is_paid_each_time() -> None:
    found = told(
        "EB*1**30",
        "EB*C*IND*30***23*1500*****Y",
        "EB*C*IND*30***29*250*****Y",
        "EB*C*FAM*30***29*900*****Y",
        "EB*C*IND*30***29*4000*****N",
        "EB*G*IND*30***29*3000.5*****Y",
        "EB*B*IND*98***27*15*****Y",
        "EB*B*IND*42***27*40*****Y",
        "EB*B*IND*30***27*60*****Y",
        "EB*A*IND*30*****.2****Y",
    )
    assert (found.deductible_remaining, found.out_of_pocket_remaining) == (Decimal(250), Decimal("3000.5"))
    assert (found.copay, found.coinsurance_percent) == (Decimal(40), 20)
    assert (found.in_network, found.channel, found.reference) == (None, Channel.X12, "BV-77")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (("EB*C*IND*30***23*1500",), "deductible_remaining"),
        (("EB*C*IND*30***29*-5",), "deductible_remaining"),
        (("EB*C*IND*30***29*1E3",), "deductible_remaining"),
        (("EB*G*IND*30***29*100", "EB*G*IND*30***29*200"), "out_of_pocket_remaining"),
        (("EB*B*IND*30***27*",), "copay"),
        (("EB*B*IND****27*40*****Y*HC:J3370",), "copay"),
        (("EB*B*IND*42***27*40*****Y", "III*ZZ*21"), "copay"),
        (("EB*B*IND*42***27*40*****Y", "III*BK*B9562"), "copay"),
        (("EB*A*IND*30*****20",), "coinsurance_percent"),
        (("EB*A*IND*30*****.125",), "coinsurance_percent"),
    ],
)
def test_an_amount_that_is_not_clear_is_not_told(said: Sequence[str], field: str) -> None:
    assert getattr(told("EB*1**30", *said), field) is None


def test_a_line_is_free_only_by_the_payers_plain_no() -> None:
    found = told(
        "EB*1**30",
        "EB*1**********N*Y*HC:J3370",
        "EB*1**********N*Y*HC:S9501",
        "MSG*UNLESS GIVEN AT HOME",
        "EB*1**********U*Y*HC:99601",
    )
    assert found.needs_authorization == {LineKind.PER_DIEM, LineKind.NURSING}
    both = told("EB*1**30", "EB*1**********N*Y*HC:J3370", "EB*1**********Y*Y*HC:J3370")
    assert both.needs_authorization == frozenset(LineKind)


def test_what_holds_at_another_place_says_nothing_of_home() -> None:
    said = ("EB*1**30", "EB*B*IND*42***27*40*****Y", "III*ZZ*12", "III*ZZ*21", "EB*B*IND*42***27*90*****Y", "III*ZZ*22")
    assert told(*said).copay == Decimal(40)
    no = "EB*1**********N*Y*HC:J3370"
    assert told("EB*1**30", no, "III*ZZ*12").needs_authorization == {LineKind.PER_DIEM, LineKind.NURSING}
    assert told("EB*1**30", no, "III*ZZ*21").needs_authorization == frozenset(LineKind)
    drug, *others = ASKED.lines
    in_suite = case(trace=TRACE, lines=(drug.model_copy(update={"place_of_service": "49"}), *others))
    assert told("EB*1**30", no, "III*ZZ*12", asked=in_suite).needs_authorization == frozenset(LineKind)


def test_whom_a_benefit_names_is_not_the_patient() -> None:
    others = ("LS*2120", "NM1*IL*1*OTHER*PAT****MI*777", "NM1*13*1*TESTER*MORGAN", "LE*2120")
    own_id = [one.replace("SIM-APPROVED-1", "SIMAPPROVED1 02") for one in PERSON]
    for people in (PERSON, own_id):
        assert told("EB*1**30", *others, people=people).status is CoverageStatus.ACTIVE


@pytest.mark.parametrize("reason", ["58", "64", "65", "67", "71", "72", "73", "75"])
def test_a_person_whom_the_payer_does_not_find(reason: str) -> None:
    assert told(f"AAA*N**{reason}*C").status is CoverageStatus.NOT_FOUND
    assert told(people=[*PAYER, *SUBSCRIBER, f"AAA*N**{reason}*C"]).status is CoverageStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("aaa", "error", "problem", "wait"),
    [
        ("AAA*Y**42*R", Unavailable, "payer_system_down", None),
        ("AAA*Y**42*X", Unavailable, "payer_system_down", timedelta(days=10)),
        ("AAA*Y**80*S", Unavailable, "payer_system_down", None),
        ("AAA*Y**42*N", Impossible, "eligibility_not_told", None),
        ("AAA*N**43*C", Impossible, "eligibility_not_told", None),
        ("AAA*N**ZZ*C", Impossible, "eligibility_not_told", None),
        ("AAA", Impossible, "eligibility_not_told", None),
    ],
)
def test_a_payer_that_does_not_tell(aaa: str, error: type[PortError], problem: str, wait: timedelta | None) -> None:
    for people in ((PAYER[0], aaa), PERSON):
        with pytest.raises(error) as failed:
            told(*([] if aaa in people else [aaa]), people=people)
        assert str(failed.value) == problem
        assert getattr(failed.value, "retry_after", None) == wait


def test_an_answer_to_another_inquiry_tells_nothing() -> None:
    with pytest.raises(UnreadableX12):
        told("EB*1**30", people=[one.replace(TRACE, "f" * 32) for one in PERSON])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Whose.OURS),
        ({"19610417": "19610418"}, Whose.ANOTHER_PATIENT),
        ({"SIM-APPROVED-1": "SIM-APPROVED-2", "AVERY": "BLAKE"}, Whose.ANOTHER_PATIENT),
        ({TRACE: "f" * 32}, Whose.ANOTHER_REQUEST),
        ({f"TRN*2*{TRACE}": "TRN*1*X"}, Whose.SILENT),
        ({"BV-77": TRACE.upper(), f"TRN*2*{TRACE}": "TRN*1*X"}, Whose.OURS),
    ],
)
@pytest.mark.parametrize("told", ["EB*1**30", "AAA*N**75*C"])
def test_whom_and_what_a_271_names(changed: dict[str, str], expected: Whose, told: str) -> None:
    people = [reduce(lambda text, words: text.replace(*words), changed.items(), one) for one in PERSON]
    body = ["BHT*0022*11**20261121*1201", *people, told]
    named = benefits_named_by(read_interchange(interchange("271", body)).transactions[0])
    assert whose_answer(named, Ours.of(TRACE, ASKED.referral)) is expected


def test_another_plans_member_in_a_271_is_nobody_of_ours() -> None:
    other = ["EB*1**30", "LS*2120", "NM1*IL*1*OTHER*PERSON****MI*77", "DMG*D8*19590902*F", "LE*2120"]
    body = ["BHT*0022*11**20261121*1201", *PERSON, *other]
    named = benefits_named_by(read_interchange(interchange("271", body)).transactions[0])
    assert whose_answer(named, Ours.of(TRACE, ASKED.referral)) is Whose.OURS


def test_the_patient_may_be_answered_for_as_a_subscriber() -> None:
    people = (*PAYER, "HL*3*2*22*0", *DEPENDENT[1:3], "NM1*IL*1*SAMPLE*AVERY****MI*SIM-APPROVED-1", DEPENDENT[4])
    assert told("EB*1**30", people=people).status is CoverageStatus.ACTIVE


def test_neither_benefits_nor_a_rejection_is_unreadable() -> None:
    for people in (PERSON, PAYER, ()):
        with pytest.raises(UnreadableX12):
            told(people=people)


SEGMENTS = [*PERSON, "EB*1**30", "EB*6**30", "EB*C*IND*30***29*1*****Y", "DTP*347*D8*x", "AAA*Y**42*R", "MSG", "EB"]


@given(st.lists(st.sampled_from(SEGMENTS), max_size=14))
def test_any_order_of_segments_is_answered_or_refused(segments: list[str]) -> None:
    with suppress(UnreadableX12, Unavailable, Impossible):
        told(people=segments)
