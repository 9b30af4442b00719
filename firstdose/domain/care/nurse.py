"""Whether a nurse of the roster may make a visit: skill, license on that day, area. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from firstdose.domain.care.visit import HeldVisit, VisitProblem
from firstdose.domain.referral.order import TherapyKind


class VisitNeeds(NamedTuple):
    """What the order and the address ask of a visit and its nurse."""

    therapy: TherapyKind | None
    state: str | None
    postal_code: str | None
    ordered_from: date | None = None
    """The first day of therapy, where the order says one."""

    def problem(self, day: date) -> HeldVisit | None:
        """Why the visit cannot be on that day, whoever makes it."""
        if self.ordered_from is None or day >= self.ordered_from:
            return None
        return HeldVisit(held=False, problem=VisitProblem.BEFORE_ORDERED_START, possible_from=self.ordered_from)


class Nurse(NamedTuple):
    """One nurse as the roster knows them. `areas` are beginnings of ZIP codes, none for anywhere in the states.

    `expires` is the last day of the license in each state; a state without a day has no known end.
    """

    active: bool
    skills: tuple[str, ...]
    states: tuple[str, ...]
    areas: tuple[str, ...]
    expires: Mapping[str, date]

    def problem(self, needs: VisitNeeds, day: date) -> HeldVisit | None:
        """Why this nurse cannot make the visit on that day; None if nothing of the roster speaks against it."""
        if misfit := self._misfit(needs):
            return HeldVisit(held=False, problem=misfit)
        last_day = self.expires.get(needs.state or "")
        if last_day is None or day <= last_day:
            return None
        return HeldVisit(held=False, problem=VisitProblem.LICENSE_OVER_BY_VISIT, possible_to=last_day)

    def _misfit(self, needs: VisitNeeds) -> VisitProblem | None:
        """Why this nurse is not the one, whenever the visit is."""
        if not self.active:
            return VisitProblem.NURSE_AWAY
        if needs.therapy not in self.skills:
            return VisitProblem.NURSE_LACKS_SKILL
        if needs.state not in self.states:
            return VisitProblem.NURSE_NOT_LICENSED
        if self.areas and not (needs.postal_code or "").startswith(self.areas):
            return VisitProblem.NURSE_NOT_IN_AREA
        return None
