"""Which of several values for one fact is taken: one in force and affirmed, of the type that fits best, the newest.

Rule: docs/process.md, "Several of one thing". Two that remain equal are a question to a person, never a choice by
their position in the message.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

V = TypeVar("V")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate(Generic[V]):
    """One of the values that a message carries for a fact."""

    value: V = field(repr=False)
    affirmed: bool = True
    """False for what is entered in error, wrong, refuted, negated, stopped, a draft."""
    begins: date | None = None
    ends: date | None = None
    """The last day on which it holds."""
    fit: int = 0
    """How well its type suits the use: 0 is best."""
    stated: datetime | None = None
    """When it was measured or said, with its offset from UTC; None is older than any time."""

    def holds_on(self, day: date) -> bool:
        return self.affirmed and (self.begins is None or self.begins <= day) and (self.ends is None or day <= self.ends)

    @property
    def rank(self) -> tuple[int, float]:
        """The smaller, the better."""
        return self.fit, -((self.stated or _NEVER) - _NEVER).total_seconds()


@dataclass(frozen=True, slots=True)
class Choice(Generic[V]):
    """The value taken, or several that are equal, of which none is."""

    value: V | None = field(default=None, repr=False)
    equals: tuple[V, ...] = field(default=(), repr=False)


def in_order(candidates: Iterable[Candidate[V]], day: date) -> list[V]:
    """The different values that hold on the day, the best first."""
    holding = sorted((one for one in candidates if one.holds_on(day)), key=lambda one: one.rank)
    return _different(one.value for one in holding)


def choose(candidates: Iterable[Candidate[V]], day: date) -> Choice[V]:
    """The best of the values that hold on the day."""
    holding = [one for one in candidates if one.holds_on(day)]
    if not holding:
        return Choice()
    best = min(one.rank for one in holding)
    values = _different(one.value for one in holding if one.rank == best)
    return Choice(value=values[0]) if len(values) == 1 else Choice(equals=tuple(values))


def _different(values: Iterable[V]) -> list[V]:
    kept: list[V] = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept
