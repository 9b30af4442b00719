"""Parses a 271 (005010X279A1): whether the plan is in force, cost sharing, which lines need authorization.

EB12 says whether a benefit is the one inside the network, not whether we are: `in_network` stays unknown.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise, takewhile
from typing import Final

from firstdose.adapters.payers.x12.eligibility_270 import HOME_HEALTH_CARE, PLAN, PLAN_DATE
from firstdose.adapters.payers.x12.envelope import Transaction
from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, SUBSCRIBER, Level, levels
from firstdose.adapters.payers.x12.rejection import PERSON_NOT_FOUND, rejections_at
from firstdose.adapters.payers.x12.segments import Segment, UnreadableX12
from firstdose.adapters.payers.x12.values import amount, period, short_text
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

# X12 1390 (EB01), 615 (EB06), 1207 (EB02).
_ACTIVE: Final = frozenset("1234")
_INACTIVE: Final = "6"
_UNSETTLED: Final = frozenset("578")
_COINSURANCE, _COPAY, _DEDUCTIBLE, _OUT_OF_POCKET = "A", "B", "C", "G"
_REMAINING: Final = "29"
_INDIVIDUAL: Final = "IND"
_BEGINS: Final = frozenset({"346", "348", "356"})  # X12 374: of the plan, the benefit, the eligibility
_ENDS: Final = frozenset({"347", "349", "357"})
_PERIODS: Final = frozenset({PLAN_DATE, "292", "307"})
_PLACE_OF_SERVICE: Final = "ZZ"
_THEIR_TRACE, _OUR_TRACE = "1", "2"


@dataclass(frozen=True)
class Benefit:
    """One EB and the segments that go with it."""

    eb: Segment
    details: tuple[Segment, ...]

    @property
    def of_the_plan(self) -> bool:
        types = self.eb.repeated(3)
        return self.concerns_us and (not types or PLAN in types)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Smallest first: inside the network, for the person alone, for home health care."""
        types = self.eb.repeated(3)
        return (self.eb.value(12) == "N", self.eb.value(2) != _INDIVIDUAL, HOME_HEALTH_CARE not in types)

    @property
    def concerns_us(self) -> bool:
        """Not another kind of service, nor one procedure."""
        types = self.eb.repeated(3)
        return not self.eb.value(13, 2) and (not types or bool({PLAN, HOME_HEALTH_CARE} & set(types)))

    def holds_at(self, places: Collection[str]) -> bool:
        """Whether it is restricted (III) to nothing but one of these places of service."""
        restricted = [one for one in self.details if one.tag == "III"]
        return not restricted or any(one.value(1) == _PLACE_OF_SERVICE and one.value(2) in places for one in restricted)


def read_benefits(transaction: Transaction, case: PayerCase) -> Benefits:
    """Read the payer's answer.

    A line needs authorization unless the payer says in so many words, and without a message beside them, that its code
    does not.

    Raises:
        Unreadable: it is no answer to this inquiry.
        Unavailable: the payer's own system is down.
        Impossible: the payer refuses, or does not say whether the plan is in force.
    """
    found = levels(transaction.segments)
    people = [level for level in found if level.code in (SUBSCRIBER, DEPENDENT)]
    _check_trace(people, case)
    all_benefits = [benefit for level in people[-1:] for benefit in _benefits(level)]
    if not all_benefits:
        return _without_benefits(found)
    places = {line.place_of_service for line in case.lines}
    benefits = [benefit for benefit in all_benefits if benefit.holds_at(places)]
    return Benefits(
        status=_status(people[-1], benefits, case.created_at.date()),
        deductible_remaining=_value(benefits, _DEDUCTIBLE, _money, period_code=_REMAINING),
        out_of_pocket_remaining=_value(benefits, _OUT_OF_POCKET, _money, period_code=_REMAINING),
        copay=_value(benefits, _COPAY, _money),
        coinsurance_percent=_percent(_value(benefits, _COINSURANCE, _fraction)),
        needs_authorization=_needing(benefits, case),
        reference=_reference(people),
        channel=Channel.X12,
    )


def _check_trace(people: Sequence[Level], case: PayerCase) -> None:
    traces = [trn.value(2) for level in people for trn in level.all("TRN") if trn.value(1) == _OUR_TRACE]
    if traces and case.trace.upper() not in (one.upper() for one in traces):
        raise UnreadableX12("an answer to another inquiry")


