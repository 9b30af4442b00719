"""The end of a hold or an override as a form asks for it: a day and a time in the staff's zone, or none."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from desk.web.forms import PostedForm
from desk.web.zoned_time import NoSuchTime, zoned_time

ENDS: Final = "ends"
AT: Final = "at"
OPEN: Final = "open"
TIME: Final = "until_time"
"""The field beside which a problem with the moment stands."""


def zone_name(zone: ZoneInfo) -> str:
    """`New York time`."""
    return f"{zone.key.rpartition('/')[2].replace('_', ' ')} time"


def read_until(form: PostedForm, zone: ZoneInfo, problems: dict[str, str]) -> datetime | None:
    """None without an end. The fields of the moment count only where it was chosen."""
    match form.one(ENDS):
        case "at":
            try:
                return zoned_time(form.one("until_day"), form.one(TIME), zone)
            except NoSuchTime as wrong:
                problems[TIME] = str(wrong)
        case "open":
            pass
        case _:
            problems[ENDS] = "Choose when it ends."
    return None
