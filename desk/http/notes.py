"""Notes about a referral: writing one, and reading them as its facts are read. Both are audited."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from desk.http.actions import IdempotencyKey
from desk.http.app_context import AppContext, Context
from desk.http.identity import Reader, Worker
from desk.http.parameters import CursorText, Limit
from desk.http.permits import permit_reading
from desk.http.problems import HttpProblem
from firstdose.adapters.postgres.messages.messages import Conflict, UnknownReferral
from firstdose.adapters.postgres.paging import BadCursor, Page
from firstdose.adapters.postgres.referrals.notes import ReferralNote
from firstdose.domain.work.role import Actor

router = APIRouter(prefix="/api/referrals", tags=["notes"])

LONGEST_NOTE: Final = 4000
_STORABLE: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"


class NoteBody(BaseModel):
    """Plain text. It is never changed later: what was wrong is put right by another note."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NOTE, pattern=_STORABLE)
    ]


@router.post("/{referral_id}/notes", status_code=201)
async def write_note(
    referral_id: UUID, body: NoteBody, desk: Context, actor: Worker, key: IdempotencyKey = None
) -> ReferralNote:
    """Keep a note, sealed with the referral's facts. The same Idempotency-Key again is the same note."""
    await permit_reading(desk, actor, str(referral_id))
    try:
        return await desk.notes.write(actor, str(referral_id), body.text, key=key)
    except UnknownReferral:
        raise _not_there() from None
    except Conflict:
        raise HttpProblem(409, "this Idempotency-Key came with something else before") from None


@router.get("/{referral_id}/notes")
async def list_notes(
    referral_id: UUID, desk: Context, actor: Reader, cursor: CursorText = None, limit: Limit = 50
) -> Page[ReferralNote]:
    """The newest first."""
    return await read_notes(desk, actor, str(referral_id), cursor, limit)


async def read_notes(
    desk: AppContext, actor: Actor, referral_id: str, cursor: str | None = None, limit: int = 50
) -> Page[ReferralNote]:
    """Raises Problem 400, 403 and 404."""
    await permit_reading(desk, actor, referral_id)
    try:
        found = await desk.notes.page(referral_id, cursor, limit)
    except UnknownReferral:
        raise _not_there() from None
    except BadCursor:
        raise HttpProblem(400, "this is no cursor of this list") from None
    if found.items:
        await desk.note(actor, "notes_read", {"notes": len(found.items)}, chain=referral_id)
    return found


def _not_there() -> HttpProblem:
    return HttpProblem(404, "there is no such referral, or its facts were shredded")
