"""Doing an act by the API's own function, with a refusal beside its field and who was faster."""

from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from starlette.responses import Response

from desk.http.actions import waiting_for_outcome
from desk.http.problems import HttpProblem
from desk.intake.problems import problems
from desk.web.acts.case import by_whom
from desk.web.flash import Flash
from desk.web.forms import FormView, problems_by_field
from desk.web.page import DeskPage
from firstdose.adapters.postgres.referrals.steering_record import (
    CANCELLED,
    HELD,
    OVERRIDE_ASKED,
    RESUMED,
)
from firstdose.domain.work.message import MessageState

_PATIENCE: Final = timedelta(seconds=4)
_DID: Final = {
    HELD: "Put on hold",
    RESUMED: "Resumed",
    CANCELLED: "Cancelled",
    OVERRIDE_ASKED: "An override was asked for",
}


class ActRefused(Exception):
    """The form to be shown again, with the status of the page."""

    def __init__(self, form: FormView, status: int) -> None:
        super().__init__()
        self.form = form
        self.status = status


def wrong_fields(error: ValidationError, fields: Mapping[str, str]) -> dict[str, str]:
    """The first problem of each field of the form; what lies elsewhere is about the form as a whole."""
    found: dict[str, str] = {}
    for each in problems(error, str):
        found.setdefault(fields.get(each["path"], ""), _sentence(each["problem"]))
    return found


async def done_before(page: DeskPage, referral_id: UUID) -> Flash | None:
    """What the next page says where this showing of the form was sent before: a double click is one act."""
    if not page.form.key:
        return None
    match await page.desk.steering.stored_under(page.actor, str(referral_id), page.form.key):
        case MessageState.APPLIED:
            return Flash.APPLIED
        case MessageState.PENDING | MessageState.PARKED:
            return Flash.STORED
        case _:
            return None


async def steered(page: DeskPage, referral_id: UUID, asked: Awaitable[Response], fields: Mapping[str, str]) -> Flash:
    """What the next page says. `fields` are those of the form, by the API's; others are about the form as a whole.

    Raises ActRefused, and HttpProblem but for 409 and 422.
    """
    try:
        with waiting_for_outcome(_PATIENCE):
            answered = await asked
    except HttpProblem as problem:
        match problem.status:
            case 422:
                wrong = {fields.get(path, ""): said for path, said in _listed(problem).items()}
                raise ActRefused(page.refused(wrong), 422) from None
            case 409:
                raise ActRefused(page.refused(await _conflict(page, referral_id, problem, fields)), 409) from None
            case _:
                raise
    return Flash.APPLIED if answered.status_code == 200 else Flash.STORED


async def _conflict(
    page: DeskPage, referral_id: UUID, problem: HttpProblem, fields: Mapping[str, str]
) -> dict[str, str]:
    """The refusal beside its field, or for the whole form with who did what, and when."""
    path, _, said = (problem.detail or "").partition(": ")
    if said and path in fields:
        return {fields[path]: _sentence(said)}
    why = _sentence(problem.detail or "it has changed since this page was shown")
    last = await page.desk.steering.last(str(referral_id), *_DID)
    told = f" {_DID[last.action]} by {by_whom(page, last.actor, last.at)}." if last else ""
    return {"": f"Nothing was changed. {why}{told}"}


def _listed(problem: HttpProblem) -> dict[str, str]:
    return problems_by_field(problem.members.get("errors", ()))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
