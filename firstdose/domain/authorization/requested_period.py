"""The days for which authorization is asked, and in what a payer's answer differs from what was asked. Pure."""

from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import Line


class Period(BaseModel):
    """Days, the last one included."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date


def requested_period(start: date | None, days: int | None) -> Period | None:
    """From the day on which therapy is wanted; None while nobody has said that day."""
    return Period(first=start, last=start + timedelta(days=(days or 1) - 1)) if start else None


def differences(line: Line, wanted: Period | None) -> tuple[str, ...]:
    """In what the payer's last word on the line falls short of, or differs from, what was asked: `units`, `period`."""
    short = wanted is not None and (
        (line.valid_from is not None and line.valid_from > wanted.first)
        or (line.valid_to is not None and line.valid_to < wanted.last)
    )
    found = {"units": line.authorized_units not in (None, line.units), "period": short}
    return tuple(name for name, differs in found.items() if differs)
