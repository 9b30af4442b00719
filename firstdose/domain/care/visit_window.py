"""When the first visit is possible: after delivery, inside what is authorized, before the beyond-use date. Pure.

Days are those of UTC, as at the gates.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from firstdose.domain.authorization.lines import Line, LineState
from firstdose.domain.care.therapy import PreparedTherapy


class VisitWindow(NamedTuple):
    """`first` is the earliest moment, and the visit starts before `end`; no `end` is known where it is None."""

    first: datetime
    end: datetime | None = None

    def has(self, visit_at: datetime) -> bool:
        return self.first <= visit_at and (self.end is None or visit_at < self.end)


def visit_window(
    earliest: datetime, lines: Iterable[Line], therapy: PreparedTherapy | None, ahead: timedelta | None
) -> VisitWindow:
    """From `earliest` on; `ahead` is how long after the first possible moment a visit may be planned.

    An end that leaves no room does not count: an authorization that is over is renewed, and a therapy past its
    beyond-use date is prepared again.
    """
    approved = [line for line in lines if line.state is LineState.APPROVED]
    begins = [_start_of(line.valid_from) for line in approved if line.valid_from]
    delivered = [therapy.delivered_at] if therapy and therapy.delivered_at else []
    first = max([earliest, *begins, *delivered])
    ends = [_start_of(line.valid_to) + timedelta(days=1) for line in approved if line.valid_to]
    ends += [therapy.beyond_use] if therapy else []
    ends += [first + ahead] if ahead is not None else []
    return VisitWindow(first, min((end for end in ends if end > first), default=None))


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
