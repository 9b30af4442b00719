"""Which nurse may make a visit, when it is possible, and how old a result may be on its day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.care.ages import assessed_from, verified_from
from firstdose.domain.care.nurse import Nurse, VisitNeeds
from firstdose.domain.care.therapy import Delivery, KitExemption, PreparedTherapy
from firstdose.domain.care.visit import VisitProblem
from firstdose.domain.care.visit_window import VisitWindow, visit_window
from firstdose.domain.policy import Policy, ResultAges
from firstdose.domain.referral.order import Site, TherapyKind

DAY, POLICY = date(2026, 3, 20), Policy()
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
NEEDS = VisitNeeds(TherapyKind.ANTI_INFECTIVE, "OH", "43215", ordered_from=date(2026, 3, 18))
NURSE = Nurse(active=True, skills=("anti_infective",), states=("IN", "OH"), areas=("432",), expires={"OH": DAY})


def test_a_nurse_who_fits_until_the_last_day_of_the_license() -> None:
    assert NURSE.problem(NEEDS, DAY) is None
    over = NURSE.problem(NEEDS, DAY + timedelta(days=1))
    assert over is not None
    assert (over.held, over.problem, over.possible_to) == (False, VisitProblem.LICENSE_OVER_BY_VISIT, DAY)


@pytest.mark.parametrize(
    ("nurse", "needs", "problem"),
    [
        (NURSE._replace(active=False), NEEDS, VisitProblem.NURSE_AWAY),
        (NURSE, NEEDS._replace(therapy=TherapyKind.IRON), VisitProblem.NURSE_LACKS_SKILL),
        (NURSE, NEEDS._replace(therapy=None), VisitProblem.NURSE_LACKS_SKILL),
        (NURSE, NEEDS._replace(state="KY"), VisitProblem.NURSE_NOT_LICENSED),
        (NURSE, NEEDS._replace(state=None), VisitProblem.NURSE_NOT_LICENSED),
        (NURSE, NEEDS._replace(postal_code="44101"), VisitProblem.NURSE_NOT_IN_AREA),
        (NURSE, NEEDS._replace(postal_code=None), VisitProblem.NURSE_NOT_IN_AREA),
    ],
)
def test_a_nurse_who_does_not_fit(nurse: Nurse, needs: VisitNeeds, problem: VisitProblem) -> None:
    found = nurse.problem(needs, DAY)
    assert found is not None
    assert found.problem is problem


@pytest.mark.parametrize(
    ("nurse", "needs"),
    [
        (NURSE._replace(areas=()), NEEDS._replace(postal_code=None)),
        (NURSE._replace(expires={}), NEEDS),
        (NURSE._replace(expires={"IN": date(2026, 1, 1)}), NEEDS),
    ],
    ids=["anywhere in the state", "no known end", "another state's license is over"],
)
def test_a_nurse_without_a_limit(nurse: Nurse, needs: VisitNeeds) -> None:
    assert nurse.problem(needs, DAY) is None


def test_a_visit_before_the_ordered_start_is_nobodys() -> None:
    assert NEEDS.problem(date(2026, 3, 18)) is None
    assert NEEDS._replace(ordered_from=None).problem(date(2026, 1, 1)) is None
    early = NEEDS.problem(date(2026, 3, 17))
    assert early is not None
    assert (early.problem, early.possible_from) == (VisitProblem.BEFORE_ORDERED_START, date(2026, 3, 18))


def line(state: LineState = LineState.APPROVED, first: date | None = None, last: date | None = None) -> Line:
    return Line(
        sequence=1,
        kind=LineKind.DRUG,
        code="J0696",
        units=14,
        place_of_service="12",
        state=state,
        valid_from=first,
        valid_to=last,
    )


def therapy(beyond_use: datetime, delivered_at: datetime | None = None) -> PreparedTherapy:
    return PreparedTherapy(
        lot="L1", beyond_use=beyond_use, kit_present=True, delivery=Delivery.DELIVERED, delivered_at=delivered_at
    )


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


LAST = NOW + POLICY.horizons.visit


@pytest.mark.parametrize(
    ("lines", "prepared", "window"),
    [
        ([], None, VisitWindow(NOW, LAST)),
        ([line()], None, VisitWindow(NOW, LAST)),
        ([line(first=date(2026, 3, 12))], None, VisitWindow(at(12), at(12) + POLICY.horizons.visit)),
        ([line(last=date(2026, 3, 20))], None, VisitWindow(NOW, at(21))),
        ([line(last=date(2026, 3, 20)), line(last=date(2026, 3, 16))], None, VisitWindow(NOW, at(17))),
        ([line(LineState.PENDED, date(2026, 3, 12), date(2026, 3, 20))], None, VisitWindow(NOW, LAST)),
        ([line(last=date(2026, 3, 12))], None, VisitWindow(NOW, LAST)),  # at short notice: it is renewed
        ([line(last=date(2026, 3, 13))], None, VisitWindow(NOW, at(14))),
        ([], therapy(at(15, 8), at(11, 7)), VisitWindow(at(11, 7), at(15, 8))),
        ([], therapy(at(10, 11, 30)), VisitWindow(NOW, LAST)),  # past its date before a nurse can leave
        ([], therapy(at(10, 11, 31)), VisitWindow(NOW, at(10, 11, 31))),
    ],
)
def test_when_a_visit_is_possible(lines: list[Line], prepared: PreparedTherapy | None, window: VisitWindow) -> None:
    assert visit_window(NOW, lines, prepared, POLICY) == window


def test_an_authorization_that_ends_just_at_short_notice_does_not_limit_the_visit() -> None:
    assert visit_window(at(11), [line(last=date(2026, 3, 13))], None, POLICY).end == at(11) + POLICY.horizons.visit


def test_a_window_has_its_first_moment_and_not_its_end() -> None:
    window = VisitWindow(NOW, LAST)
    assert [window.has(each) for each in (NOW, LAST)] == [True, False]
    assert not window.has(NOW - timedelta(microseconds=1))
    assert window.has(LAST - timedelta(microseconds=1))


AGES, LEAD = ResultAges(assessment=timedelta(days=7), verification=timedelta(days=10)), timedelta(hours=2)


@pytest.mark.parametrize(
    ("visit_at", "in_month", "since"),
    [
        (at(20, 15), True, at(10, 15)),
        (at(5, 15), True, at(1)),  # not of the month before
        (at(5, 15), False, datetime(2026, 2, 23, 15, tzinfo=UTC)),
        (at(1, 1), True, datetime(2026, 2, 28, 23, tzinfo=UTC)),  # the month cannot be waited for
        (at(1, 3), True, at(1)),
    ],
)
def test_benefits_serve_a_visit_of_their_month(visit_at: datetime, *, in_month: bool, since: datetime) -> None:
    ages = AGES.model_copy(update={"verified_in_month": in_month})
    assert verified_from(visit_at, ages, LEAD) == since


def test_an_assessment_serves_a_visit_of_the_days_after_it() -> None:
    assert assessed_from(at(20, 15), AGES) == at(13, 15)


@pytest.mark.parametrize(
    ("present", "exemption", "site", "settled"),
    [
        (True, None, Site.HOME, True),
        (False, None, Site.SUITE, False),
        (False, KitExemption.NOT_FIRST_DOSE, Site.HOME, True),
        (False, KitExemption.SUITE_EQUIPMENT, Site.SUITE, True),
        (False, KitExemption.SUITE_EQUIPMENT, Site.HOME, False),
        (True, KitExemption.SUITE_EQUIPMENT, Site.HOME, True),
    ],
)
def test_the_kit_is_there_or_its_exemption_holds_here(
    *, present: bool, exemption: KitExemption | None, site: Site, settled: bool
) -> None:
    prepared = therapy(LAST).model_copy(update={"kit_present": present, "kit_exemption": exemption})
    assert prepared.kit_settled(site) is settled
