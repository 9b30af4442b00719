"""Whether a 271 says that the plan is in force on the day of service, and what in it only a person can judge."""

from collections.abc import Collection, Sequence
from datetime import date
from itertools import takewhile
from typing import Final

from firstdose.adapters.payers.x12.benefit import Benefit
from firstdose.adapters.payers.x12.eligibility_270 import PLAN_DATE
from firstdose.adapters.payers.x12.hierarchy import Level
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.adapters.payers.x12.values import amount, period
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.problem import ProblemCode

# X12 1390 (EB01).
ACTIVE: Final = frozenset("1234")
INACTIVE: Final = "6"
ANOTHER_PAYER: Final = "R"
NOT_COVERED: Final = frozenset("EI")
LIMIT: Final = "F"
_UNSETTLED: Final = frozenset("578")
_BEGINS: Final = frozenset({"346", "348", "356"})  # X12 374: of the plan, the benefit, the eligibility
ENDS: Final = frozenset({"347", "349", "357"})
_PERIODS: Final = frozenset({PLAN_DATE, "292", "307"})
PLAN_DATES: Final = _BEGINS | ENDS | _PERIODS


def problem_of(benefits: Sequence[Benefit], codes: Collection[str]) -> ProblemCode | None:
    """What a person must know before anything is asked of this payer, whether the plan is in force or not.

    What is not covered, or used up, outside the payer's network says nothing of a pharmacy inside it.
    """
    ours = [benefit for benefit in benefits if benefit.concerns(codes)]
    if any(benefit.kind == ANOTHER_PAYER for benefit in ours):
        return ProblemCode.ANOTHER_PAYER_NAMED
    inside = [benefit for benefit in ours if not benefit.outside_the_network]
    if any(benefit.kind in NOT_COVERED for benefit in inside):
        return ProblemCode.SERVICE_NOT_COVERED
    if any(benefit.kind == LIMIT and amount(benefit.eb.value(10)) == 0 for benefit in inside):
        return ProblemCode.BENEFIT_USED_UP
    return None


def status_of(person: Level, benefits: Sequence[Benefit], day: date) -> CoverageStatus | ProblemCode:
    """By what is said of the plan as a whole, or of home health care where nothing is; else why it is not clear."""
    deciding = deciding_of(benefits)
    said = {benefit.kind for benefit in deciding}
    if said == {INACTIVE}:
        return CoverageStatus.INACTIVE
    if _several_plans(deciding):
        return ProblemCode.SEVERAL_PLANS_ANSWERED
    if not said or not said <= ACTIVE:
        return ProblemCode.ELIGIBILITY_NOT_TOLD
    dates = [*plan_dates(person), *(dtp for benefit in deciding for dtp in dates_of(benefit))]
    if any(period(dtp) is None for dtp in dates):
        return ProblemCode.ELIGIBILITY_NOT_TOLD
    return CoverageStatus.ACTIVE if all(_in_force(dtp, day) for dtp in dates) else ProblemCode.COVERAGE_NOT_ON_THAT_DAY


def deciding_of(benefits: Sequence[Benefit]) -> list[Benefit]:
    about = [benefit for benefit in benefits if benefit.kind in ACTIVE | _UNSETTLED | {INACTIVE}]
    return [one for one in about if one.of_the_plan] or [one for one in about if one.concerns_us]


def plan_dates(person: Level) -> list[Segment]:
    """What stands before all benefits holds for each."""
    before = takewhile(lambda one: one.tag != "EB", person.segments)
    return [one for one in before if one.tag == "DTP" and one.value(1) in PLAN_DATES]


def dates_of(benefit: Benefit) -> list[Segment]:
    return [one for one in benefit.details if one.tag == "DTP" and one.value(1) in PLAN_DATES]


def _several_plans(deciding: Sequence[Benefit]) -> bool:
    """Several names for one kind of insurance; or one plan is in force and one is not, each with dates of its own."""
    names: dict[str, set[str]] = {}
    for benefit in deciding:
        kind, name = benefit.plan
        if name:
            names.setdefault(kind, set()).add(name)
    mixed = {benefit.kind == INACTIVE for benefit in deciding} == {True, False}
    return any(len(each) > 1 for each in names.values()) or (mixed and all(dates_of(one) for one in deciding))


def _in_force(dtp: Segment, day: date) -> bool:
    """Whether a date of the plan lets it be in force."""
    told = period(dtp)
    if told is None:
        return False
    if dtp.value(2) == "RD8":
        return told.includes(day)
    return day <= told.end if dtp.value(1) in ENDS else told.start <= day
