"""What 278 responses decide: by each line's own HCR, never for another request or patient, never by accident."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstdose.adapters.payers.x12.answer_278 import read_answer, read_inquiry
from firstdose.adapters.payers.x12.envelope import read_interchange
from firstdose.adapters.payers.x12.segments import Unreadable
from firstdose.domain.authorization import LineAnswer, LineState, PayerAnswer
from firstdose.ports import Impossible, PayerCase, PortError, Unavailable
from tests.contract.cases import case, endpoint
from tests.unit.x12_wire import interchange

TRACE = "0123456789abcdef0123456789abcdef"
ASKED = case(trace=TRACE)
PEOPLE = (
    "HL*1**20*1",
    "NM1*X3*2*NORTHSTAR*****PI*60054",
    "HL*2*1*21*1",
    "NM1*1P*2*US*****XX*1234567893",
    "HL*3*2*22*1",
    "NM1*IL*1*SAMPLE*JORDAN****MI*SIM-APPROVED-1",
    "HL*4*3*23*1",
    "NM1*QC*1*SAMPLE*AVERY",
    "DMG*D8*19610417*F",
)
SV1 = {1: "SV1*HC:J3370**UN*42", 2: "SV1*HC:S9501**UN*42", 3: "SV1*HC:99601**UN*6"}
DATES = "DTP*007*RD8*20261124-20270222"


def event(*segments: str, trace: str = TRACE) -> list[str]:
    return ["HL*5*4*EV*1", f"TRN*2*{trace}*9123456789", *segments]


def service(sequence: int, *segments: str, trace: str = TRACE) -> list[str]:
    return [f"HL*{5 + sequence}*5*SS*0", f"TRN*2*{trace}-{sequence}*9123456789", *segments, SV1[sequence]]


def body(*parts: Sequence[str], people: Sequence[str] = PEOPLE, echo: str = TRACE) -> list[str]:
    return [f"BHT*0007*11*{echo}*20261121*1201*18", *people, *(one for part in parts for one in part)]


def answer(*parts: Sequence[str], asked: PayerCase = ASKED, people: Sequence[str] = PEOPLE) -> PayerAnswer:
    transaction = read_interchange(interchange("278", body(*parts, people=people))).transactions[0]
    return read_answer(transaction, asked)


def inquired(*parts: Sequence[str], people: Sequence[str] = PEOPLE) -> PayerAnswer | None:
    return read_inquiry(read_interchange(interchange("278", body(*parts, people=people))).transactions[0], ASKED)


def states(found: PayerAnswer) -> list[LineState]:
    return [line.state for line in found.lines]


def alone(*segments: str, asked: PayerCase = ASKED) -> LineAnswer:
    """The word on the first line when this is all that its service says."""
    return answer(event(), service(1, *segments), asked=asked).lines[0]


@pytest.mark.parametrize(
    ("hcr", "state"),
    [
        ("HCR*A1*AUTH1", LineState.APPROVED),
        ("HCR*A3**0C", LineState.DENIED),
        ("HCR*A4", LineState.PENDED),
        ("HCR*A6*AUTH1", LineState.MODIFIED),
        ("HCR*C", LineState.VOID),
        ("HCR*NA", LineState.NOT_REQUIRED),
        ("HCR*A2*AUTH1", LineState.NEEDS_REVIEW),
        ("HCR*CT", LineState.NEEDS_REVIEW),
        ("HCR*a1*AUTH1", LineState.NEEDS_REVIEW),
        ("HCR**AUTH1", LineState.NEEDS_REVIEW),
        ("HCR*PENDEDCODE", LineState.NEEDS_REVIEW),
    ],
)
def test_each_review_action_gives_its_state_and_an_unknown_one_needs_a_person(hcr: str, state: LineState) -> None:
    assert alone(hcr, DATES).state is state


def test_an_approval_is_told_with_number_and_period() -> None:
    assert alone("HCR*A1*AUTH1", DATES) == LineAnswer(
        sequence=1,
        state=LineState.APPROVED,
        number="AUTH1",
        valid_from=date(2026, 11, 24),
        valid_to=date(2027, 2, 22),
    )


def test_lines_have_each_its_own_answer_and_one_that_has_none_waits() -> None:
    found = answer(event(), service(1, "HCR*A1*AUTH1", DATES), service(2, "HCR*A3**0C"))
    assert states(found) == [LineState.APPROVED, LineState.DENIED, LineState.PENDED]
    assert (found.lines[1].reason_code, found.pending) == ("0C", True)


def test_a_number_and_a_date_without_a_review_action_prove_nothing() -> None:
    found = answer(event("REF*BB*AUTH1", DATES), service(1, "REF*BB*AUTH1", DATES), service(2, "HCR*A4"))
    assert states(found) == [LineState.NEEDS_REVIEW, LineState.PENDED, LineState.PENDED]


def test_services_without_our_number_are_known_by_their_code() -> None:
    def untraced(place: int, *said: str) -> list[str]:
        return [f"HL*{place}*5*SS*0", *said]

    known = untraced(6, "HCR*A1*AUTH1", SV1[2])
    assert states(answer(event(), known, untraced(7, "HCR*A3", SV1[1]), untraced(8, "HCR*A4", SV1[3]))) == [
        LineState.DENIED,
        LineState.APPROVED,
        LineState.PENDED,
    ]
    unknown = untraced(7, "HCR*A1*AUTH1", "SV1*HC:J0696**UN*42")
    assert states(answer(event(), known, unknown)) == [
        LineState.NEEDS_REVIEW,
        LineState.APPROVED,
        LineState.NEEDS_REVIEW,
    ], "a service that nobody asked for may be one of ours, changed"


def test_two_services_for_one_line_must_say_the_same() -> None:
    twice = ["HL*9*5*SS*0", f"TRN*2*{TRACE}-1*9123456789", "HCR*A3"]
    assert answer(event(), service(1, "HCR*A1"), twice).lines[0].state is LineState.NEEDS_REVIEW
    assert alone("HCR*A1", "HCR*A3").state is LineState.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("hcr", "trusting", "plain"),
    [
        ("HCR*A1*AUTH1", LineState.APPROVED, LineState.NEEDS_REVIEW),
        ("HCR*NA", LineState.NOT_REQUIRED, LineState.NEEDS_REVIEW),
        ("HCR*A3**0C", LineState.DENIED, LineState.DENIED),
        ("HCR*A4", LineState.PENDED, LineState.PENDED),
        ("HCR*ZZ", LineState.NEEDS_REVIEW, LineState.NEEDS_REVIEW),
    ],
)
def test_an_action_on_the_event_approves_only_at_payers_marked_so(
    hcr: str, trusting: LineState, plain: LineState
) -> None:
    marked = case(endpoint(trust_outcome_when_no_review_action=True), trace=TRACE)
    assert answer(event(hcr), service(1), asked=marked).lines[0].state is trusting
    assert answer(event(hcr), service(1)).lines[0].state is plain
    assert answer(event(hcr), asked=marked).lines[0].state is plain, "a service that it does not repeat"
    assert answer(event(hcr), service(1, "HCR*A3"), asked=marked).lines[0].state is LineState.DENIED


@pytest.mark.parametrize(
    ("said", "state", "units"),
    [
        (("HCR*A2*N", "HSD*FL*20"), LineState.PARTIAL, 20),
        (("HCR*A2*N", "HSD*FL*20***7*42"), LineState.PARTIAL, 20),
        (("HCR*A2*N", "HSD*FL*20*WK*1*7*42"), LineState.NEEDS_REVIEW, None),
        (("HCR*A2*N", "HSD*FL*20*****1"), LineState.NEEDS_REVIEW, None),
        (("HCR*A2*N", "HSD*VS*20"), LineState.NEEDS_REVIEW, None),
        (("HCR*A2*N", "HSD*FL*x"), LineState.NEEDS_REVIEW, None),
        (("HCR*A6*N", "HSD*FL*20"), LineState.MODIFIED, 20),
        (("HCR*A1*N", "HSD*FL*42"), LineState.APPROVED, 42),
        (("HCR*A1*N", "HSD*FL*20"), LineState.NEEDS_REVIEW, 20),
        (("HCR*A1*N", "HSD*FL*2.5"), LineState.NEEDS_REVIEW, None),
        (("HCR*A1*N", "HSD*VS*6*WK*1"), LineState.APPROVED, None),
    ],
)
def test_units_are_counts_in_the_lines_own_unit(said: Sequence[str], state: LineState, units: int | None) -> None:
    found = alone(*said, DATES)
    assert (found.state, found.units) == (state, units)


def test_a_smaller_quantity_of_the_service_is_what_is_authorized() -> None:
    fewer = ["HL*6*5*SS*0", f"TRN*2*{TRACE}-1*9", "HCR*A2*N", DATES, "SV1*HC:J3370**UN*10"]
    found = answer(event(), fewer).lines[0]
    assert (found.state, found.units) == (LineState.PARTIAL, 10)


def test_an_approval_of_another_code_needs_a_person() -> None:
    other = ["HL*6*5*SS*0", f"TRN*2*{TRACE}-1*9", "HCR*A1*N", DATES, "SV1*HC:J0696**UN*42"]
    assert answer(event(), other).lines[0].state is LineState.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("dates", "start", "end"),
    [
        (("DTP*007*D8*20261124", "DTP*036*D8*20270222"), date(2026, 11, 24), date(2027, 2, 22)),
        (("DTP*007*D8*20261124",), date(2026, 11, 24), None),
        (("DTP*036*D8*20270222",), None, date(2027, 2, 22)),
        (("DTP*472*RD8*20261124-20270104",), date(2026, 11, 24), date(2027, 1, 4)),
        (("DTP*472*RD8*20261124-20270104", DATES), date(2026, 11, 24), date(2027, 2, 22)),
        (("DTP*102*D8*20261121",), None, None),
        ((), None, None),
    ],
)
def test_the_period_is_the_decisions_own(dates: Sequence[str], start: date | None, end: date | None) -> None:
    found = alone("HCR*A1*N", *dates)
    assert (found.state, found.valid_from, found.valid_to) == (LineState.APPROVED, start, end)


@pytest.mark.parametrize(
    "dates",
    [
        ("DTP*007*RD8*20261124",),
        ("DTP*007*RD8*20270222-20261124",),
        ("DTP*007*D8*20261324",),
        ("DTP*007*DT*202611241200",),
        ("DTP*036*D8*",),
        ("DTP*007*D8*20270222", "DTP*036*D8*20261124"),
        ("DTP*036*D8*20270222", "DTP*036*D8*20280222"),
    ],
)
def test_dates_that_cannot_be_read_leave_an_approval_to_a_person(dates: Sequence[str]) -> None:
    assert alone("HCR*A1*N", *dates).state is LineState.NEEDS_REVIEW
    assert alone("HCR*A3", *dates).state is LineState.DENIED


def test_the_events_period_stands_for_its_services() -> None:
    for own in ((), ("DTP*472*RD8*20261124-20270401",)):
        found = answer(event(DATES), service(1, "HCR*A1*N", *own)).lines[0]
        assert (found.valid_from, found.valid_to) == (date(2026, 11, 24), date(2027, 2, 22))
    dated = answer(event("DTP*AAH*RD8*20261124-20270401"), service(1, "HCR*A1*N", DATES)).lines[0]
    assert dated.valid_to == date(2027, 2, 22)


def test_a_service_that_was_not_processed_is_not_approved() -> None:
    assert alone("AAA*N**33*C").reason_code == "33"
    assert alone("AAA*N**33*C").state is LineState.NEEDS_REVIEW
    assert alone("AAA*N**33*C", "HCR*A1*N", DATES).state is LineState.NEEDS_REVIEW


def test_a_pend_tells_the_payers_reference_and_the_documents_it_wants() -> None:
    found = answer(event("REF*NT*PEND0001", "HI*LOI:11506-3*LOI:18842-5"), service(1, "HCR*A4"))
    assert found.tracking == "PEND0001"
    assert found.information is not None
    assert found.information.wanted == ("11506-3", "18842-5")
    reports = answer(event(), service(1, "HCR*A4", "PWK*77*FX"))
    assert reports.information is not None
    assert reports.information.wanted == ("77",)


@pytest.mark.parametrize(
    ("aaa", "state", "reason"),
    [
        ("AAA*N**33*C", LineState.NEEDS_REVIEW, "33"),
        ("AAA*N**42*Y", LineState.PENDED, None),
        ("AAA*N**42*N", LineState.NEEDS_REVIEW, "42"),
        ("AAA*N", LineState.NEEDS_REVIEW, "unknown"),
    ],
)
@pytest.mark.parametrize("place", [2, 4, 8, 11])
def test_a_request_that_was_not_processed_says_why(aaa: str, state: LineState, reason: str | None, place: int) -> None:
    whole = [*PEOPLE, *event()]
    whole.insert(place, aaa)
    found = answer(people=whole) if place == 11 else answer(people=whole[: len(PEOPLE) + 1])
    assert states(found) == [state] * 3
    assert found.lines[0].reason_code == reason


@pytest.mark.parametrize(("follow_up", "wait"), [("R", None), ("P", None), ("X", 10), ("W", 30)])
def test_a_payer_that_is_down_has_not_answered(follow_up: str, wait: int | None) -> None:
    for read in (answer, inquired):
        with pytest.raises(Unavailable) as down:
            read(event(f"AAA*N**42*{follow_up}"))
        assert down.value.problem == "payer_system_down"
        assert down.value.retry_after == (timedelta(days=wait) if wait else None)


APPROVED = [event(), *(service(number, f"HCR*A1*AUTH{number}", DATES) for number in (1, 2, 3))]


def test_an_answer_to_another_request_is_none() -> None:
    other = "f" * 32
    theirs = [event(trace=other), service(1, "HCR*A1*AUTH1", DATES, trace=other)]
    with pytest.raises(Unreadable):
        answer(*theirs)
    assert inquired(*theirs) is None
    with pytest.raises(Unreadable):
        read_answer(read_interchange(interchange("278", body(echo=other))).transactions[0], ASKED)


def test_our_number_counts_in_capitals_too() -> None:
    assert states(answer(event(trace=TRACE.upper()), service(1, "HCR*A1", DATES)))[0] is LineState.APPROVED


def test_an_answer_without_any_trace_is_ours_if_its_transaction_echoes_our_number() -> None:
    untraced = ["HL*5*4*EV*1", "HL*6*5*SS*0", "HCR*A1*AUTH1", DATES, SV1[1]]
    assert answer(untraced).lines[0].state is LineState.APPROVED
    with pytest.raises(Unreadable):
        read_answer(read_interchange(interchange("278", body(untraced, echo="other"))).transactions[0], ASKED)
    with pytest.raises(Unreadable):
        inquired(untraced)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("DMG*D8*19610417*F", "DMG*D8*19610418*F"),
        ("DMG*D8*19610417*F", "DMG*D8*1961"),
        ("NM1*IL*1*SAMPLE*JORDAN****MI*SIM-APPROVED-1", "NM1*IL*1*OTHER*JORDAN****MI*SIM-APPROVED-2"),
    ],
)
def test_an_answer_about_another_patient_decides_nothing(was: str, becomes: str) -> None:
    people = [becomes if one == was else one for one in PEOPLE]
    if "NM1" in was:
        people.remove("DMG*D8*19610417*F")
    assert states(answer(*APPROVED)) == [LineState.APPROVED] * 3
    assert states(answer(*APPROVED, people=people)) == [LineState.NEEDS_REVIEW] * 3


def test_a_member_id_with_a_suffix_is_ours_by_name_and_birth_date() -> None:
    people = [one.replace("SIM-APPROVED-1", "SIMAPPROVED1 02") for one in PEOPLE]
    assert states(answer(*APPROVED, people=people)) == [LineState.APPROVED] * 3
    nameless = [one for one in people if not one.startswith("NM1*QC")]
    assert states(answer(*APPROVED, people=nameless)) == [LineState.NEEDS_REVIEW] * 3


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
    with pytest.raises(Unreadable):
        read_answer(read_interchange(interchange("278", told)).transactions[0], ASKED)


def test_more_levels_than_anybody_needs_are_unreadable() -> None:
    with pytest.raises(Unreadable):
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
    with pytest.raises(Unreadable):
        inquired()


VALID = interchange("278", body(*APPROVED))
WAITING = interchange("278", body(event(), *(service(number, "HCR*A4*AUTH1", DATES) for number in (1, 2, 3))))


def authorized(raw: bytes) -> list[LineAnswer]:
    with suppress(Unreadable, PortError, LookupError):
        found = read_answer(read_interchange(raw).transactions[0], ASKED)
        return [line for line in found.lines if line.state in (LineState.APPROVED, LineState.NOT_REQUIRED)]
    return []


def test_half_an_approval_is_none() -> None:
    assert len(authorized(VALID)) == 3
    assert not any(authorized(VALID[:length]) for length in range(len(VALID.rstrip())))


@settings(deadline=None)
@given(st.data())
def test_an_approval_that_lost_a_segment_is_none(data: st.DataObject) -> None:
    told = VALID.splitlines(keepends=True)
    lost = data.draw(st.integers(0, len(told) - 1))
    assert authorized(b"".join(told[:lost] + told[lost + 1 :])) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WAITING) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_spoiled_pend_becomes_an_approval(spoiled: list[tuple[int, int]]) -> None:
    raw = bytearray(WAITING)
    for place, byte in spoiled:
        raw[place] = byte
    assert not authorized(bytes(raw)) or b"*A1*" in raw or b"*NA*" in raw


@settings(deadline=None)
@given(st.lists(st.sampled_from([*body(*APPROVED), "HCR*A4", "AAA*N**42*R", "HL*6*9*SS*0"]), max_size=12))
def test_any_order_of_segments_is_answered_or_refused(told: list[str]) -> None:
    transaction = read_interchange(interchange("278", told)).transactions[0]
    for read in (read_answer, read_inquiry):
        with suppress(Unreadable, Unavailable, Impossible):
            read(transaction, ASKED)
