"""Parses a 271 (005010X279A1): whether the plan is in force, cost sharing, which lines need authorization.

EB12 says whether a benefit is the one inside the network, not whether we are: `in_network` stays unknown.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from firstdose.adapters.payers.x12.benefit import Benefit, benefits_of
from firstdose.adapters.payers.x12.coverage_271 import problem_of, status_of
from firstdose.adapters.payers.x12.envelope import Transaction
from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, SUBSCRIBER, Level, levels
from firstdose.adapters.payers.x12.rejection import PERSON_NOT_FOUND, rejections_at
from firstdose.adapters.payers.x12.remarks_271 import remarks_of_benefits
from firstdose.adapters.payers.x12.segments import Segment, UnreadableX12
from firstdose.adapters.payers.x12.values import amount, short_text
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.payer.remark import PayerRemark
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerCase, UnclearAnswer

# X12 1390 (EB01), 615 (EB06).
_COINSURANCE, _COPAY, _DEDUCTIBLE, _OUT_OF_POCKET = "A", "B", "C", "G"
_REMAINING: Final = "29"
_THEIR_TRACE, _OUR_TRACE = "1", "2"


def read_benefits(transaction: Transaction, case: PayerCase) -> Benefits:
    """Read the payer's answer.

    A line needs authorization unless the payer says in so many words, and without a message beside them, that its code
    does not.

    Raises:
        Unreadable: it is no answer to this inquiry.
        Unavailable: the payer's own system is down.
        UnclearAnswer: the payer refuses, does not say whether the plan is in force on the day of service, or says
            what only a person can judge.
    """
    found = levels(transaction.segments)
    people = [level for level in found if level.code in (SUBSCRIBER, DEPENDENT)]
    _check_trace(people, case)
    told = [benefit for level in people[-1:] for benefit in benefits_of(level)]
    codes = {line.code for line in case.lines}
    remarks = remarks_of_benefits(found, codes)
    if not told:
        return _without_benefits(found, remarks)
    places = {line.place_of_service for line in case.lines}
    benefits = [benefit for benefit in told if benefit.holds_at(places)]
    problem = problem_of(benefits, codes)
    status = status_of(people[-1], benefits, case.day_of_service)
    if problem or isinstance(status, ProblemCode):
        raise UnclearAnswer(problem or ProblemCode(status), remarks)
    return Benefits(
        status=status,
        deductible_remaining=_value(benefits, _DEDUCTIBLE, _money, period_code=_REMAINING),
        out_of_pocket_remaining=_value(benefits, _OUT_OF_POCKET, _money, period_code=_REMAINING),
        copay=_value(benefits, _COPAY, _money),
        coinsurance_percent=_percent(_value(benefits, _COINSURANCE, _fraction)),
        needs_authorization=_needing(benefits, case),
        reference=_reference(people),
        channel=Channel.X12,
        remarks=remarks,
    )


def _check_trace(people: Sequence[Level], case: PayerCase) -> None:
    traces = [trn.value(2) for level in people for trn in level.all("TRN") if trn.value(1) == _OUR_TRACE]
    if traces and case.trace.upper() not in (one.upper() for one in traces):
        raise UnreadableX12("an answer to another inquiry")


def _without_benefits(found: Sequence[Level], remarks: tuple[PayerRemark, ...]) -> Benefits:
    refused = rejections_at(found)
    if not refused:
        raise UnreadableX12("neither benefits nor a rejection")
    for rejection in refused:
        if rejection.payer_down:
            raise rejection.unavailable()
    if all(rejection.reason in PERSON_NOT_FOUND for rejection in refused):
        reference = _reference(found)
        return Benefits(status=CoverageStatus.NOT_FOUND, reference=reference, channel=Channel.X12, remarks=remarks)
    raise UnclearAnswer(ProblemCode.ELIGIBILITY_NOT_TOLD, remarks)


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
        about = [benefit for benefit in here if benefit.procedure == line.code and benefit.eb.value(11)]
        if about and all(benefit.eb.value(11) == "N" and not _has_message(benefit) for benefit in about):
            free.add(line.kind)
    return frozenset(LineKind) - free


def _has_message(benefit: Benefit) -> bool:
    return any(one.tag == "MSG" for one in benefit.details)


def _reference(found: Sequence[Level]) -> str | None:
    """The payer's own trace number of its answer."""
    traces = (trn.value(2) for level in found for trn in level.all("TRN") if trn.value(1) == _THEIR_TRACE)
    return next((reference for one in traces if (reference := short_text(one, 80))), None)
