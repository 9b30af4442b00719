"""Putting a referral on hold, and ending the hold."""

from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from starlette.responses import Response

from desk.http import referrals as api
from desk.http.problems import HttpProblem
from desk.web.acts.case import by_whom, case_to_steer, last_steered
from desk.web.acts.steer import ActRefused, done_before, steered, wrong_fields
from desk.web.acts.until import AT, OPEN, TIME, read_until, zone_name
from desk.web.forms import FormView
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router
from desk.web.words import words
from firstdose.adapters.postgres.referrals.steering_record import HELD, RESUMED
from firstdose.domain.work.permissions import Act
from firstdose.domain.work.reasons import HoldReason

router = page_router()

HOLD_FORM: Final = "hold"
RESUME_FORM: Final = "resume"
_ENDS: Final = [(AT, "At a day and time"), (OPEN, "When somebody ends it")]
_REASONS: Final = [(reason, words(reason)) for reason in HoldReason]
_FIELDS: Final = {"reason": "reason", "until": TIME}


@router.get("/referrals/{referral_id}/hold")
async def hold_form(referral_id: UUID, page: WorkerPage) -> Response:
    return await _hold_page(page, referral_id, page.form_view(HOLD_FORM))


@router.post("/referrals/{referral_id}/hold")
async def hold(referral_id: UUID, page: WorkerPage) -> Response:
    """Pause every track of it at its next step."""
    if (said := await done_before(page, referral_id)) is not None:
        return await page.done(f"/referrals/{referral_id}", said)
    await case_to_steer(page, referral_id, Act.HOLD)
    body, wrong = _hold_body(page)
    if body is None:
        return await _hold_page(page, referral_id, page.refused(wrong), 422)
    asked = api.hold(referral_id, body, page.desk, page.actor, page.form.key or None)
    try:
        said = await steered(page, referral_id, asked, _FIELDS)
    except ActRefused as refused:
        return await _hold_page(page, referral_id, refused.form, refused.status)
    return await page.done(f"/referrals/{referral_id}", said)


@router.get("/referrals/{referral_id}/resume")
async def resume_form(referral_id: UUID, page: WorkerPage) -> Response:
    return await _resume_page(page, referral_id, page.form_view(RESUME_FORM))


@router.post("/referrals/{referral_id}/resume")
async def resume(referral_id: UUID, page: WorkerPage) -> Response:
    """Go on after a hold."""
    if (said := await done_before(page, referral_id)) is not None:
        return await page.done(f"/referrals/{referral_id}", said)
    await case_to_steer(page, referral_id, Act.RESUME)
    asked = api.resume(referral_id, page.desk, page.actor, page.form.key or None)
    try:
        said = await steered(page, referral_id, asked, {})
    except ActRefused as refused:
        return await _resume_page(page, referral_id, refused.form, refused.status)
    return await page.done(f"/referrals/{referral_id}", said)


def _hold_body(page: DeskPage) -> tuple[api.HoldBody | None, dict[str, str]]:
    """What the API takes, or what is wrong by field."""
    wrong: dict[str, str] = {}
    until = read_until(page.form, page.zone, wrong)
    if page.form.one("reason") not in set(HoldReason):
        wrong["reason"] = "Choose a reason."
    if wrong:
        return None, wrong
    try:
        return api.HoldBody(reason=HoldReason(page.form.one("reason")), until=until), {}
    except ValidationError as error:
        return None, wrong_fields(error, _FIELDS)


async def _hold_page(page: DeskPage, referral_id: UUID, form: FormView, status: int = 200) -> Response:
    case = await case_to_steer(page, referral_id, Act.HOLD)
    if case.standing.on_hold and status == 200:
        raise HttpProblem(409, f"The referral is on hold already. {await _hold_words(page, referral_id)}".strip())
    content: dict[str, Any] = {"case": case, "form": form, "zone_name": zone_name(page.zone)}
    return page.render("act_hold.html", status=status, reasons=_REASONS, ends=_ENDS, **content)


async def _resume_page(page: DeskPage, referral_id: UUID, form: FormView, status: int = 200) -> Response:
    case = await case_to_steer(page, referral_id, Act.RESUME)
    if not case.standing.on_hold and status == 200:
        last = await last_steered(page, referral_id, RESUMED)
        told = f" Resumed by {by_whom(page, last.actor, last.at)}." if last else ""
        raise HttpProblem(409, f"The referral is not on hold.{told}")
    told = await _hold_words(page, referral_id)
    return page.render("act_resume.html", status=status, case=case, form=form, told=told)


async def _hold_words(page: DeskPage, referral_id: UUID) -> str:
    """Why it is on hold, and by whom since when; nothing where that is not recorded."""
    last = await last_steered(page, referral_id, HELD)
    if last is None:
        return ""
    reason = words(HoldReason(last.details["reason"])) if last.details.get("reason") else "Held"
    return f"{reason}. Put on hold by {by_whom(page, last.actor, last.at)}."
