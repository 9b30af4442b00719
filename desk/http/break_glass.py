"""Break-glass: who has no part in a referral reads it for an hour, says why, and is audited."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from desk.http.app_context import Context
from desk.http.identity import Worker
from desk.http.problems import HttpProblem
from firstdose.domain.work.reading import BreakGlassReason

router = APIRouter(prefix="/api/referrals", tags=["referrals"])


class BreakGlass(BaseModel):
    """`note` says more, and is kept sealed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: BreakGlassReason
    note: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")] | None = None

    @model_validator(mode="after")
    def _another_reason_is_said(self) -> Self:
        if self.reason is BreakGlassReason.OTHER and self.note is None:
            raise ValueError("note: say what the other reason is")
        return self


class Grant(BaseModel):
    """The referral may be read by who asked, until then."""

    referral_id: UUID
    reason: BreakGlassReason
    until: datetime


@router.post("/{referral_id}/break-glass")
async def break_glass(referral_id: UUID, body: BreakGlass, desk: Context, actor: Worker) -> Grant:
    """Read a referral that one has no part in, for 60 minutes. Who, when and why stands in its audit."""
    try:
        until = await desk.access.break_glass(actor, str(referral_id), body.reason, body.note)
    except LookupError:
        raise HttpProblem(404, "there is no such referral, or its facts were shredded") from None
    return Grant(referral_id=referral_id, reason=body.reason, until=until)
