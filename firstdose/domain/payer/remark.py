"""What a payer said beyond what the process uses, in the payer's own codes and texts, for the person who decides.

Remarks decide nothing. They travel with the answer that they stood in, sealed as its other texts are.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from firstdose.domain.sealed_text import ForeignCode, ForeignCodes, ForeignSentence, ForeignText

MOST_REMARKS: Final = 60
"""Of one answer: more is no news that a person could read."""


class RemarkKind(StrEnum):
    REJECTED = "rejected"
    """The request, or a part of it, was not processed: why, and what to do about it (`follow_up`)."""
    ACTION = "action"
    """What was decided, as a code."""
    REASON = "reason"
    """Why it was decided so."""
    MESSAGE = "message"
    WANTED = "wanted"
    """A document, or an answer, that the payer wants before it decides."""
    PLAN = "plan"
    """A plan of the member's, whether it is in force, and when."""
    ANOTHER_PAYER = "another_payer"
    """Somebody else pays for this member, or before this payer does."""
    NOT_COVERED = "not_covered"
    LIMIT = "limit"
    """How much of a service is covered, or is left."""
    EXCHANGED = "exchanged"
    """Another service is authorized than was asked for."""
    ADDED = "added"
    """A service that was not asked for."""
    CONTACT = "contact"
    """Whom to ask."""


class PayerRemark(BaseModel):
    """One thing that an answer says; the fields that it does not fill are None."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    kind: RemarkKind
    where: ForeignCode
    """The element of the answer that says it, as its standard calls it: `AAA03`."""
    code: ForeignCode = None
    text: ForeignSentence = None
    """The payer's text, or the name of the plan, the payer or the person that is meant."""
    follow_up: ForeignCode = None
    about: ForeignCodes = ()
    """Types of service (X12 1365) or HCPCS codes."""
    number: ForeignText = None
    """By which who is named is known, or reached."""
    quantity: Decimal | None = None
    unit: ForeignCode = None
    amount: Decimal | None = None
    """US dollars."""
    starts_on: date | None = None
    ends_on: date | None = None
    line: int | None = None
    """The sequence of the line that it is about; None if it is about the whole."""
