"""Times as staff read them: `Nov 28, 2:50 PM CST`, and how far away that is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def time_text(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`at` in the zone, with the zone's name; the year only if it is not this one."""
    local = at.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f", {local.year}"
    return f"{local:%b} {local.day}{year}, {clock_text(at, zone)} {local.tzname()}"


def clock_text(at: datetime, zone: ZoneInfo) -> str:
    """`2:50 PM`, beside a day that says the rest."""
    local = at.astimezone(zone)
    return f"{local.hour % 12 or 12}:{local.minute:02} {'AM' if local.hour < 12 else 'PM'}"


def day_text(day: date) -> str:
    """`Nov 28, 2026`."""
    return f"{day:%b} {day.day}, {day.year}"


def distance(at: datetime, now: datetime) -> str:
    """`in 3 h`, `2 days ago`, `now`."""
    span = abs(at - now)
    if span < _MINUTE:
        return "now"
    if span < _HOUR:
        words = f"{span // _MINUTE} min"
    elif span < 2 * _DAY:
        words = f"{span // _HOUR} h"
    else:
        words = f"{span // _DAY} days"
    return f"in {words}" if at > now else f"{words} ago"


def time_element(at: datetime, zone: ZoneInfo, now: datetime, *, relative: bool = True) -> Markup:
    """The time for a page, in the zone and, beside it, relative to now."""
    shown = Markup('<time datetime="{}">{}</time>').format(
        at.astimezone(UTC).isoformat(timespec="seconds"), time_text(at, zone, now)
    )
    if not relative:
        return shown
    return shown + Markup(' <span class="away">{}</span>').format(distance(at, now))
