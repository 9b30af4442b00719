"""How long payers take, against their clocks. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.requests import RequestRecord
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.clock.state import ClockState, Phase, state

_HOUR: Final = timedelta(hours=1)
_DECIDED: Final = frozenset({Phase.MET, Phase.MISSED})


class Turnaround(BaseModel):
    """A payer's requests under one rule. Hours are those that count: a clock that stands still does not.

    `requests` is the sum of `in_time`, `late`, `open` and `withdrawn`; `overdue` are those open that are breached.
    `in_time_share` is that of the requests that were answered or are overdue, `approved_first_share` that of the
    decided ones which the payer approved whole without asking for information first.
    `allowed_hours` is the median of what the rule gave, with extensions; the other hours are those of decided requests,
    and the worst breach of any. Shares and hours are None where there is no such request.
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
    approved_first: int
    in_time_share: float | None
    approved_first_share: float | None
    allowed_hours: float | None
    median_hours: float | None
    p90_hours: float | None
    worst_breach_hours: float | None


class _Judged(NamedTuple):
    """A request that we wanted answered, with its clock and how that stands."""

    request: RequestRecord
    clock: Clock
    standing: ClockState

    @property
    def allowed(self) -> float:
        return (self.standing.due_at - self.clock.started_at - self.standing.paused_for) / _HOUR

    @property
    def took(self) -> float | None:
        """Nought if the payer answered before the clock had started, as one that counts from a discharge may."""
        if self.clock.answered_at is None or self.standing.phase not in _DECIDED:
            return None
        return max((self.clock.answered_at - self.clock.started_at - self.standing.paused_for) / _HOUR, 0)


def turnarounds(requests: Iterable[RequestRecord], now: datetime) -> tuple[Turnaround, ...]:
    """By payer and rule, in the order of their names; what is open is judged as of `now`.

    A request without a clock is left out.
    """
    groups: dict[tuple[str, str], list[tuple[RequestRecord, Clock]]] = defaultdict(list)
    for request in requests:
        if request.clock:
            groups[request.payer, request.clock.rule].append((request, request.clock))
    return tuple(_turnaround(payer, rule, group, now) for (payer, rule), group in sorted(groups.items()))


def _turnaround(payer: str, rule: str, group: list[tuple[RequestRecord, Clock]], now: datetime) -> Turnaround:
    wanted = [_Judged(request, clock, state(clock, now)) for request, clock in group if not request.withdrawn]
    took = sorted(hours for each in wanted if (hours := each.took) is not None)
    breaches = [each.standing.breached_by / _HOUR for each in wanted if each.standing.breached_by]
    phases = [each.standing.phase for each in wanted]
    in_time, late, overdue = (phases.count(phase) for phase in (Phase.MET, Phase.MISSED, Phase.BREACHED))
    approved_first = sum(each.request.approved_first for each in wanted if each.took is not None)
    return Turnaround(
        payer=payer,
        rule=rule,
        requests=len(group),
        in_time=in_time,
        late=late,
        open=len(wanted) - len(took),
        overdue=overdue,
        withdrawn=len(group) - len(wanted),
        approved_first=approved_first,
        in_time_share=_share(in_time, in_time + late + overdue),
        approved_first_share=_share(approved_first, len(took)),
        allowed_hours=_rounded(median(each.allowed for each in wanted)) if wanted else None,
        median_hours=_rounded(median(took)) if took else None,
        p90_hours=_rounded(took[ceil(0.9 * len(took)) - 1]) if took else None,
        worst_breach_hours=_rounded(max(breaches)) if breaches else None,
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rounded(hours: float) -> float:
    return round(hours, 2)
