"""How often a drug is given in the course that is ordered."""

from math import ceil
from typing import Final

from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.order import DurationUnit, Medication

CONTINUOUS: Final = "continuous"
_DAYS_A_WEEK: Final = 7
_WEEKDAYS: Final = 5


def administrations(medication: Medication) -> int | None:
    """Of the whole course; for a continuous infusion its days. None where order or arithmetic does not say it.

    A course of days has the administration with which it begins: every 72 hours for 14 days are five.
    """
    if medication.duration is None:
        return None
    if medication.duration.unit is DurationUnit.DOSES:
        return medication.duration.value
    days = medication.duration_days
    code = frequency_code(medication.frequency) if medication.frequency else None
    return _in_days(code, days) if code and days else None


def _in_days(code: str, days: int) -> int | None:
    if code == CONTINUOUS:
        return days
    if code == "once":
        return 1
    if code.startswith("q"):
        return ceil(days * 24 / int(code[1:-1]))
    if days % _DAYS_A_WEEK:  # it depends on the days of the week, which the order does not name
        return None
    weeks = days // _DAYS_A_WEEK
    if code == "weekdays":
        return weeks * _WEEKDAYS
    return weeks * int(code.partition("/")[0]) if code.endswith("/week") else None