def _benefits(level: Level) -> Iterator[Benefit]:
    starts = [place for place, one in enumerate(level.segments) if one.tag == "EB"]
    for start, end in pairwise([*starts, len(level.segments)]):
        yield Benefit(level.segments[start], level.segments[start + 1 : end])


def _without_benefits(found: Sequence[Level]) -> Benefits:
    refused = rejections_at(found)
    if not refused:
        raise UnreadableX12("neither benefits nor a rejection")
    for rejection in refused:
        if rejection.payer_down:
            raise rejection.unavailable()
    if all(rejection.reason in PERSON_NOT_FOUND for rejection in refused):
        return Benefits(status=CoverageStatus.NOT_FOUND, reference=_reference(found), channel=Channel.X12)
    raise Impossible(ProblemCode.ELIGIBILITY_NOT_TOLD)


def _status(person: Level, benefits: Sequence[Benefit], today: date) -> CoverageStatus:
    """By the benefits of the whole plan, or else those of home health care; contradictory ones decide nothing."""
    about = [benefit for benefit in benefits if benefit.eb.value(1) in _ACTIVE | _UNSETTLED | {_INACTIVE}]
    deciding = [benefit for benefit in about if benefit.of_the_plan] or [one for one in about if one.concerns_us]
    codes = {benefit.eb.value(1) for benefit in deciding}
    if codes == {_INACTIVE}:
        return CoverageStatus.INACTIVE
    before_benefits = takewhile(lambda one: one.tag != "EB", person.segments)
    details = [*before_benefits, *(detail for benefit in deciding for detail in benefit.details)]
    if not codes or not codes <= _ACTIVE or not all(_in_force(dtp, today) for dtp in details if dtp.tag == "DTP"):
        raise Impossible(ProblemCode.ELIGIBILITY_NOT_TOLD)
    return CoverageStatus.ACTIVE


def _in_force(dtp: Segment, today: date) -> bool:
    """Whether a date of the plan lets it be in force; one that cannot be read does not."""
    about, dates = dtp.value(1), period(dtp)
    if about not in _BEGINS | _ENDS | _PERIODS:
        return True
    if dates is None:
        return False
    if dtp.value(2) == "RD8":
        return dates.includes(today)
    return today <= dates.end if about in _ENDS else dates.start <= today


def _value(
    benefits: Sequence[Benefit], kind: str, read: Callable[[Segment], Decimal | None], *, period_code: str | None = None
) -> Decimal | None:
    """The value of the benefits that fit best; None if they disagree, because a wrong figure is worse than none."""
    about = [
        benefit
        for benefit in benefits
        if benefit.eb.value(1) == kind and benefit.concerns_us and period_code in (None, benefit.eb.value(6))
    ]
    best = min((benefit.rank for benefit in about), default=None)
    values = {read(benefit.eb) for benefit in about if benefit.rank == best}
    return values.pop() if len(values) == 1 else None


def _money(eb: Segment) -> Decimal | None:
    return amount(eb.value(7))


def _fraction(eb: Segment) -> Decimal | None:
    return amount(eb.value(8))


def _percent(fraction: Decimal | None) -> int | None:
    """EB08 is a fraction of one."""
    if fraction is None or fraction > 1 or fraction * 100 != int(fraction * 100):
        return None
    return int(fraction * 100)


def _needing(benefits: Sequence[Benefit], case: PayerCase) -> frozenset[LineKind]:
    """EB11 by procedure (EB13); a "no" with a message beside it does not count, because the message may limit it."""
    free = set()
    for line in case.lines:
        here = [benefit for benefit in benefits if benefit.holds_at([line.place_of_service])]
        about = [benefit for benefit in here if benefit.eb.value(13, 2) == line.code and benefit.eb.value(11)]
        if about and all(benefit.eb.value(11) == "N" and not _has_message(benefit) for benefit in about):
            free.add(line.kind)
    return frozenset(LineKind) - free


def _has_message(benefit: Benefit) -> bool:
    return any(one.tag == "MSG" for one in benefit.details)


def _reference(found: Sequence[Level]) -> str | None:
    """The payer's own trace number of its answer."""
    traces = (trn.value(2) for level in found for trn in level.all("TRN") if trn.value(1) == _THEIR_TRACE)
    return next((reference for one in traces if (reference := short_text(one, 80))), None)
