"""What a nurse sees of a visit: enough to decide about an offer, and who and where the patient is for the visit."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from desk.web.item_forms.place import zone_name
from desk.web.page import DeskPage
from firstdose.domain.referral.referral import Patient, Referral

_READ = "item_facts_read"


@dataclass(frozen=True, kw_only=True)
class VisitFacts:
    """`zone` is the patient's, where it is known. `referral` is None for one that was shredded."""

    zone: ZoneInfo
    referral: Referral | None = field(repr=False)

    @property
    def zone_name(self) -> str:
        """`New York time`."""
        return zone_name(self.zone)

    @property
    def area(self) -> str:
        """Town and state, with the first three digits of the ZIP code: not where the patient lives."""
        if self.referral is None:
            return "Not known"
        address = self.referral.patient.address
        near = f"{address.postal_code[:3]}xx" if address.postal_code else None
        place = ", ".join(part for part in (address.city, address.state) if part)
        return " ".join(part for part in (place, near) if part) or "Not known"

    @property
    def patient(self) -> Patient:
        return self.referral.patient if self.referral else Patient()

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.patient.given_name, self.patient.family_name) if part) or "Not known"

    @property
    def drugs(self) -> tuple[str, ...]:
        """Each medication in one line: drug, dose, route, frequency."""
        if self.referral is None:
            return ()
        told = (
            (one.drug.name, one.dose, one.route, one.frequency, _days(one.duration_days))
            for one in self.referral.order.medications
        )
        return tuple(", ".join(str(part) for part in parts if part) for parts in told)

    @property
    def allergies(self) -> str:
        known = self.patient.allergies
        if known is None:
            return "Nobody has said: ask"
        if isinstance(known, str):
            return "None known"
        return "; ".join(f"{one.substance} ({one.reaction})" if one.reaction else one.substance for one in known)


async def visit_facts(page: DeskPage, referral_id: str, item: str | None) -> VisitFacts:
    """The present facts, read in the name of who is asking: that they saw them is audited. Raises Unavailable."""
    referral = await page.desk.facts(referral_id)
    if referral is not None:
        await page.desk.note(page.actor, _READ, {"item": item} if item else None, chain=referral_id)
    told = referral.patient.time_zone if referral else None
    return VisitFacts(zone=ZoneInfo(told) if told else page.zone, referral=referral)


def _days(count: int | None) -> str | None:
    return f"{count} days" if count else None
