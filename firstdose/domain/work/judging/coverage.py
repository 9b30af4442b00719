"""Whether the benefits that a person verified with the payer are possible."""

from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.work.judging.context import Judged, refuse
from firstdose.domain.work.resolutions import VerifyBenefits


def judge_benefits(answer: VerifyBenefits, _judged: Judged) -> None:
    """Amounts are not negative by their model; what is left of a deductible counts toward the out-of-pocket limit."""
    benefits = answer.benefits
    deductible, limit = benefits.deductible_remaining, benefits.out_of_pocket_remaining
    if deductible is not None and limit is not None and deductible > limit:
        refuse("benefits.deductible_remaining", "possible up to benefits.out_of_pocket_remaining")
    free = frozenset(LineKind) - benefits.needs_authorization
    if benefits.status is CoverageStatus.ACTIVE and free and benefits.reference is None:
        refuse("benefits.reference", "that a line needs no authorization has the payer's reference as its evidence")
