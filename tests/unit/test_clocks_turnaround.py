"""Requests as they were noted, and payers' turnaround: when one counts as decided, what does not count, the sums."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.authorization.requested_period import differences, requested_period
from firstdose.domain.authorization.requests import RequestEvent, RequestRecord
from firstdose.domain.authorization.requests import after as then
from firstdose.domain.authorization.turnaround import Turnaround, turnarounds
from firstdose.domain.clock.business_calendar import Calendar, Unit
from firstdose.domain.clock.clocks import Clock, ClockRule, start_clock
from firstdose.domain.clock.rules import ClockPurpose, Regime, Terms
from firstdose.domain.clock.state import answered, extended, paused, resumed
from firstdose.domain.referral.order import Order

SENT = datetime(2026, 3, 2, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
PART_B = Clock(rule="Part B drug", version="1", citation="42 CFR 422.568", started_at=SENT, due_at=SENT + 72 * HOUR)
THREE_BUSINESS_DAYS = ClockRule(
    name="Acme's own",
    version="4",
    citation="provider manual",
    regime=Regime.PLAN,
    drug=None,
    standard=3 * DAY,
    expedited=DAY,
    standard_terms=Terms(unit=Unit.BUSINESS_DAYS, extension=2 * DAY),
    tolls=True,
)


LINE: dict[str, Any] = {"sequence": 1, "code": "J0696", "place_of_service": "12", "units": 14}


def later(clock: Clock, hours: int) -> Clock:
    """The same clock for a request that left so much later."""
    by = hours * HOUR
    return clock.model_copy(update={"started_at": clock.started_at + by, "due_at": clock.due_at + by})


def plans_own() -> Clock:
    """A plan's own rule that no table of ours names: business days at Denver's office hours, tolled and extendable."""
    calendar = Calendar(time_zone="America/Denver", closed_on=(datetime(2026, 3, 4, tzinfo=UTC).date(),))
    rules = (THREE_BUSINESS_DAYS,)
    return start_clock(rules, Regime.PLAN, ClockPurpose.DECISION, SENT, drug=True, expedited=False, calendar=calendar)


def asked(entries: Iterable[RequestEvent]) -> Sequence[RequestRecord]:
    """The requests of one referral, as they stand after these."""
    return reduce(then, entries, ())


def submitted(
    after: int = 0,
    clock: Clock | None = PART_B,
    payer: str = "acme",
    contact: str = "c",
    lines: Iterable[int] = (1,),
) -> RequestEvent:
    """The clock starts with the request."""
    running = later(clock, after) if clock else None
    details = {
        "contact": contact,
        "payer": payer,
        "channel": "pas",
        "clock": noted(running),
        "lines": list(lines),
    }
    return RequestEvent(SENT + after * HOUR, "authorization.submitted", details)


def noted(clock: Clock | None) -> dict[str, Any] | None:
    return clock.model_dump(mode="json", exclude={"answered_at"}) if clock else None


def timed(after: int, clock: Clock, contact: str = "c") -> RequestEvent:
    return RequestEvent(SENT + after * HOUR, "authorization.clock", {"contact": contact, "clock": noted(clock)})


def said(after: int, by: str = "payer", **lines: str) -> RequestEvent:
    """`said(3, l1="approved")`: the new states of the lines, by their numbers."""
    told = {number[1:]: line for number, line in lines.items()}
    return RequestEvent(SENT + after * HOUR, "authorization.lines", {"by": by, "lines": told})


def voided(after: int, lines: list[int]) -> RequestEvent:
    return RequestEvent(SENT + after * HOUR, "authorization.voided", {"contact": "c", "lines": lines})


def closed(after: int) -> RequestEvent:
    return RequestEvent(SENT + after * HOUR, "stage", {"stage": "closed"})


def rows(entries: Iterable[RequestEvent], after: int = 1000) -> tuple[Turnaround, ...]:
    return turnarounds(asked(entries), SENT + after * HOUR)


def one(*entries: RequestEvent, after: int = 1000) -> dict[str, Any]:
    """What the report says of these, without what is nought, and without shares and what was allowed."""
    (row,) = rows(entries, after)
    left_out = {"payer", "rule", "requests", "allowed_hours", "in_time_share", "approved_first_share"}
    return {name: value for name, value in row.model_dump(exclude=left_out).items() if value}


def test_decided_in_time_late_and_not_yet() -> None:
    quick = {"in_time": 1, "approved_first": 1, "median_hours": 5, "p90_hours": 5}
    assert one(submitted(), said(5, l1="approved")) == quick
    late = {"late": 1, "median_hours": 80, "p90_hours": 80, "worst_breach_hours": 8}
    assert one(submitted(), said(1, l1="pended"), said(80, l1="denied")) == late
    assert one(submitted(), said(1, l1="pended"), after=10) == {"open": 1}
    assert one(submitted(), after=73) == {"open": 1, "overdue": 1, "worst_breach_hours": 1}


def test_it_is_decided_with_the_last_of_its_lines() -> None:
    entries = (
        submitted(lines=[1, 2]),
        said(1, l1="approved", l2="pended"),
        said(9, l2="needs_review"),
        said(20, l2="approved"),
    )
    assert one(*entries[:2]).keys() == {"open", "overdue", "worst_breach_hours"}
    assert one(*entries)["median_hours"] == 9


def test_a_line_of_which_the_payer_has_said_nothing_is_not_decided() -> None:
    assert one(submitted(lines=[1, 2]), said(1, l1="approved"), after=10) == {"open": 1}
    assert one(submitted(lines=[1, 2]), said(1, l1="approved"), said(4, l2="approved"))["median_hours"] == 4


def test_a_word_on_no_line_decides_nothing() -> None:
    assert one(submitted(), said(1), after=10) == {"open": 1}


@pytest.mark.parametrize(
    ("words", "approved_first"),
    [
        ((said(1, l1="approved", l2="approved"),), 1),
        ((said(1, l1="pended", l2="approved"), said(9, l1="approved")), 1),
        ((said(1, l1="approved", l2="partial"),), 0),
        ((said(1, l1="denied"), said(9, by="staff", l1="approved")), 0),
        ((said(1, l1="info_requested"), said(2, by="staff", l1="pended"), said(9, l1="approved")), 0),
    ],
)
def test_approved_at_first_answer(words: tuple[RequestEvent, ...], approved_first: int) -> None:
    spoken = {int(line) for word in words for line in word.details["lines"]}
    (row,) = rows((submitted(lines=spoken), *words))
    assert (row.in_time, row.approved_first, row.approved_first_share) == (1, approved_first, approved_first)


def test_time_in_which_the_payer_waits_for_us_counts_only_where_the_rule_says_so() -> None:
    def story(clock: Clock) -> tuple[RequestEvent, ...]:
        still = paused(clock, SENT + 10 * HOUR)
        noted = (timed(10, still), timed(60, resumed(still, SENT + 60 * HOUR))) if still.pauses else ()
        words = (said(10, l1="info_requested"), said(60, by="staff", l1="pended"), said(100, l1="approved"))
        return (submitted(clock=clock), *noted[:1], *words[:2], *noted[1:], words[2])

    assert one(*story(plans_own())) == {"in_time": 1, "median_hours": 50, "p90_hours": 50}
    assert one(*story(PART_B))["late"] == 1


def test_business_days_pauses_and_extensions_of_a_plans_own_rule_are_exact() -> None:
    clock = plans_own()
    # Monday noon in Denver, Wednesday closed: three business days end with Friday, two more with Tuesday.
    friday, tuesday = datetime(2026, 3, 7, 6, 59, 59, tzinfo=UTC), datetime(2026, 3, 11, 5, 59, 59, tzinfo=UTC)
    assert clock.due_at == friday
    longer = extended(clock, SENT + 40 * HOUR, 2 * DAY, "more_time")
    told = (submitted(clock=clock), timed(40, longer))
    (row,) = rows((*told, said(120, l1="approved")))
    assert (row.in_time, row.allowed_hours) == (1, round((tuesday - SENT) / HOUR, 2))
    assert one(submitted(clock=clock), said(120, l1="approved"))["late"] == 1
    (overdue,) = turnarounds(asked(told), tuesday + 3 * HOUR)
    assert (overdue.overdue, overdue.worst_breach_hours) == (1, 3)


def test_a_word_about_another_requests_clock_changes_nothing() -> None:
    entries = (submitted(contact="one"), timed(1, later(PART_B, 500), contact="another"), said(80, l1="denied"))
    assert one(*entries)["late"] == 1


def test_an_answer_before_the_clock_starts_took_no_time() -> None:
    after_discharge = later(PART_B, 48)
    assert one(submitted(clock=after_discharge), said(5, l1="approved")) == {"in_time": 1, "approved_first": 1}


def test_what_we_gave_up_or_asked_anew_is_nobodys_delay() -> None:
    assert one(submitted(), closed(5)) == {"withdrawn": 1}
    assert one(submitted(), said(1, l1="info_requested"), said(9, by="staff", l1="needs_review")) == {"withdrawn": 1}
    assert one(submitted(), submitted(10), said(12, l1="approved")) == {
        "withdrawn": 1,
        "in_time": 1,
        "approved_first": 1,
        "median_hours": 2,
        "p90_hours": 2,
    }


def test_requests_for_different_lines_run_side_by_side() -> None:
    entries = (
        submitted(lines=[1, 2], contact="one"),
        said(1, l1="denied", l2="pended"),
        submitted(10, lines=[1], contact="two"),
        said(20, l2="approved"),
        said(30, l1="approved"),
    )
    first, second = asked(entries)
    assert (first.decided_at, first.approved_first) == (SENT + 20 * HOUR, False)
    assert (second.decided_at, second.approved_first) == (SENT + 30 * HOUR, True)


def test_a_line_that_is_asked_for_anew_is_waited_for_in_the_new_request_only() -> None:
    asked_twice = (submitted(lines=[1, 2]), said(1, l2="approved"), submitted(2, lines=[1], contact="two"))
    first, second = asked(asked_twice)
    assert (first.withdrawn, second.withdrawn) == (True, False)


def test_what_comes_after_the_decision_changes_nothing() -> None:
    decided = (submitted(), said(5, l1="approved"))
    later_words = (
        said(200, l1="pended"),
        timed(210, later(PART_B, 900)),
        said(300, by="staff", l1="denied"),
        closed(400),
    )
    assert one(*decided, *later_words) == one(*decided)
    (request,) = asked((*decided, *later_words))
    assert request.heard == {1: SENT + 200 * HOUR}


def test_what_was_noted_before_any_request_is_no_answer() -> None:
    assert asked((said(0, by="staff", l1="approved"), closed(1))) == []


def test_a_request_that_no_rule_judges_is_left_out_of_the_report_and_ends_the_one_before() -> None:
    entries = (submitted(), submitted(10, clock=None), said(12, l1="approved"))
    assert one(*entries) == {"withdrawn": 1}
    assert [request.decided_at for request in asked(entries)] == [None, SENT + 12 * HOUR]


def test_what_was_voided_is_nobodys_delay() -> None:
    entries = (submitted(lines=[1, 2]), said(1, l1="approved"), voided(5, [2]), said(90, l2="denied"))
    assert one(*entries) == {"withdrawn": 1}
    assert one(submitted(lines=[1, 2]), voided(5, [2]), said(8, l1="approved"))["median_hours"] == 8


def test_sums_are_by_payer_and_rule() -> None:
    def requests(*entries: RequestEvent) -> Sequence[RequestRecord]:
        return asked(entries)

    tens = [requests(submitted(payer="b"), said(hours, l1="approved"))[0] for hours in range(10, 110, 10)]
    own = plans_own()
    others = [
        requests(submitted(payer=payer, clock=clock))[0] for payer, clock in (("b", own), ("a", PART_B), ("a", PART_B))
    ]
    found = turnarounds([*tens, *others], SENT + 200 * HOUR)
    assert [(row.payer, row.rule, row.requests) for row in found] == [
        ("a", "Part B drug", 2),
        ("b", "Acme's own", 1),
        ("b", "Part B drug", 10),
    ]
    assert (found[2].in_time, found[2].late, found[2].median_hours, found[2].p90_hours) == (7, 3, 55, 90)
    assert (found[2].worst_breach_hours, found[2].allowed_hours) == (28, 72)
    assert (found[2].in_time_share, found[2].approved_first_share) == (0.7, 1)
    assert (found[0].median_hours, found[0].open, found[0].overdue, found[0].in_time_share) == (None, 2, 2, 0)
    assert found[0].approved_first_share is None


STATES = [LineState.PENDED, LineState.INFO_REQUESTED, LineState.APPROVED, LineState.DENIED, LineState.PARTIAL]
WORDS = st.tuples(
    st.sampled_from(["payer", "staff"]), st.dictionaries(st.sampled_from(["1", "2"]), st.sampled_from(STATES))
)
THINGS = st.one_of(
    st.tuples(st.just("lines"), WORDS),
    st.tuples(st.just("clock"), st.sampled_from(["pause", "resume", "extend"])),
    st.tuples(st.just("submitted"), st.sampled_from([[1], [2], [1, 2]])),
    st.tuples(st.just("closed"), st.none()),
)


def told(things: list[tuple[int, tuple[str, Any]]]) -> list[RequestEvent]:
    """Things that happen one after the other, each so many hours after the one before, to requests of two lines."""
    hours, count, clock, events = 0, 0, plans_own(), list[RequestEvent]()
    for gap, (what, how) in things:
        hours += gap
        at = SENT + hours * HOUR
        match what:
            case "submitted":
                count, clock = count + 1, later(plans_own(), hours)
                events.append(submitted(hours, plans_own(), contact=f"c{count}", lines=how))
            case "clock" if count:
                clock = _changed(clock, how, at)
                events.append(timed(hours, clock, f"c{count}"))
            case "lines":
                by, lines = how
                events.append(RequestEvent(at, "authorization.lines", {"by": by, "lines": lines}))
            case "closed":
                events.append(closed(hours))
    return events


def _changed(clock: Clock, how: str, at: datetime) -> Clock:
    match how:
        case "pause":
            return paused(clock, at)
        case "resume":
            return resumed(clock, at)
        case _:
            return extended(clock, at, DAY, "more_time")


STORIES = st.lists(st.tuples(st.integers(0, 60), THINGS), max_size=14).map(told)


@given(STORIES, st.integers(0, 500))
def test_the_figures_of_any_story_fit_together(story: list[RequestEvent], after: int) -> None:
    now = SENT + after * HOUR
    requests = asked(story)
    assert len(requests) == sum(event.action == "authorization.submitted" for event in story)
    for row in turnarounds(requests, now):
        assert row.requests == row.in_time + row.late + row.open + row.withdrawn
        assert 0 <= row.overdue <= row.open
        assert 0 <= row.approved_first <= row.in_time + row.late
        assert (row.worst_breach_hours is None) == (row.late + row.overdue == 0)
        assert row.median_hours is None or 0 <= row.median_hours <= row.p90_hours  # type: ignore[operator]
        assert all(share is None or 0 <= share <= 1 for share in (row.in_time_share, row.approved_first_share))


@given(STORIES)
def test_each_request_is_judged_by_the_clock_that_was_noted_last_before_it_ended(story: list[RequestEvent]) -> None:
    running: dict[str, Clock | None] = {}
    for told_so_far in range(len(story) + 1):
        for request in asked(story[:told_so_far]):
            if not request.ended:
                notes = (event.details for event in story[:told_so_far] if "clock" in event.details)
                last = [details["clock"] for details in notes if details["contact"] == request.contact][-1]
                running[request.contact] = Clock.model_validate(last)
                assert request.clock == running[request.contact]
            elif request.decided_at:
                before = running[request.contact]
                assert before is not None
                assert request.clock == answered(before, request.decided_at)


@given(STORIES, STORIES)
def test_an_end_is_an_end_whatever_is_noted_after_it(story: list[RequestEvent], more: list[RequestEvent]) -> None:
    before = asked(story)
    last = story[-1].at if story else SENT
    moved = [event._replace(at=last + (event.at - SENT)) for event in more]
    for was, now in zip(before, asked([*story, *moved]), strict=False):
        if was.ended:
            assert (was.decided_at, was.withdrawn, was.clock) == (now.decided_at, now.withdrawn, now.clock)
            assert was.approved_first == now.approved_first


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, ()),
        ({"authorized_units": 14, "valid_from": "2026-12-01", "valid_to": "2026-12-14"}, ()),
        ({"authorized_units": 7}, ("units",)),
        ({"valid_from": "2026-11-20", "valid_to": "2027-01-31"}, ()),
        ({"valid_to": "2026-12-13"}, ("period",)),
        ({"valid_from": "2026-12-02", "authorized_units": 0}, ("units", "period")),
    ],
)
def test_what_the_payer_gives_against_what_was_asked(changes: dict[str, Any], differs: tuple[str, ...]) -> None:
    given_line = {"sequence": 1, "kind": LineKind.DRUG, "code": "J0696", "place_of_service": "12", "units": 14}
    order = Order.model_validate({"requested_start": "2026-12-01", "duration_days": 14})
    line = Line.model_validate({**given_line, **changes})
    assert differences(line, requested_period(order, line)) == differs
    without_start = requested_period(order.model_copy(update={"requested_start": None}))
    assert differences(line, without_start) == tuple(name for name in differs if name == "units")


def test_each_line_is_asked_for_as_long_as_its_medication_and_nursing_as_long_as_any() -> None:
    medications = [{"duration_days": 14}, {"frequency": "q8h", "duration": {"value": 63, "unit": "doses"}}]
    order = Order.model_validate({"requested_start": "2026-12-01", "medications": medications})
    last = {
        (kind, medication): period.last.day
        for kind in LineKind
        for medication in (0, 1)
        if (period := requested_period(order, Line(**LINE, kind=kind, medication=medication)))
    }
    assert last == {
        (LineKind.DRUG, 0): 14,
        (LineKind.DRUG, 1): 21,
        (LineKind.PER_DIEM, 0): 14,
        (LineKind.PER_DIEM, 1): 21,
        (LineKind.NURSING, 0): 21,
        (LineKind.NURSING, 1): 21,
    }
