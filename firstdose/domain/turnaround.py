"""How long payers take, against their clocks: from what was noted of requests for authorization. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization import AWAITING, LineState
from firstdose.domain.clock_state import Phase, answered, paused, resumed, state
from firstdose.domain.clocks import Clock
from firstdose.domain.default_clock_rules import ALL_RULES

_UNDECIDED: Final = AWAITING | {LineState.INFO_REQUESTED}
_TOLLING: Final = frozenset(rule.name for rule in ALL_RULES if rule.tolls)
_HOUR: Final = timedelta(hours=1)


class Event(NamedTuple):
    """A journal entry about the authorization of one referral, or about its closing."""

    at: datetime
    action: str
    details: Mapping[str, Any]
    payer: str


@dataclass
class Asked:
    """One request that a payer got. `withdrawn`: we wanted no answer any more before it gave one."""

    payer: str
    clock: Clock
    withdrawn: bool = False
    lines: dict[str, str] = field(default_factory=dict)
    """The states of the lines that the payer has spoken of."""

    @property
    def ended(self) -> bool:
        return self.withdrawn or self.clock.answered_at is not None

    def hear(self, at: datetime, by: str, lines: Mapping[str, str]) -> None:
        """It is answered when the payer's word leaves no line undecided, and paused while the payer waits for us."""
        if self.ended:
            return
        self.lines.update(lines)
        states = set(self.lines.values())
        self.clock = paused(self.clock, at) if LineState.INFO_REQUESTED in states else resumed(self.clock, at)
        if not states & _UNDECIDED:
            self.clock, self.withdrawn = (answered(self.clock, at), False) if by == "payer" else (self.clock, True)

    def withdraw(self) -> None:
        self.withdrawn = self.withdrawn or not self.ended


class Turnaround(BaseModel):
    """A payer's requests under one rule. Hours are those that count: a clock that stands still does not.

    `requests` is the sum of `in_time`, `late`, `open` and `withdrawn`; `overdue` are those open that are breached.
    The hours of decided requests, and the worst breach of any, are None where there is none.
    """

    model_config = ConfigDict(frozen=True)

    payer: str
    rule: str
    requests: int
    in_time: int
    late: int
    open: int
    overdue: int
    withdrawn: int
    median_hours: float | None
    p90_hours: float | None
    worst_breach_hours: float | None


def asked(entries: Iterable[Event]) -> list[Asked]:
    """The requests of one referral, from its entries, the oldest first. A new request takes the place of the last.

    One for which no rule sets a time has no clock, and is left out.
    """
    found: list[Asked] = []
    for entry in entries:
        match entry.action:
            case "authorization.lines":
                if found:
                    found[-1].hear(entry.at, entry.details["by"], entry.details["lines"])
            case "authorization.submitted":
                if found:
                    found[-1].withdraw()
                if entry.details["rule"]:
                    found.append(Asked(entry.payer, _clock(entry)))
            case _:
                if found:
                    found[-1].withdraw()
    return found


def turnarounds(requests: Iterable[Asked], now: datetime) -> tuple[Turnaround, ...]:
    """By payer and rule, in the order of their names; what is open is judged as of `now`."""
    groups: dict[tuple[str, str], list[Asked]] = defaultdict(list)
    for request in requests:
        groups[request.payer, request.clock.rule].append(request)
    return tuple(_turnaround(payer, rule, group, now) for (payer, rule), group in sorted(groups.items()))


def _turnaround(payer: str, rule: str, group: list[Asked], now: datetime) -> Turnaround:
    wanted = [(request.clock, state(request.clock, now)) for request in group if not request.withdrawn]
    took = sorted(
        (clock.answered_at - clock.started_at - standing.paused_for) / _HOUR
        for clock, standing in wanted
        if clock.answered_at
    )
    breaches = [standing.breached_by / _HOUR for _, standing in wanted if standing.breached_by]
    phases = [standing.phase for _, standing in wanted]
    return Turnaround(
        payer=payer,
        rule=rule,
        requests=len(group),
        in_time=phases.count(Phase.MET),
        late=phases.count(Phase.MISSED),
        open=len(wanted) - len(took),
        overdue=phases.count(Phase.BREACHED),
        withdrawn=len(group) - len(wanted),
        median_hours=_rounded(median(took)) if took else None,
        p90_hours=_rounded(took[ceil(0.9 * len(took)) - 1]) if took else None,
        worst_breach_hours=_rounded(max(breaches)) if breaches else None,
    )


def _clock(entry: Event) -> Clock:
    rule = entry.details["rule"]
    return Clock(
        rule=rule,
        version="",
        citation="",
        started_at=entry.at,
        due_at=entry.details["due"],
        tolls=rule in _TOLLING,
    )


def _rounded(hours: float) -> float:
    return round(hours, 2)
