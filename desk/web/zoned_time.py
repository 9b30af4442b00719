"""A day and a time of day as somebody typed them, in the zone that stands beside the fields."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo


class NoSuchTime(ValueError):
    """The text is for whoever typed it."""


def zoned_time(day: str, clock: str, zone: ZoneInfo) -> datetime:
    """From what `<input type="date">` and `<input type="time">` send. Raises NoSuchTime."""
    if not day or not clock:
        raise NoSuchTime("Enter the day and the time.")
    try:
        at = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
    except ValueError:
        raise NoSuchTime("This is not a day and a time of day.") from None
    if at.tzinfo is not None:
        raise NoSuchTime("This is not a day and a time of day.")
    zoned = at.replace(tzinfo=zone)
    if datetime.fromtimestamp(zoned.timestamp(), zone).replace(tzinfo=None) != at:
        raise NoSuchTime("The clock is set forward at this time: there is no such hour on this day.")
    return zoned
