"""Whose a 278 response is: never another request's, never another patient's; and what is spoiled decides nothing."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.x12.answer_278 import read_answer, read_inquiry
from firstdose.adapters.payers.x12.envelope import read_interchange
from firstdose.adapters.payers.x12.segments import UnreadableX12
from firstdose.domain.authorization.answer_match import Whose
from firstdose.domain.authorization.lines import LineAnswer, LineState
from firstdose.ports import Impossible, PortError, Unavailable
from tests.unit.x12_review import (
    ASKED,
    DATES,
    PEOPLE,
    SV1,
    TRACE,
    answer,
    body,
    event,
    inquired,
    service,
    states,
    whose,
)
from tests.unit.x12_wire import interchange

NAME = "NM1*IL*1*SAMPLE*JORDAN****MI*SIM-APPROVED-1"
APPROVED = [event(), *(service(number, f"HCR*A1*AUTH{number}", DATES) for number in (1, 2, 3))]


def test_an_answer_to_another_request_is_none() -> None:
    other = "f" * 32
    theirs = [event(trace=other), service(1, "HCR*A1*AUTH1", DATES, trace=other)]
    with pytest.raises(UnreadableX12):
        answer(*theirs)
    assert inquired(*theirs) is None
    with pytest.raises(UnreadableX12):
        read_answer(read_interchange(interchange("278", body(echo=other))).transactions[0], ASKED)


def test_our_number_counts_in_capitals_too() -> None:
    assert states(answer(event(trace=TRACE.upper()), service(1, "HCR*A1", DATES)))[0] is LineState.APPROVED


def test_an_answer_without_any_trace_is_that_to_our_call() -> None:
    untraced = ["HL*5*4*EV*1", "HL*6*5*SS*0", "HCR*A1*AUTH1", DATES, SV1[1]]
    assert answer(untraced).lines[0].state is LineState.APPROVED
    own_reference = read_interchange(interchange("278", body(untraced, echo="PAYER-77"))).transactions[0]
    assert read_answer(own_reference, ASKED).lines[0].state is LineState.APPROVED
    with pytest.raises(UnreadableX12):
        inquired(untraced)  # it may list others


def test_the_payers_own_number_names_no_request() -> None:
    own = ["HL*5*4*EV*1", "TRN*1*PAYER-77*9NORTHSTAR", "HL*6*5*SS*0", "HCR*A1*AUTH1", DATES, SV1[1]]
    assert answer(own).lines[0].state is LineState.APPROVED, "its transaction echoes our number"
    with pytest.raises(UnreadableX12):
        inquired(own)
    both = event("TRN*1*PAYER-77*9NORTHSTAR")
    assert answer(both, service(1, "HCR*A1*AUTH1", DATES)).lines[0].state is LineState.APPROVED
    with pytest.raises(UnreadableX12):
        answer([one.replace("TRN*1", "TRN*2") for one in own])


@pytest.mark.parametrize(
    "changed",
    [
        {"DMG*D8*19610417*F": "DMG*D8*19610418*F"},
        {"DMG*D8*19610417*F": "DMG*D8*1961"},
        {"DMG*D8*19610417*F": "DMG*D8*19590902*M"},  # the subscriber's
        {NAME: "NM1*IL*1*OTHER*JORDAN****MI*SIM-APPROVED-2", "DMG*D8*19610417*F": ""},
        {NAME: "NM1*IL*1*SAMPLE*JORDAN****MI*SIM-APPROVED-2", "NM1*QC*1*SAMPLE*AVERY": ""},
        {"NM1*QC*1*SAMPLE*AVERY": "NM1*QC*1*SAMPLE*BLAKE", "DMG*D8*19610417*F": ""},
        {"NM1*QC*1*SAMPLE*AVERY": "NM1*QC*1**BLAKE", "DMG*D8*19610417*F": ""},
        {NAME: "NM1*IL*1*SAMPLE*JORDAN****MI*SIM-APPROVED-2", "NM1*QC*1*SAMPLE*AVERY": "NM1*QC*1*SAMPLE*BLAKE"},
    ],
)
def test_an_answer_about_another_patient_is_anothers(changed: dict[str, str]) -> None:
    assert whose(*APPROVED) is Whose.OURS
    people = [one for one in (changed.get(one, one) for one in PEOPLE) if one]
    assert people != list(PEOPLE)
    assert whose(*APPROVED, people=people) is Whose.ANOTHER_PATIENT


@pytest.mark.parametrize(
    "changed",
    [
        {"DMG*D8*19610417*F": "DMG*D8**F"},
        {NAME: "NM1*IL*1*SAMPLE*JORDAN****II*OTHER77", "DMG*D8*19610417*F": ""},
        {NAME: "NM1*IL*1*SAMPLE*JORDAN****MI"},
        {NAME: "NM1*IL*1*SAMPLE*JORDAN", "NM1*QC*1*SAMPLE*AVERY": "NM1*71*1*TESTER*MORGAN****MI*77"},
        {"NM1*QC*1*SAMPLE*AVERY": "NM1*QC*1", "DMG*D8*19610417*F": ""},
    ],
)
def test_what_is_not_told_of_the_patient_contradicts_nothing(changed: dict[str, str]) -> None:
    people = [one for one in (changed.get(one, one) for one in PEOPLE) if one]
    assert people != list(PEOPLE)
    assert whose(*APPROVED, people=people) is Whose.OURS


def test_one_event_about_another_is_enough() -> None:
    other = ["HL*20*3*23*1", "DMG*D8*19590902*F", "HL*21*20*EV*1", f"TRN*2*{TRACE}*9"]
    assert whose(*APPROVED, other) is Whose.ANOTHER_PATIENT
    other[-1] = f"TRN*2*{'f' * 32}*9"
    assert whose(*APPROVED, other) is Whose.OURS, "an inquiry lists others"


def test_a_member_id_with_a_suffix_is_ours_by_name_and_birth_date() -> None:
    people = [one.replace("SIM-APPROVED-1", "SIMAPPROVED1 02") for one in PEOPLE]
    assert whose(*APPROVED, people=people) is Whose.OURS
    doctor = [*people[:8], "NM1*71*1*TESTER*MORGAN****MI*77", *people[8:]]
    assert whose(*APPROVED, people=doctor) is Whose.OURS


def test_the_subscriber_of_our_plan_is_not_our_patient() -> None:
    alone = [*PEOPLE[:6], "DMG*D8*19590902*M"]
    told = [["HL*5*3*EV*1", *APPROVED[0][1:]], *APPROVED[1:]]
    assert whose(*told, people=alone) is Whose.ANOTHER_PATIENT
    assert whose(*told, people=PEOPLE[:4] + PEOPLE[4:5]) is Whose.OURS, "nobody is named"


@pytest.mark.parametrize(
    ("trace", "echo", "expected"),
    [
        (TRACE, TRACE, Whose.OURS),
        (TRACE, "other", Whose.OURS),
        (TRACE.upper(), "", Whose.OURS),
        ("f" * 32, "", Whose.ANOTHER_REQUEST),
        ("f" * 32, "other", Whose.ANOTHER_REQUEST),
        ("", "other", Whose.SILENT),
        ("", TRACE, Whose.OURS),
        ("", "", Whose.SILENT),
    ],
)
def test_the_request_is_named_by_trace_or_reference(trace: str, echo: str, expected: Whose) -> None:
    told = [event(trace=trace)] if trace else [["HL*5*4*EV*1", "HL*6*5*SS*0", "HCR*A1"]]
    assert whose(*told, echo=echo) is expected


@pytest.mark.parametrize(
    ("trn", "expected"),
    [
        (f"TRN*2*{TRACE}-1*9", Whose.OURS),
        (f"TRN*2*{'f' * 32}-1*9", Whose.ANOTHER_REQUEST),
        (f"TRN*1*{'f' * 32}-1*9", Whose.SILENT),
        (f"TRN*1*{TRACE}-1*9", Whose.OURS),
    ],
)
def test_a_line_names_the_request_with_its_sequence(trn: str, expected: Whose) -> None:
    assert whose(["HL*5*4*EV*1", "HL*6*5*SS*0", trn, "HCR*A1"], echo="") is expected


def test_a_rejection_without_an_event_is_about_the_people_in_it() -> None:
    assert whose(people=[*PEOPLE, "AAA*N**75*C"]) is Whose.OURS
    another = [*PEOPLE[:-1], "DMG*D8*19590902*F", "AAA*N**75*C"]
    assert whose(people=another) is Whose.ANOTHER_PATIENT
    assert whose(people=[*another, "HL*5*1*21*0", "NM1*1P*2*US*****XX*1234567893"]) is Whose.ANOTHER_PATIENT


def test_an_inquiry_finds_ours_among_others() -> None:
    other = ["HL*20*4*EV*1", f"TRN*2*{'f' * 32}*9", "HL*21*20*SS*0", "HCR*A3", SV1[1]]
    found = inquired(other, *APPROVED)
    assert found is not None
    assert states(found) == [LineState.APPROVED] * 3


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("HL*5*4*EV*1", "HL*5*9*EV*1"), ("HL*5*4*EV*1", "HL**4*EV*1"), ("HL*6*5*SS*0", "HL*4*5*SS*0")],
)
def test_levels_that_do_not_nest_are_unreadable(was: str, becomes: str) -> None:
    told = [becomes if one == was else one for one in body(*APPROVED)]
    assert told != body(*APPROVED)
    with pytest.raises(UnreadableX12):
        read_answer(read_interchange(interchange("278", told)).transactions[0], ASKED)


def test_more_levels_than_anybody_needs_are_unreadable() -> None:
    with pytest.raises(UnreadableX12):
        answer(event(), [f"HL*{number}*5*SS*0" for number in range(6, 3000)])


def test_two_events_under_our_number_must_say_the_same() -> None:
    again = ["HL*20*4*EV*1", f"TRN*2*{TRACE}*9", "HL*21*20*SS*0", f"TRN*2*{TRACE}-1*9", "HCR*A3"]
    found = inquired(*APPROVED, again)
    assert found is not None
    assert states(found) == [LineState.NEEDS_REVIEW] * 3


def test_only_the_payers_word_that_there_is_none_is_none() -> None:
    assert inquired(event("AAA*Y**AA*C")) is None
    assert inquired(people=[*PEOPLE, "AAA*Y**AA*C"]) is None
    for refusal in (event("AAA*Y**33*C"), ["AAA*Y**75*C"]):
        with pytest.raises(Impossible):
            inquired(refusal)
    with pytest.raises(UnreadableX12):
        inquired()


VALID = interchange("278", body(*APPROVED))
WAITING = interchange("278", body(event(), *(service(number, "HCR*A4*AUTH1", DATES) for number in (1, 2, 3))))


def authorized(raw: bytes) -> list[LineAnswer]:
    with suppress(UnreadableX12, PortError, LookupError):
        found = read_answer(read_interchange(raw).transactions[0], ASKED)
        return [line for line in found.lines if line.state in (LineState.APPROVED, LineState.NOT_REQUIRED)]
    return []


def test_half_an_approval_is_none() -> None:
    assert len(authorized(VALID)) == 3
    assert not any(authorized(VALID[:length]) for length in range(len(VALID.rstrip())))


@given(st.data())
def test_an_approval_that_lost_a_segment_is_none(data: st.DataObject) -> None:
    told = VALID.splitlines(keepends=True)
    lost = data.draw(st.integers(0, len(told) - 1))
    assert authorized(b"".join(told[:lost] + told[lost + 1 :])) == []


@given(st.lists(st.tuples(st.integers(0, len(WAITING) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_spoiled_pend_becomes_an_approval(spoiled: list[tuple[int, int]]) -> None:
    raw = bytearray(WAITING)
    for place, byte in spoiled:
        raw[place] = byte
    assert not authorized(bytes(raw)) or b"*A1*" in raw or b"*NA*" in raw


@given(st.lists(st.sampled_from([*body(*APPROVED), "HCR*A4", "AAA*N**42*R", "HL*6*9*SS*0"]), max_size=12))
def test_any_order_of_segments_is_answered_or_refused(told: list[str]) -> None:
    transaction = read_interchange(interchange("278", told)).transactions[0]
    for read in (read_answer, read_inquiry):
        with suppress(UnreadableX12, Unavailable, Impossible):
            read(transaction, ASKED)
