"""When the first visit is possible: after delivery, inside what is authorized, before the beyond-use date. Pure.

Days are those of UTC, as at the gates.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from firstdose.domain.authorization.lines import Line, LineState
from firstdose.domain.care.therapy import PreparedTherapy
from firstdose.domain.policy import Policy


class VisitWindow(NamedTuple):
    """The visit may start at `first`, and must start before `end`."""

    first: datetime
    end: datetime

    def has(self, visit_at: datetime) -> bool:
        return self.first <= visit_at < self.end


def visit_window(
    earliest: datetime, lines: Iterable[Line], therapy: PreparedTherapy | None, policy: Policy
) -> VisitWindow:
    """From `earliest` on, as far ahead as the policy says.

    An end that leaves too little time does not count: an authorization that ends at short notice is renewed, and a
    therapy that is past its beyond-use date before the nurse can leave is prepared again.
    """
    approved = [line for line in lines if line.state is LineState.APPROVED]
    begins = [_start_of(line.valid_from) for line in approved if line.valid_from]
    delivered = [therapy.delivered_at] if therapy and therapy.delivered_at else []
    first = max([earliest, *begins, *delivered])
    over = [_start_of(line.valid_to) + timedelta(days=1) for line in approved if line.valid_to]
    ends = [end for end in over if end > first + policy.dispatch.short_notice]
    if therapy and therapy.beyond_use > first + policy.dispatch.lead:
        ends.append(therapy.beyond_use)
    return VisitWindow(first, min([first + policy.horizons.visit, *ends]))


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
