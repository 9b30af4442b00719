"""What the pharmacist settles with the prescriber: the drug, where it comes from and when, and the kit."""

from typing import Literal, Self

from pydantic import AwareDatetime, model_validator

from firstdose.domain.sealed_text import ForeignCodes
from firstdose.domain.work.resolution import Facts, Resolution


class SettleOrder(Resolution):
    """What to do where our stock does not have the drug, or does not know its code.

    `alternative` brings another drug by its `facts`, `from_elsewhere` the lots from another pharmacy or shelf, `later`
    a time from which our stock has it. `unavailable` asks a supervisor, who may have it tried again or transferred.
    """

    outcome: Literal["settled", "alternative", "from_elsewhere", "later", "kit_refused", "unavailable"]
    facts: Facts = None
    lots: ForeignCodes = ()
    """As they are written on the drug: one for each medication, in their order."""
    available_from: AwareDatetime | None = None

    @model_validator(mode="after")
    def _each_outcome_says_what_it_must(self) -> Self:
        if self.outcome == "from_elsewhere" and not self.lots:
            raise ValueError("lots: a drug from elsewhere needs the lot of each medication")
        if self.outcome == "later" and self.available_from is None:
            raise ValueError("available_from: from when our stock has the drug")
        return self
