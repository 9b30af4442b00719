"""How old a result may be on the day of the visit that rests on it."""

from datetime import datetime, timedelta

from firstdose.domain.policy import ResultAges


def verified_from(visit_at: datetime, ages: ResultAges, lead: timedelta) -> datetime:
    """Benefits verified since then serve the visit: not too long before it, and in its calendar month.

    A visit in the first hours of a month cannot wait for it: there it is the moment of dispatch, `lead` before.
    """
    oldest = visit_at - ages.verification
    month = visit_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return min(max(oldest, month) if ages.verified_in_month else oldest, visit_at - lead)


def assessed_from(visit_at: datetime, ages: ResultAges) -> datetime:
    """An assessment since then serves the visit."""
    return visit_at - ages.assessment
