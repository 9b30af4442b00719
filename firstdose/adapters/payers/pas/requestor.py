"""Who asks: the pharmacy, as payers know it."""

from pydantic import BaseModel, ConfigDict

from firstdose.domain.referral.identifiers import Npi


class Requestor(BaseModel):
    """The pharmacy that requests authorizations and hears of their decisions."""

    model_config = ConfigDict(frozen=True)

    name: str
    npi: Npi
    originator: str
    """Who numbers our requests: X12 TRN03, ten characters such as `9` and nine digits of our own."""
    base_url: str
    """Under which the resources of our FHIR messages have their addresses. Nothing has to be served there."""
