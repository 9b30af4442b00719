"""What 278 responses decide: by each line's own HCR, never by accident."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from firstdose.domain.authorization.answers import apply
from firstdose.domain.authorization.lines import LineAnswer, LineState, move
from firstdose.payer_ports import PayerCase
from firstdose.ports import Unavailable
from tests.contract.cases import case, endpoint, lines
from tests.unit.x12_review import ASKED, DATES, PEOPLE, SV1, TRACE, answer, event, inquired, service, states


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
    assert states(answer(event(hcr), asked=marked)) == [trusting] * 3, "without any service it means them all"
    assert states(answer(event(hcr))) == [plain] * 3
    assert states(answer(event(hcr), service(2), asked=marked))[::2] == [plain] * 2, "services that it does not repeat"
    assert answer(event(hcr), service(1, "HCR*A3"), asked=marked).lines[0].state is LineState.DENIED


def test_an_event_without_services_tells_the_number_and_period_of_them_all() -> None:
    marked = case(endpoint(trust_outcome_when_no_review_action=True), trace=TRACE)
    found = answer(event("HCR*A1*AUTH1", DATES), asked=marked).lines[2]
    assert (found.number, found.valid_to, found.units) == ("AUTH1", date(2027, 2, 22), None)
    assert states(answer(event("HCR*A1*AUTH1", "HSD*FL*20"), asked=marked))[0] is LineState.NEEDS_REVIEW


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


def test_a_service_that_was_not_processed_has_no_part_in_its_events_action() -> None:
    for hcr in ("HCR*A3**25", "HCR*A1*AUTH1", "HCR*A4"):
        found = answer(event(hcr), service(1, "AAA*N**33*C"), service(2, "HCR*A1*AUTH2", DATES)).lines
        assert (found[0].state, found[0].reason_code) == (LineState.NEEDS_REVIEW, "33")
        assert found[1].state is LineState.APPROVED


def test_a_pend_tells_the_payers_reference_and_the_documents_it_wants() -> None:
    found = answer(event("REF*NT*PEND0001", "HI*LOI:11506-3*LOI:18842-5"), service(1, "HCR*A4"))
    assert found.tracking == "PEND0001"
    assert found.information is not None
    assert found.information.wanted == ("11506-3", "18842-5")
    assert found.information.control_number is None


@pytest.mark.parametrize(
    ("event_says", "first", "second", "wanted", "number"),
    [
        ((), ("PWK*77*FX",), (), ("77",), None),
        ((), ("PWK*77*FX***AC*ACN-5",), (), ("77",), "ACN-5"),
        (("PWK*OZ*BM***AC*ACN-4",), ("PWK*77*FX***AC*ACN-5",), (), ("OZ", "77"), "ACN-4"),
        ((), ("HI*LOI:11506-3", "PWK*77*EL***AC*ACN-5"), (), ("11506-3",), "ACN-5"),
        ((), ("HI*LOI:11506-3",), ("PWK*77*FX***AC*ACN-5",), ("11506-3", "77"), "ACN-5"),
        ((), ("PWK*77*FX***AC*" + "5" * 81,), (), ("77",), None),
    ],
)
def test_documents_are_wanted_by_kind_of_report_under_the_payers_number(
    event_says: Sequence[str], first: Sequence[str], second: Sequence[str], wanted: Sequence[str], number: str | None
) -> None:
    found = answer(event(*event_says), service(1, "HCR*A4", *first), service(2, "HCR*A4", *second)).information
    assert found is not None
    assert (found.wanted, found.control_number) == (wanted, number)


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


@pytest.mark.parametrize("action", ["A4", "CT", "ZZ"])
def test_a_service_whose_documents_are_wanted_waits_for_them_and_the_others_do_not(action: str) -> None:
    found = answer(event(), service(1, f"HCR*{action}", "PWK*77*FX"), service(2, "HCR*A4"), service(3, "HCR*A3"))
    assert found.information is not None
    assert found.information.lines == (1,)
    asked = move(lines(), LineState.SUBMITTED, of=frozenset(LineState))
    assert [line.state for line in apply(asked, found)] == [
        LineState.INFO_REQUESTED,
        LineState.PENDED,
        LineState.DENIED,
    ]
