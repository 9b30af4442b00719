"""How fast simulated time runs, and how long the simulated people take."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

DEMO_SPEED = 43_200.0
"""Simulated time per real time: a day is two seconds."""

_QUICKEST, _SLOWEST = timedelta(hours=2), timedelta(hours=10)


@dataclass(frozen=True)
class Pace:
    """`speed` divides every simulated duration; the same `seed` makes people take as long again."""

    speed: float = DEMO_SPEED
    seed: int = 1

    def real(self, simulated: timedelta) -> timedelta:
        return simulated / self.speed

    def answered_at(self, asked_at: datetime, *what: object) -> datetime:
        """When a person answers what they were asked then: always the same moment for the same question."""
        chance = Random(":".join(map(str, (self.seed, *what)))).random()  # noqa: S311 - no secret, only variety
        return asked_at + self.real(_QUICKEST + chance * (_SLOWEST - _QUICKEST))
