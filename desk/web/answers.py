"""Answering a work item from a page: by the API's own function, with what is wrong beside what was typed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from desk.http.actions import waiting_for_outcome
from desk.http.problems import HttpProblem
from desk.http.work_items import resolve
from desk.web.flash import Flash
from desk.web.forms import FormView, problems_by_field
from desk.web.page import DeskPage
from desk.web.times import time_text
from desk.web.words import words
from firstdose.domain.work.work_item import WorkItemState

_PATIENCE: Final = timedelta(seconds=4)

Beside = Callable[[Iterable[Mapping[str, str]]], dict[str, str]]
"""From the problems of the API by path to those of a form by input."""


class AnswerRefused(NamedTuple):
    """The form to be shown again, with the status of the page."""

    form: FormView
    status: int


async def answer_item(
    page: DeskPage,
    item_id: str,
    answer: dict[str, Any],
    beside: Beside = problems_by_field,
) -> Flash | AnswerRefused:
    """What the next page says, or the form again. Raises HttpProblem but for 403, 409 and 422.

    The form's own key makes a double click one answer. `beside` has the problems by input.
    """
    try:
        with waiting_for_outcome(_PATIENCE):
            answered = await resolve(item_id, answer, page.desk, page.actor, key=page.form.key or None)
    except HttpProblem as problem:
        match problem.status:
            case 422:
                listed = problem.members.get("errors", ())
                return AnswerRefused(page.refused(beside(listed)), 422)
            case 403:  # of what the answer says: the item itself is theirs, or the page would not show the form
                return AnswerRefused(page.refused(beside([_whole(problem)])), 403)
            case 409:
                return AnswerRefused(page.refused(_not_now(page, problem, beside)), 409)
            case _:
                raise
    return Flash.APPLIED if answered.status_code == 200 else Flash.STORED


def _not_now(page: DeskPage, problem: HttpProblem, beside: Beside) -> dict[str, str]:
    """What the process refuses of an item that is still open is about what was typed, and stands beside it."""
    item = problem.members.get("work_item") or {}
    is_open = item.get("state") == WorkItemState.OPEN or item.get("assignee") == page.actor.id
    if is_open and not item.get("closed_at"):
        return beside([_whole(problem)])
    return {"": _what_happened(page, problem)}


def _whole(problem: HttpProblem) -> dict[str, str]:
    return {"path": "", "problem": problem.detail or "it has changed"}


def _what_happened(page: DeskPage, problem: HttpProblem) -> str:
    """Who did what, and when, as far as the item tells; what was typed stays in the form."""
    item, why = problem.members.get("work_item") or {}, problem.detail or "it has changed"
    said = f"Not stored: {why}."
    if item.get("state") not in set(WorkItemState):
        return said
    state = words(WorkItemState(item["state"]))
    who = f" by {item['assignee']}" if item.get("assignee") else ""
    at = item.get("closed_at")
    when = f", {time_text(datetime.fromisoformat(at), page.zone, page.now)}" if at else ""
    return f"{said} Now: {state.lower()}{who}{when}."
