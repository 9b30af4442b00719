"""Cancelling a referral, in two steps: the reason, then what will be undone."""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from desk.http import referrals as api
from desk.web.acts.case import case_to_steer
from desk.web.acts.legal import cancel_reasons
from desk.web.acts.steer import ActRefused, done_before, steered
from desk.web.forms import FormView
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router
from desk.web.times import time_text
from desk.web.words import words
from firstdose.adapters.postgres.referrals.views import ReferralView
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.work.permissions import Act
from firstdose.domain.work.stage import Closing

router = page_router()

FORM: Final = "cancel"
_AT_THE_PAYER: Final = frozenset(
    {LineState.SUBMITTED, LineState.PENDED, LineState.INFO_REQUESTED, LineState.APPROVED, LineState.PARTIAL}
    | {LineState.MODIFIED, LineState.PEER_TO_PEER, LineState.APPEALED, LineState.EXTERNAL_REVIEW}
)


@router.get("/referrals/{referral_id}/cancel")
async def cancel_form(referral_id: UUID, page: WorkerPage) -> Response:
    return await _asked(page, referral_id, page.form_view(FORM))


@router.post("/referrals/{referral_id}/cancel")
async def cancel(referral_id: UUID, page: WorkerPage) -> Response:
    """First the reason is taken and what follows is shown; the second time it is done."""
    if (said := await done_before(page, referral_id)) is not None:
        return await page.done(f"/referrals/{referral_id}", said)
    await case_to_steer(page, referral_id, Act.CANCEL)
    given = page.form.one("reason")
    if given not in cancel_reasons(page.actor):
        wrong = "Choose how the referral ends." if given not in set(Closing) else "Your roles may not give this reason."
        return await _asked(page, referral_id, page.refused({"reason": wrong}), 422)
    reason = Closing(given)
    if page.form.one("confirmed") != "yes":
        return await _to_confirm(page, referral_id, reason, page.refused({}))
    asked = api.cancel(referral_id, api.Cancel(reason=reason), page.desk, page.actor, page.form.key or None)
    try:
        said = await steered(page, referral_id, asked, {"reason": ""})
    except ActRefused as refused:
        return await _to_confirm(page, referral_id, reason, refused.form, refused.status)
    return await page.done(f"/referrals/{referral_id}", said)


async def _asked(page: DeskPage, referral_id: UUID, form: FormView, status: int = 200) -> Response:
    case = await case_to_steer(page, referral_id, Act.CANCEL)
    reasons = [(reason, words(reason)) for reason in cancel_reasons(page.actor)]
    return page.render("act_cancel.html", status=status, case=case, form=form, reasons=reasons)


async def _to_confirm(
    page: DeskPage, referral_id: UUID, reason: Closing, form: FormView, status: int = 200
) -> Response:
    case = await case_to_steer(page, referral_id, Act.CANCEL)
    content: dict[str, Any] = {"case": case, "form": form, "reason": reason}
    undone = [each async for each in what_is_undone(page, case)]
    return page.render("act_cancel_confirm.html", status=status, undone=undone, **content)


async def what_is_undone(page: DeskPage, case: ReferralView) -> AsyncIterator[str]:
    """What a cancellation takes back, in sentences: as far as the store knows of it."""
    standing = case.standing
    if standing.visit_at:
        at = time_text(standing.visit_at, page.zone, page.now)
        yield f"The visit on {at} is cancelled. The nurse and the household are told."
    if await page.desk.steering.has_reserved(standing.id):
        yield "The reserved drug goes back to stock; what was dispensed is taken back by the pharmacist."
    held = [line for line in case.lines if line.state in _AT_THE_PAYER]
    if held:
        yield f"What the payer has is voided: {_counted(len(held), 'line')} of the authorization."
    if case.work_items:
        yield f"{_counted(len(case.work_items), 'open work item')} will be withdrawn.".capitalize()
    yield "The referral source is told how the referral ended."


def _counted(count: int, thing: str) -> str:
    return f"one {thing}" if count == 1 else f"{count} {thing}s"
