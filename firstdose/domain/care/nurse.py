"""Whether a nurse of the roster may make a visit: skill, license on that day, area. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from firstdose.domain.care.visit import VisitProblem
from firstdose.domain.referral.order import TherapyKind


class PlaceOfVisit(NamedTuple):
    """What a visit needs of its nurse."""

    therapy: TherapyKind | None
    state: str | None
    postal_code: str | None


class Nurse(NamedTuple):
    """One nurse as the roster knows them. `areas` are beginnings of ZIP codes, none for anywhere in the states.

    `expires` is the last day of the license in each state; a state without a day has no known end.
    """

    active: bool
    skills: tuple[str, ...]
    states: tuple[str, ...]
    areas: tuple[str, ...]
    expires: Mapping[str, date]

    def problem(self, place: PlaceOfVisit, day: date) -> VisitProblem | None:
        """Why this nurse cannot make the visit on that day; None if nothing of the roster speaks against it."""
        last_day = self.expires.get(place.state or "")
        if not self.active:
            return VisitProblem.NURSE_AWAY
        if place.therapy not in self.skills:
            return VisitProblem.NURSE_LACKS_SKILL
        if place.state not in self.states:
            return VisitProblem.NURSE_NOT_LICENSED
        if last_day is not None and day > last_day:
            return VisitProblem.LICENSE_OVER_BY_VISIT
        if self.areas and not (place.postal_code or "").startswith(self.areas):
            return VisitProblem.NURSE_NOT_IN_AREA
        return None
