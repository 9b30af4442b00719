"""One benefit of a 271: an EB and the segments that go with it, and whether it is about what we asked for."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from firstdose.adapters.payers.x12.eligibility_270 import HOME_HEALTH_CARE, PLAN
from firstdose.adapters.payers.x12.hierarchy import Level
from firstdose.adapters.payers.x12.segments import Segment

_INDIVIDUAL: Final = "IND"  # X12 1207 (EB02)
_PLACE_OF_SERVICE: Final = "ZZ"
_OUTSIDE_THE_NETWORK: Final = "N"  # EB12


@dataclass(frozen=True)
class Benefit:
    eb: Segment
    details: tuple[Segment, ...]

    @property
    def kind(self) -> str:
        """X12 1390 (EB01)."""
        return self.eb.value(1)

    @property
    def plan(self) -> tuple[str, str]:
        """Kind of insurance (EB04) and the plan's name (EB05)."""
        return self.eb.value(4), self.eb.value(5)

    @property
    def procedure(self) -> str:
        return self.eb.value(13, 2)

    @property
    def about(self) -> tuple[str, ...]:
        """The procedure, or the types of service."""
        return (self.procedure,) if self.procedure else self.eb.repeated(3)

    @property
    def of_the_plan(self) -> bool:
        types = self.eb.repeated(3)
        return self.concerns_us and (not types or PLAN in types)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Smallest first: inside the network, for the person alone, for home health care."""
        types = self.eb.repeated(3)
        return (self.outside_the_network, self.eb.value(2) != _INDIVIDUAL, HOME_HEALTH_CARE not in types)

    @property
    def outside_the_network(self) -> bool:
        return self.eb.value(12) == _OUTSIDE_THE_NETWORK

    @property
    def concerns_us(self) -> bool:
        """Not another kind of service, nor one procedure."""
        types = self.eb.repeated(3)
        return not self.procedure and (not types or bool({PLAN, HOME_HEALTH_CARE} & set(types)))

    def concerns(self, codes: Collection[str]) -> bool:
        """Likewise, or one of these procedures."""
        return self.concerns_us or self.procedure in codes

    def holds_at(self, places: Collection[str]) -> bool:
        """Whether it is restricted (III) to nothing but one of these places of service."""
        restricted = [one for one in self.details if one.tag == "III"]
        return not restricted or any(one.value(1) == _PLACE_OF_SERVICE and one.value(2) in places for one in restricted)


def benefits_of(level: Level) -> Iterator[Benefit]:
    starts = [place for place, one in enumerate(level.segments) if one.tag == "EB"]
    for start, end in pairwise([*starts, len(level.segments)]):
        yield Benefit(level.segments[start], level.segments[start + 1 : end])
