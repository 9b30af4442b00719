"""The days for which authorization is asked, and in what a payer's answer differs from what was asked. Pure."""

from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import Line, LineKind
from firstdose.domain.referral.order import Order


class Period(BaseModel):
    """Days, the last one included."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date


def requested_period(order: Order, line: Line | None = None) -> Period | None:
    """From the day on which therapy is wanted; None while nobody has said that day.

    Until the last medication ends, or that of the line; nursing lasts as long as any.
    """
    if order.requested_start is None:
        return None
    nursing = line is None or line.kind is LineKind.NURSING
    days = order.longest_days if nursing or line is None else order.medication(line.medication).duration_days
    return Period(first=order.requested_start, last=order.requested_start + timedelta(days=(days or 1) - 1))


def differences(line: Line, wanted: Period | None) -> tuple[str, ...]:
    """In what the payer's last word on the line falls short of, or differs from, what was asked: `units`, `period`."""
    short = wanted is not None and (
        (line.valid_from is not None and line.valid_from > wanted.first)
        or (line.valid_to is not None and line.valid_to < wanted.last)
    )
    found = {"units": line.authorized_units not in (None, line.units), "period": short}
    return tuple(name for name, differs in found.items() if differs)
