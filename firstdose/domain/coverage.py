"""What the payer says about the patient's coverage, and what that makes of the lines to authorize."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.authorization import Line, LineKind, LineState
from firstdose.domain.channel import Channel


class CoverageStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    NOT_FOUND = "not_found"


class Benefits(BaseModel):
    """One verification of benefits. Amounts are US dollars; `needs_authorization` names the kinds of line that do."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    status: CoverageStatus
    in_network: bool | None = None
    deductible_remaining: Decimal | None = Field(default=None, ge=0)
    out_of_pocket_remaining: Decimal | None = Field(default=None, ge=0)
    copay: Decimal | None = Field(default=None, ge=0)
    coinsurance_percent: int | None = Field(default=None, ge=0, le=100)
    needs_authorization: frozenset[LineKind] = frozenset(LineKind)
    reference: str | None = Field(default=None, max_length=80)
    """The payer's reference for this answer: the evidence when a line needs no authorization."""
    channel: Channel = Channel.PAS
    verified_at: datetime | None = None


class Paying(StrEnum):
    """Who pays when insurance does not."""

    PLAN = "plan"
    SELF = "self_pay"
    ASSISTANCE = "assistance"


def judge_lines(lines: tuple[Line, ...], benefits: Benefits, paying: Paying) -> tuple[Line, ...]:
    """Mark the lines that need no authorization: by the payer's word, or because the plan does not pay at all."""

    def judged(line: Line) -> Line:
        needed = paying is Paying.PLAN and line.kind in benefits.needs_authorization
        if needed or line.state is not LineState.DRAFT:
            return line
        return line.model_copy(update={"state": LineState.NOT_REQUIRED, "evidence": benefits.reference})

    return tuple(judged(line) for line in lines)
