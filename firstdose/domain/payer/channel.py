"""How a payer is reached, and what the process must know of the plan: never who the patient is."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.clock.business_calendar import Calendar
from firstdose.domain.clock.rules import ClockRule, Regime


class Channel(StrEnum):
    PAS = "pas"
    """Da Vinci Prior Authorization Support over FHIR."""
    X12 = "x12"
    """X12 270 and 278 through a clearinghouse."""
    PEOPLE = "people"
    """Phone, fax or portal, by a reimbursement specialist."""

    @property
    def electronic(self) -> bool:
        return self is not Channel.PEOPLE


class PeerToPeerRule(StrEnum):
    """What a talk between our pharmacist and the payer's physician can do after a denial."""

    BINDING = "binding"
    """The payer may overturn its denial in the talk."""
    INFORMATIONAL = "informational"
    """The talk only explains; an appeal is needed."""
    NONE = "none"


class SiteOfCare(StrEnum):
    """Where the plan pays for the visit."""

    ANY = "any"
    HOME_REQUIRED = "home_required"
    SUITE_REQUIRED = "suite_required"


class Plan(BaseModel):
    """The payer's plan as the process sees it: data that a pharmacy edits (`firstdose payers import`)."""

    model_config = ConfigDict(frozen=True)

    payer: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    contracted: bool = False
    """Whether the pharmacy has a contract with the plan."""
    eligibility: Channel = Channel.PEOPLE
    authorization: Channel = Channel.PEOPLE
    eligibility_fallback: tuple[Channel, ...] = ()
    """What is tried next, in this order; people are the last resort, told or not."""
    authorization_fallback: tuple[Channel, ...] = ()
    no_authorization: tuple[str, ...] = ()
    """HCPCS codes, and kinds of line, for which the plan wants no authorization."""
    site_of_care: SiteOfCare = SiteOfCare.ANY
    regime: Regime = Regime.PLAN
    phone: str | None = None
    fax: str | None = None
    portal: str | None = None
    peer_to_peer: PeerToPeerRule = PeerToPeerRule.BINDING
    appeal_levels: int | None = Field(default=None, ge=0, le=2)
    """How often the payer itself hears an appeal; None: as often as its regime says."""
    external_review: bool = True
    calendar: Calendar = Field(default=Calendar(), exclude=True)
    """The payer's working days and time zone. Stays with the worker, as the clocks do."""
    clocks: tuple[ClockRule, ...] = Field(default=(), exclude=True)
    """The plan's own times to decide and windows for filing; they stand before the general rules."""
    version: int = 1
    """Counts the imports that changed the plan; decisions record it."""

    @property
    def hears_appeals(self) -> int:
        if self.appeal_levels is not None:
            return self.appeal_levels
        return 1 if self.regime in (Regime.MEDICARE_ADVANTAGE, Regime.MEDICAID) else 2


UNKNOWN_PLAN = Plan(payer="unknown")
"""A payer that is in no table is reached by people."""
