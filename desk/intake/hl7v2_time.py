"""Dates and times of HL7 v2: YYYY[MM[DD[hh[mm[ss]]]]][+zzzz]."""

import re
from datetime import UTC, date, datetime

_TIME = re.compile(r"([0-9]{8})([0-9]{2})?([0-9]{2})?([0-9]{2})?(?:\.[0-9]{1,6})?([+-][0-9]{4})?")
_OFFSET = re.compile(r"[+-][0-9]{4}$")


def day(told: str) -> str | None:
    """`YYYYMMDD…` as ISO 8601; other text as it is, to be asked about; a year or month alone is no day and left out."""
    if told.isdigit() and len(told) < 8:
        return None
    return f"{told[:4]}-{told[4:6]}-{told[6:8]}" if told[:8].isdigit() else told


def date_of(told: str) -> date | None:
    """None for what is no day of the calendar."""
    try:
        return date.fromisoformat(day(told) or "")
    except ValueError:
        return None


def instant(told: str, zone: str = "") -> datetime | None:
    """When it was, to compare with others: `zone` is an offset such as `-0600` for times without their own."""
    match = _TIME.fullmatch(told)
    if match is None:
        return None
    digits = "".join(part or "00" for part in match.groups()[:4])
    try:
        return datetime.strptime(f"{digits}{match[5] or zone or '+0000'}", "%Y%m%d%H%M%S%z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(told: str, zone: str) -> str | None:
    """A time of day in its own zone or the message's, as ISO 8601; None where it is no moment."""
    match = _TIME.fullmatch(told)
    offset = (match[5] if match else None) or zone
    if match is None or not (match[2] and match[3]) or not offset:
        return None
    return f"{day(told)}T{match[2]}:{match[3]}:{match[4] or '00'}{offset[:3]}:{offset[3:]}"


def zone_of(told: str) -> str:
    """The offset from UTC at the end of a time; empty without one."""
    match = _OFFSET.search(told)
    return match[0] if match else ""
