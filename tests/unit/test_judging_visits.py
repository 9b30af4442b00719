"""When a visit is possible, and when it may be reported: the rules at their borders, and no visit outside of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.care.therapy import Delivery, PreparedTherapy
from firstdose.domain.care.visit import TAUGHT, ReportItem, Visit
from firstdose.domain.policy import NurseDispatch, Policy
from firstdose.domain.referral.order import Site
from firstdose.domain.work.judging.context import ResolutionContext
from firstdose.domain.work.judgment import judge
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
POLICY = Policy()
BEGUN_AT = NOW - 5 * DAY
STATE = ResolutionContext(begun_at=BEGUN_AT, site=Site.HOME, needs_nurse=True, policy=POLICY)
ANYBODY = Actor(id="somebody", roles=tuple(Role))
ALL = [str(each) for each in ReportItem]
TAUGHT_ITEMS = [str(each) for each in TAUGHT]


def line(valid_from: date | None = None, valid_to: date | None = None, **more: Any) -> Line:
    approved = {"sequence": 1, "state": LineState.APPROVED, "kind": LineKind.DRUG, "code": "J0696", "units": 14}
    place = {"place_of_service": "12", "valid_from": valid_from, "valid_to": valid_to}
    return Line.model_validate({**approved, **place, **more})


def therapy(beyond_use: datetime, **more: Any) -> PreparedTherapy:
    return PreparedTherapy(lot="L1", beyond_use=beyond_use, kit_present=True, delivery=Delivery.DELIVERED, **more)


def given_to(kind: K, answer: dict[str, Any], state: ResolutionContext = STATE, **asks: Any) -> None:
    item = WorkItem(id="r-1", kind=kind, asks=asks, opened_at=NOW, due_at=NOW)
    judge(item, ANYBODY, answer, state, NOW)


def accepted(at: datetime, state: ResolutionContext = STATE) -> None:
    answer = {"outcome": "accepted", "visit_at": at.isoformat(), "patient_confirmed": True}
    given_to(K.CONFIRM_VISIT, answer, state)


def reason(kind: K, answer: dict[str, Any], state: ResolutionContext = STATE, **asks: Any) -> str:
    with pytest.raises(Refused) as refused:
        given_to(kind, answer, state, **asks)
    return str(refused.value)


OUTSIDE: list[tuple[datetime, ResolutionContext]] = [
    (NOW, STATE),
    (NOW - MINUTE, STATE),
    (BEGUN_AT - DAY, STATE),
    (NOW + POLICY.horizons.visit, STATE),
    (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), STATE._replace(lines=(line(date(2026, 12, 1)),))),
    (datetime(2026, 12, 2, tzinfo=UTC), STATE._replace(lines=(line(valid_to=date(2026, 12, 1)),))),
    (NOW + 3 * DAY, STATE._replace(therapy=therapy(NOW + 3 * DAY))),
    (NOW + DAY, STATE._replace(therapy=therapy(NOW + 9 * DAY, delivered_at=NOW + DAY + MINUTE))),
    (
        datetime(2026, 12, 4, tzinfo=UTC),
        STATE._replace(lines=(line(valid_to=date(2026, 12, 9)), line(valid_to=date(2026, 12, 3), sequence=2))),
    ),
]
INSIDE: list[tuple[datetime, ResolutionContext]] = [
    (NOW + MINUTE, STATE),
    (NOW + POLICY.horizons.visit - MINUTE, STATE),
    (datetime(2026, 12, 1, tzinfo=UTC), STATE._replace(lines=(line(date(2026, 12, 1)),))),
    (datetime(2026, 12, 1, 23, 59, tzinfo=UTC), STATE._replace(lines=(line(valid_to=date(2026, 12, 1)),))),
    (NOW + 3 * DAY - MINUTE, STATE._replace(therapy=therapy(NOW + 3 * DAY))),
    (NOW + DAY, STATE._replace(therapy=therapy(NOW + 9 * DAY, delivered_at=NOW + DAY))),
    (NOW + 5 * DAY, STATE._replace(lines=(line(date(2026, 12, 1), state=LineState.DENIED),))),
]
TO_BE_RENEWED: list[tuple[datetime, ResolutionContext]] = [
    (NOW + 5 * DAY, STATE._replace(lines=(line(valid_to=NOW.date() - DAY),))),
    (NOW + 5 * DAY, STATE._replace(lines=(line(valid_to=NOW.date() + DAY),))),
    (NOW + 5 * DAY, STATE._replace(therapy=therapy(NOW - DAY))),
    (NOW + 5 * DAY, STATE._replace(lines=(line(valid_to=NOW.date() - DAY),), therapy=therapy(NOW - DAY))),
]


@pytest.mark.parametrize(("at", "state"), OUTSIDE)
@pytest.mark.parametrize("kind", [K.CONFIRM_VISIT, K.PLACE_VISIT])
def test_a_visit_that_is_not_possible_is_refused_with_what_is(at: datetime, state: ResolutionContext, kind: K) -> None:
    outcome = {"outcome": "accepted"} if kind is K.CONFIRM_VISIT else {"outcome": "placed", "nurse": "rn-1"}
    why = reason(kind, {**outcome, "visit_at": at.isoformat(), "patient_confirmed": True}, state)
    assert why.startswith("visit_at: possible ")
    assert at.isoformat() not in why


@pytest.mark.parametrize(("at", "state"), INSIDE)
def test_a_visit_that_is_possible_is_accepted(at: datetime, state: ResolutionContext) -> None:
    accepted(at, state)


@pytest.mark.parametrize(("at", "state"), TO_BE_RENEWED)
def test_what_is_over_at_short_notice_is_renewed_and_leaves_the_time_free(
    at: datetime, state: ResolutionContext
) -> None:
    accepted(at, state)


DAYS = st.one_of(st.none(), st.dates(date(2026, 11, 1), date(2027, 3, 1)))
MOMENTS = st.datetimes(datetime(2026, 11, 1), datetime(2027, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(at=MOMENTS, periods=st.lists(st.tuples(DAYS, DAYS), max_size=3), beyond_use=st.one_of(st.none(), MOMENTS))
def test_no_accepted_visit_lies_outside(
    at: datetime, periods: list[tuple[date | None, date | None]], beyond_use: datetime | None
) -> None:
    lines = tuple(line(*period, sequence=number) for number, period in enumerate(periods))
    state = STATE._replace(lines=lines, therapy=therapy(beyond_use) if beyond_use else None)
    try:
        accepted(at, state)
    except Refused:
        return
    first = max([NOW, *(datetime.combine(each, datetime.min.time(), UTC) for each, _ in periods if each)])
    assert NOW < at < first + POLICY.horizons.visit
    for begins, ends in periods:
        assert begins is None or begins <= at.date()
        assert ends is None or at.date() <= ends or ends <= (first + POLICY.dispatch.short_notice).date()
    assert beyond_use is None or at < beyond_use or beyond_use <= first + POLICY.dispatch.lead


@given(periods=st.lists(st.tuples(DAYS, DAYS), max_size=3), beyond_use=st.one_of(st.none(), MOMENTS))
def test_some_time_is_always_possible(
    periods: list[tuple[date | None, date | None]], beyond_use: datetime | None
) -> None:
    lines = tuple(line(*period, sequence=number) for number, period in enumerate(periods))
    state = STATE._replace(lines=lines, therapy=therapy(beyond_use) if beyond_use else None)
    begins = [datetime.combine(each, datetime.min.time(), UTC) for each, _ in periods if each]
    accepted(max([NOW, *begins]) + MINUTE, state)


@pytest.mark.parametrize(
    ("answer", "state", "why"),
    [
        ({"outcome": "suite"}, STATE._replace(site=Site.SUITE), "outcome: the visit is in the suite already"),
        ({"outcome": "placed"}, STATE, "nurse: a visit at home needs a nurse"),
        ({"outcome": "suite"}, STATE, None),
        ({"outcome": "placed"}, STATE._replace(site=Site.SUITE), None),
        ({"outcome": "placed"}, STATE._replace(needs_nurse=False), None),
        ({"outcome": "placed", "nurse": "rn-1"}, STATE, None),
        ({"outcome": "not_possible"}, STATE, None),
    ],
)
def test_a_visit_is_placed_where_it_can_be(answer: dict[str, Any], state: ResolutionContext, why: str | None) -> None:
    at = {"visit_at": (NOW + DAY).isoformat(), "patient_confirmed": True} if answer["outcome"] == "placed" else {}
    if why is None:
        given_to(K.PLACE_VISIT, {**answer, **at}, state)
    else:
        assert reason(K.PLACE_VISIT, {**answer, **at}, state).startswith(why)


def test_the_desk_knows_the_site_from_the_item() -> None:
    assert reason(K.PLACE_VISIT, {"outcome": "suite"}, ResolutionContext(), site="suite").startswith("outcome: ")


BEGUN = STATE._replace(visit=Visit(visit_at=NOW - timedelta(hours=2)))
COMPLETE = {"outcome": "completed", "items": ALL, "shown_back": TAUGHT_ITEMS}


@pytest.mark.parametrize(
    ("answer", "state", "why"),
    [
        (COMPLETE, BEGUN, None),
        ({**COMPLETE, "shown_back": []}, BEGUN, None),
        ({**COMPLETE, "ended_at": (NOW - MINUTE).isoformat()}, BEGUN, None),
        ({"outcome": "kit_missing"}, STATE._replace(visit=Visit(visit_at=NOW + DAY)), None),
        (COMPLETE, STATE._replace(visit=Visit(visit_at=NOW + timedelta(hours=1))), "outcome: the visit begins at"),
        ({"outcome": "missed"}, STATE._replace(visit=Visit(visit_at=NOW + timedelta(hours=1))), "outcome: "),
        ({"outcome": "reaction"}, STATE._replace(visit=Visit(visit_at=NOW + timedelta(hours=1))), "outcome: "),
        ({**COMPLETE, "ended_at": (NOW + DAY).isoformat()}, BEGUN, "ended_at: possible from"),
        ({**COMPLETE, "ended_at": (NOW - timedelta(hours=2)).isoformat()}, BEGUN, "ended_at: possible is a time after"),
        ({**COMPLETE, "ended_at": (NOW - timedelta(hours=3)).isoformat()}, BEGUN, "ended_at: possible is a time after"),
        ({**COMPLETE, "items": ALL[:-1]}, BEGUN, "items: a completed visit reports every item; missing: condition_as"),
        ({**COMPLETE, "shown_back": ["supplies_reviewed"]}, BEGUN, "shown_back: possible are the taught items"),
        (
            {"outcome": "missed", "items": [], "shown_back": ["storage_taught"]},
            BEGUN,
            "shown_back: possible are items that are among the reported",
        ),
    ],
)
def test_a_visit_is_reported_as_it_can_have_been(
    answer: dict[str, Any], state: ResolutionContext, why: str | None
) -> None:
    if why is None:
        given_to(K.REPORT_VISIT, answer, state)
    else:
        assert reason(K.REPORT_VISIT, answer, state).startswith(why)


def test_a_nurse_may_come_as_early_as_the_policy_says() -> None:
    early = Policy(dispatch=NurseDispatch(report_early=timedelta(hours=1)))
    coming = BEGUN._replace(visit=Visit(visit_at=NOW + timedelta(hours=1)), policy=early)
    given_to(K.REPORT_VISIT, COMPLETE, coming)


def test_the_desk_knows_the_visits_time_from_the_item() -> None:
    shown = (NOW + DAY).isoformat()
    assert reason(K.REPORT_VISIT, COMPLETE, ResolutionContext(), visit_at=shown).startswith("outcome: ")
