"""What all parts of an HL7 v2 message share when one of several values is taken."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from desk.intake.draft import Draft
from desk.intake.hl7v2_message import Hl7Segment
from firstdose.domain.referral.choice import Candidate
from firstdose.domain.referral.question import QuestionReason

V = TypeVar("V")
_NO_RESULTS = frozenset({"D", "I", "N", "O", "W", "X"})
"""OBX-11: deleted, pending, not asked, order only, wrong, cannot be obtained."""
_UNVERIFIED = frozenset({"P", "R", "S"})
"""OBX-11: preliminary, not verified, partial."""


def take(
    draft: Draft,
    path: str,
    candidates: Iterable[Candidate[V]],
    *,
    on: date | None = None,
    shown: Callable[[V], object] = str,
) -> V | None:
    """The best of the candidates; where none of them holds a person is asked, who sees them."""
    told = list(candidates)
    value = draft.pick(path, told, on=on, shown=shown)
    if told and not any(one.holds_on(on or draft.today) for one in told):
        draft.ask(path, QuestionReason.NOT_IN_FORCE, (shown(one.value) for one in told))
    return value


def is_void(segment: Hl7Segment) -> bool:
    """Whether a result, diagnosis or allergy says of itself that it does not count."""
    match segment.name:
        case "OBX":
            return segment.get(11).upper() in _NO_RESULTS
        case "DG1":
            return segment.get(21).upper() == "D"
        case "IAM":
            return segment.get(6).upper() == "D" or segment.get(17).upper() in ("D", "E", "I")
    return False


def certainty(observation: Hl7Segment) -> int:
    """0 for a final result, 1 for one that may change."""
    return 1 if observation.get(11).upper() in _UNVERIFIED else 0
