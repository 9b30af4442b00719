"""Which dates lie in the future, when it is not known in which place they were written."""

from datetime import date, datetime, timedelta, timezone

_FIRST_ZONE = timezone(timedelta(hours=14))
"""Kiribati's: a day begins there before anywhere else."""


def latest_today(now: datetime) -> date:
    """The day that it is where it is latest on Earth: an order signed today in Guam is not in the future."""
    return now.astimezone(_FIRST_ZONE).date()
