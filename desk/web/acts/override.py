"""Asking to start therapy without the payer's answer; another supervisor decides about it."""

from typing import Final
from uuid import UUID

from pydantic import ValidationError
from starlette.responses import Response

from desk.http import referrals as api
from desk.web.acts.case import case_to_steer
from desk.web.acts.steer import ActRefused, done_before, steered, wrong_fields
from desk.web.acts.until import AT, OPEN, TIME, read_until, zone_name
from desk.web.forms import FormView
from desk.web.page import DeskPage, SupervisorPage
from desk.web.route import page_router
from desk.web.words import words
from firstdose.domain.care.gate_steps import OVERRIDABLE
from firstdose.domain.work.permissions import Act
from firstdose.domain.work.reasons import OverrideReason

router = page_router()

FORM: Final = "override"
_ENDS: Final = [(AT, "At a day and time"), (OPEN, "When our policy says")]
_REASONS: Final = [(reason, words(reason)) for reason in OverrideReason]
_FIELDS: Final = {"reason": "reason", "until": TIME}


@router.get("/referrals/{referral_id}/override")
async def override_form(referral_id: UUID, page: SupervisorPage) -> Response:
    return await _shown(page, referral_id, page.form_view(FORM))


@router.post("/referrals/{referral_id}/override")
async def override(referral_id: UUID, page: SupervisorPage) -> Response:
    """Of the authorization alone. Needs a recent sign-in."""
    await page.require_recent_sign_in()
    if (said := await done_before(page, referral_id)) is not None:
        return await page.done(f"/referrals/{referral_id}", said)
    await case_to_steer(page, referral_id, Act.OVERRIDE)
    body, wrong = _body(page)
    if body is None:
        return await _shown(page, referral_id, page.refused(wrong), 422)
    asked = api.override(referral_id, body, page.desk, page.actor, page.form.key or None)
    try:
        said = await steered(page, referral_id, asked, _FIELDS)
    except ActRefused as refused:
        return await _shown(page, referral_id, refused.form, refused.status)
    return await page.done(f"/referrals/{referral_id}", said)


def _body(page: DeskPage) -> tuple[api.OverrideBody | None, dict[str, str]]:
    """What the API takes, or what is wrong by field."""
    wrong: dict[str, str] = {}
    until = read_until(page.form, page.zone, wrong)
    if page.form.one("reason") not in set(OverrideReason):
        wrong["reason"] = "Choose a reason."
    if wrong:
        return None, wrong
    try:
        reason = OverrideReason(page.form.one("reason"))
        return api.OverrideBody(gate=OVERRIDABLE, reason=reason, until=until), {}
    except ValidationError as error:
        return None, wrong_fields(error, _FIELDS)


async def _shown(page: DeskPage, referral_id: UUID, form: FormView, status: int = 200) -> Response:
    case = await case_to_steer(page, referral_id, Act.OVERRIDE)
    name = zone_name(page.zone)
    return page.render(
        "act_override.html", status=status, case=case, form=form, reasons=_REASONS, ends=_ENDS, zone_name=name
    )
