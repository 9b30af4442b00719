"""The orders of an HL7 v2 message: which RXO, RXE, RXR, TQ1 and NTE belong together, and which orders are in force."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_time import instant, zone_of
from firstdose.domain.referral.choice import Candidate

_DRUGS = ("RXO", "RXE")
_PARTS = ("ORC", "RXO", "RXE", "RXR", "TQ1", "NTE")
_ENDED_BY = frozenset({"CA", "OC", "CR", "DC", "OD", "DR", "HD", "OH", "HR", "RQ", "RU", "UA", "DF"})
"""ORC-1: cancelled, discontinued, on hold, replaced, refused."""
_ENDED = frozenset({"CA", "CM", "DC", "ER", "HD", "RP"})
"""ORC-5: cancelled, completed, discontinued, error, on hold, replaced."""


@dataclass(slots=True)
class OrderGroup:
    segments: list[Hl7Segment] = field(default_factory=list)

    def every(self, name: str) -> list[Hl7Segment]:
        return [segment for segment in self.segments if segment.name == name]

    @property
    def control(self) -> Hl7Segment:
        return next(iter(self.every("ORC")), Hl7Segment([["ORC"]]))

    @property
    def drugs(self) -> list[Hl7Segment]:
        """What the prescriber asked for, before what the pharmacy made of it."""
        return [segment for name in _DRUGS for segment in self.every(name)]

    @property
    def in_force(self) -> bool:
        return self.control.get(1).upper() not in _ENDED_BY and self.control.get(5).upper() not in _ENDED

    @property
    def content(self) -> tuple[tuple[str, ...], ...]:
        """To find one that was sent twice."""
        drugs = [drug.whole(number) for drug in self.drugs for number in range(1, 6)]
        rest = sorted(one.whole(number) for name in ("RXR", "TQ1") for one in self.every(name) for number in (1, 3, 6))
        return tuple(drugs), tuple(rest)


@dataclass(frozen=True, slots=True)
class Orders:
    taken: list[OrderGroup]
    left_out: list[OrderGroup]
    """Not in force, or an older version of one that is taken."""
    unclear: list[OrderGroup]
    """Versions under one number, some in force and some not, of which none is the newest."""


def orders(er7: Er7) -> Orders:
    """Of the versions under one placer's number (ORC-2) the newest by ORC-9 counts."""
    zone = zone_of(er7.first("MSH").get(7))
    versions: dict[str, list[OrderGroup]] = {}
    for place, group in enumerate(_groups(er7)):
        versions.setdefault(group.control.get(2) or f"order {place}", []).append(group)
    newest = [one for several in versions.values() for one in _newest(several, zone)]
    several = [one for one in versions.values() if _is_unclear(_newest(one, zone))]
    unclear = [one for ones in several for one in _newest(ones, zone) if one.drugs]
    taken = _different([one for one in newest if one.in_force and one.drugs and one not in unclear])
    every = [one for ones in versions.values() for one in ones]
    return Orders(taken, [one for one in every if one not in taken and one not in unclear], unclear)


def _newest(several: list[OrderGroup], zone: str) -> list[OrderGroup]:
    stated = [Candidate(one, stated=instant(one.control.get(9), zone)) for one in several]
    best = min(one.rank for one in stated)
    return [one.value for one in stated if one.rank == best]


def _is_unclear(newest: list[OrderGroup]) -> bool:
    return len({one.in_force for one in newest}) > 1


def _different(groups: list[OrderGroup]) -> list[OrderGroup]:
    return [one for place, one in enumerate(groups) if one.content not in [other.content for other in groups[:place]]]


def _groups(er7: Er7) -> Iterator[OrderGroup]:
    """An ORC begins an order. Without one the segment does that came first, be it the drug or its timing."""
    group, leader, before = OrderGroup(), "", ""
    for segment in er7.segments:
        if segment.name in _PARTS and (segment.name != "NTE" or before in _PARTS):
            leader = leader or segment.name
            if _begins(segment, group, leader):
                yield group
                group = OrderGroup(group.every("ORC") if segment.name != "ORC" else [])
            group.segments.append(segment)
        before = segment.name if segment.name != "NTE" else before
    if group.segments:
        yield group


def _begins(segment: Hl7Segment, group: OrderGroup, leader: str) -> bool:
    """Whether the segment is of the next order."""
    if segment.name == "ORC":
        return bool(group.segments)
    if segment.name in _DRUGS:
        return bool(group.every(segment.name))
    return segment.name == leader and bool(group.drugs)
