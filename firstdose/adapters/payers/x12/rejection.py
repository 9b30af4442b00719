"""AAA: that a request was not processed, why (X12 901) and what to do about it (X12 889)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple

from firstdose.adapters.payers.x12.hierarchy import Level
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.adapters.payers.x12.values import short_text
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable

# X12 AAA03, as payers of eligibility use them; whatever else comes, a person sees.
PERSON_NOT_FOUND: Final = frozenset({"58", "64", "65", "67", "71", "72", "73", "75"})
_PAYER_DOWN: Final = frozenset({"42", "80"})
_NEVER_AGAIN: Final = frozenset("NC")
_HELD: Final = frozenset("YS")
_DAYS_TO_WAIT: Final = {"W": 30, "X": 10}


class Rejection(NamedTuple):
    """One AAA: the reject reason and the follow-up action, as they came."""

    reason: str
    follow_up: str

    @property
    def payer_down(self) -> bool:
        """Whether it only means that the payer's system could not answer now."""
        return self.reason in _PAYER_DOWN and self.follow_up not in _NEVER_AGAIN

    @property
    def held(self) -> bool:
        """Whether the payer keeps the request and answers by itself: it must not be sent again."""
        return self.payer_down and self.follow_up in _HELD

    def unavailable(self) -> Unavailable:
        days = _DAYS_TO_WAIT.get(self.follow_up)
        return Unavailable(ProblemCode.PAYER_SYSTEM_DOWN, timedelta(days=days) if days else None)


def rejections(segments: Iterable[Segment]) -> list[Rejection]:
    return [Rejection(short_text(one.value(3), 20) or "unknown", one.value(4)) for one in segments if one.tag == "AAA"]


def rejections_at(levels: Iterable[Level]) -> list[Rejection]:
    return [rejection for level in levels for rejection in rejections(level.segments)]
