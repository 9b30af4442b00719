"""The levels of a 270, 271 or 278: source, receiver, subscriber, dependent, event, service, each under its parent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from firstdose.adapters.payers.x12.segments import Segment, UnreadableX12, segment

SOURCE: Final = "20"
RECEIVER: Final = "21"
SUBSCRIBER: Final = "22"
DEPENDENT: Final = "23"
EVENT: Final = "EV"
SERVICE: Final = "SS"
_MOST_LEVELS: Final = 2_000  # of somebody's patient there are a dozen


@dataclass(frozen=True, eq=False)
class Level:
    """One HL loop: its code (HL03) and the segments up to the next HL."""

    code: str
    segments: tuple[Segment, ...]
    parent: "Level | None" = None

    def all(self, tag: str) -> Iterator[Segment]:
        return (one for one in self.segments if one.tag == tag)

    @property
    def lineage(self) -> "Iterator[Level]":
        """The level itself and all above it."""
        level: Level | None = self
        while level is not None:
            yield level
            level = level.parent


def written(levels: Sequence[tuple[str, Sequence[Segment]]]) -> Iterator[Segment]:
    """The HL loops of a request: each is a child of the one before it, except that services share their event."""
    parent = 0
    for number, (code, segments) in enumerate(levels, start=1):
        above = str(parent) if parent else ""
        children = "1" if code != SERVICE and number < len(levels) else "0"
        yield segment("HL", str(number), above, code, children)
        yield from segments
        if code != SERVICE:
            parent = number


def levels(segments: Sequence[Segment]) -> list[Level]:
    """The HL loops of an answer, in order. Raises Unreadable if one hangs in the air, or they are too many."""
    starts = [place for place, one in enumerate(segments) if one.tag == "HL"]
    if len(starts) > _MOST_LEVELS:
        raise UnreadableX12("more levels than anybody needs")
    found: dict[str, Level] = {}
    for start, end in pairwise([*starts, len(segments)]):
        number, above, code = (segments[start].value(at) for at in (1, 2, 3))
        if not number or number in found or (above and above not in found):
            raise UnreadableX12("the levels do not nest")
        found[number] = Level(code, tuple(segments[start + 1 : end]), found.get(above))
    return list(found.values())
