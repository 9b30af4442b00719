"""How a payer is reached, and what the process must know of the plan: never who the patient is."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.clocks import Regime


class Channel(StrEnum):
    PAS = "pas"
    """Da Vinci Prior Authorization Support over FHIR."""
    PEOPLE = "people"
    """Phone, fax or portal, by a reimbursement specialist."""

    @property
    def electronic(self) -> bool:
        return self is not Channel.PEOPLE


class PeerToPeer(StrEnum):
    """What a talk between our pharmacist and the payer's physician can do after a denial."""

    BINDING = "binding"
    """The payer may overturn its denial in the talk."""
    INFORMATIONAL = "informational"
    """The talk only explains; an appeal is needed."""
    NONE = "none"


class Plan(BaseModel):
    """The payer's plan as the process sees it: data that a pharmacy edits (`firstdose payers import`)."""

    model_config = ConfigDict(frozen=True)

    payer: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    eligibility: Channel = Channel.PEOPLE
    authorization: Channel = Channel.PEOPLE
    regime: Regime = Regime.PLAN
    phone: str | None = None
    fax: str | None = None
    portal: str | None = None
    peer_to_peer: PeerToPeer = PeerToPeer.BINDING
    appeal_levels: int = Field(default=2, ge=0, le=2)
    """How often the payer itself hears an appeal."""
    external_review: bool = True
    version: int = 1
    """Counts the imports that changed the plan; decisions record it."""


UNKNOWN_PLAN = Plan(payer="unknown")
"""A payer that is in no table is reached by people."""
