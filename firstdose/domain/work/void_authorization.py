"""What a person reports of a call, fax or portal entry by which an authorization was to be voided."""

from typing import Literal, Self

from pydantic import AwareDatetime, model_validator

from firstdose.domain.sealed_text import ForeignText
from firstdose.domain.work.resolution import Resolution


class VoidAuthorization(Resolution):
    """`not_needed` says that nothing is in force at the payer; `refused`, that the payer does not void it."""

    outcome: Literal["voided", "not_needed", "refused"]
    reference: ForeignText = None
    """What the payer gave us to refer to."""
    told_by: ForeignText = None
    """Who said so at the payer: a name, or the portal."""
    told_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _the_payers_word_has_its_evidence(self) -> Self:
        if self.outcome != "not_needed" and (self.told_by is None or self.told_at is None):
            raise ValueError("told_by, told_at: who at the payer said so, and when")
        if self.outcome == "voided" and self.reference is None:
            raise ValueError("reference: what the payer gave us to refer to")
        return self
