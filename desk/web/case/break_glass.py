"""Break-glass as a page: who has no part in a referral says why they read it, and does so for an hour."""

from typing import Final
from uuid import UUID

from pydantic import ValidationError
from starlette.responses import Response

from desk.http import break_glass as api
from desk.web.case.reference import named_row
from desk.web.flash import Flash
from desk.web.forms import FormView
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router
from desk.web.words import words
from firstdose.domain.work.reading import BreakGlassReason

router = page_router()

FORM: Final = "break-glass"
_REASONS: Final = [(reason, words(reason)) for reason in BreakGlassReason]
_SAID: Final = {
    "reason": "Choose why you need to read it.",
    "note": "Say in a few words what the other reason is, in at most 4,000 characters.",
}


@router.get("/referrals/{reference}/break-glass")
async def ask(reference: str, page: WorkerPage) -> Response:
    return await _shown(page, reference, page.form_view(FORM))


@router.post("/referrals/{reference}/break-glass")
async def break_glass(reference: str, page: WorkerPage) -> Response:
    """Needs a recent sign-in. Who, when and why stands in the referral's audit."""
    await page.require_recent_sign_in()
    row = await named_row(page, reference)
    given = {"reason": page.form.one("reason"), "note": page.form.one("note") or None}
    try:
        body = api.BreakGlass.model_validate(given)
    except ValidationError as error:
        return await _shown(page, reference, page.refused(_wrong(error)), 422)
    await api.break_glass(UUID(row.id), body, page.desk, page.actor)
    return await page.done(f"/referrals/{row.id}", Flash.GLASS_BROKEN)


async def _shown(page: DeskPage, reference: str, form: FormView, status: int = 200) -> Response:
    row = await named_row(page, reference)
    return page.render("case_break_glass.html", status=status, row=row, form=form, reasons=_REASONS)


def _wrong(error: ValidationError) -> dict[str, str]:
    """By field: a note can be missing, or too long."""
    fields = {str(each["loc"][0]) if each["loc"] else "note" for each in error.errors(include_input=False)}
    return {name: _SAID[name] for name in fields}
