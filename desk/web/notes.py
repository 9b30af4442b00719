"""Notes about a referral on a page: the newest with the form for another, and what was written before."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from starlette.responses import Response

from desk.http.notes import LONGEST_NOTE, NoteBody, read_notes, write_note
from desk.http.parameters import CursorText
from desk.http.problems import HttpProblem
from desk.web.addresses import with_query
from desk.web.flash import Flash
from desk.web.forms import FormView
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router
from firstdose.adapters.postgres.referrals.notes import ReferralNote
from firstdose.domain.work.permissions import WORKING

router = page_router()

FORM: Final = "note"
_SHOWN: Final = 20
_WRONG: Final = f"Write something, of at most {LONGEST_NOTE} characters and without control characters."
_TWICE: Final = "This form was sent before with another text. Look whether the note is there; if not, send it again."


@dataclass(frozen=True, kw_only=True)
class NoteSection:
    """What `case_notes.html` shows."""

    referral_id: UUID
    shown: tuple[ReferralNote, ...]
    older: str | None
    form: FormView
    may_write: bool
    longest: int = LONGEST_NOTE


async def note_section(
    page: DeskPage, referral_id: UUID, form: FormView | None = None, cursor: str | None = None
) -> NoteSection:
    """That the notes were read is audited. Raises Problem 400, 403 and 404."""
    found = await read_notes(page.desk, page.actor, str(referral_id), cursor, _SHOWN)
    address = f"/referrals/{referral_id}/notes"
    return NoteSection(
        referral_id=referral_id,
        shown=found.items,
        older=with_query(address, [("cursor", found.cursor)]) if found.cursor else None,
        form=form or page.form_view(FORM),
        may_write=not WORKING.isdisjoint(page.actor.roles),
    )


@router.get("/referrals/{referral_id}/notes")
async def notes(referral_id: UUID, page: WorkerPage, cursor: CursorText = None) -> Response:
    return page.render("notes.html", notes=await note_section(page, referral_id, cursor=cursor))


@router.post("/referrals/{referral_id}/notes")
async def write(referral_id: UUID, page: WorkerPage) -> Response:
    """Back to the page that the form stood on."""
    # A browser ends the lines of what was typed otherwise than everybody else.
    text = page.form.one("text").replace("\r\n", "\n")
    try:
        body = NoteBody(text=text)
        await write_note(referral_id, body, page.desk, page.actor, page.form.key or None)
    except ValidationError:
        return await _again(page, referral_id, {"text": _WRONG}, 422)
    except HttpProblem as problem:
        if problem.status != 409:
            raise
        return await _again(page, referral_id, {"text": _TWICE}, 409)
    return await page.done(page.address, Flash.SAVED)


async def _again(page: DeskPage, referral_id: UUID, wrong: dict[str, str], status: int) -> Response:
    section = await note_section(page, referral_id, page.refused(wrong))
    return page.render("notes.html", status=status, notes=section)
