"""Who asks: the pharmacy, as payers know it."""

from pydantic import BaseModel, ConfigDict

from firstdose.domain.referral.identifiers import Npi


class Requestor(BaseModel):
    """The pharmacy that requests authorizations and receives the decisions."""

    model_config = ConfigDict(frozen=True)

    name: str
    npi: Npi
    originator: str
    """The originator of our trace numbers: X12 TRN03, ten characters such as `9` and nine digits."""
    base_url: str
    """The base address of the resources in our FHIR messages. Nothing has to be served there."""
