"""Single values of X12 elements, in both directions: dates, whole numbers, amounts, references.

What cannot be read is None, never a guess.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from firstdose.adapters.payers.x12.segments import Segment, segment

_DAY: Final = re.compile(r"[0-9]{8}")
_NUMBER: Final = re.compile(r"[0-9]{0,9}(\.[0-9]{0,6})?")


class DatePeriod(NamedTuple):
    """Days, both included."""

    start: date
    end: date

    def includes(self, day: date) -> bool:
        return self.start <= day <= self.end


def written_day(day: date) -> str:
    return f"{day:%Y%m%d}"


def dated(qualifier: str, start: date, end: date | None = None) -> Segment:
    """A DTP of one day (D8) or of a range (RD8)."""
    if end is None:
        return segment("DTP", qualifier, "D8", written_day(start))
    return segment("DTP", qualifier, "RD8", f"{written_day(start)}-{written_day(end)}")


def day(text: str) -> date | None:
    """CCYYMMDD."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def period(dtp: Segment) -> DatePeriod | None:
    """The date or period of a DTP, in D8 or RD8; None if it cannot be read or ends before it begins."""
    form, text = dtp.value(2), dtp.value(3)
    first, dash, last = text.partition("-")
    start, end = day(first), day(last if form == "RD8" else first)
    if form not in ("D8", "RD8") or bool(dash) is not (form == "RD8") or start is None or end is None or end < start:
        return None
    return DatePeriod(start, end)


def amount(text: str) -> Decimal | None:
    """A decimal from zero up, with at most nine places before the point."""
    return Decimal(text) if text.strip(".") and _NUMBER.fullmatch(text) else None


def whole(text: str) -> int | None:
    """A quantity as a count; a part of a unit is no count."""
    found = amount(text)
    return int(found) if found is not None and found == int(found) else None


def short_text(text: str, limit: int) -> str | None:
    """A short printable text; anything else is None."""
    found = text.strip()
    return found if found and len(found) <= limit and found.isprintable() else None
