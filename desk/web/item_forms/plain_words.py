"""Sentences of pydantic and of the rules of the domain, as somebody who fills in a form reads them."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from desk.web.times import day_text, time_text

_CANNOT: Final = "This cannot be taken as it is. Check what you typed."
_OF_PYDANTIC: Final = (
    (r"Field required", "Fill this in."),
    (r"Input should be greater than or equal to ([\d.]+)", r"Enter \1 or more."),
    (r"Input should be greater than ([\d.]+)", r"Enter more than \1."),
    (r"Input should be less than or equal to ([\d.]+)", r"Enter \1 or less."),
    (r"Input should be less than ([\d.]+)", r"Enter less than \1."),
    (r"Input should be a valid (integer|number|decimal).*", "Enter a number."),
    (r"Input should be a valid (date|datetime).*", "This is not a day and a time."),
    (r"Input should be a valid boolean.*", "Choose Yes or No."),
    (r"Input should be [^a].*", "Choose one of those that are offered."),
    (r"(String|Value|Tuple|List|Set) should have at most (\d+) .*", r"This is too long: at most \2."),
    (r"(String|Value|Tuple|List|Set) should have at least (\d+) .*", r"This is too short: at least \2."),
    (r"String should match pattern.*", "This does not have the form that it needs."),
    (r"Datetimes? .*|Dates? .*", "This is not a day and a time."),
)
_TECHNICAL: Final = re.compile(
    r"\b(should|validat\w+|permitted|required|unexpected|valid|invalid|attribute|arguments?|recursion|itera\w+|parse"
    r"|input|string|tuple|dict|frozen|discriminator|UUID|assertion|instance)\b",
    re.IGNORECASE,
)
"""Words of pydantic's own that no rule of ours uses."""
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC|(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?[+-]\d\d:\d\d)")
_DAY: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_FIELD: Final = re.compile(r"\b[a-z]+(?:[_.][a-z_]+)+\b")


def in_plain_words(problem: str, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> str:
    """`names` are the paths of the answer; moments are told in the zone."""
    for pattern, plain in _OF_PYDANTIC:
        if re.fullmatch(pattern, problem, re.DOTALL):
            return re.sub(pattern, plain, problem, count=1, flags=re.DOTALL)
    if _TECHNICAL.search(problem):
        return _CANNOT
    told = _MOMENT.sub(lambda found: _moment(found, zone, now), problem)
    told = _DAY.sub(lambda found: day_text(date.fromisoformat(found[0])), told)
    told = _FIELD.sub(lambda found: found[0].rpartition(".")[2].replace("_", " "), told)
    return f"{told[:1].upper()}{told[1:]}{'' if told.endswith('.') else '.'}"


def _moment(found: re.Match[str], zone: ZoneInfo, now: datetime) -> str:
    if found[3]:
        at = datetime.fromisoformat(found[3])
    else:
        at = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    return time_text(at, zone, now)
