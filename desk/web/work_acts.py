"""What is done with work on the list, for one item or several: take, assign, snooze. Each is done or not by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from desk.http.item_bodies import AssignSeveral, Handled, SnoozeSeveral, TakeSeveral
from desk.http.work_items import assign_several, snooze_several, take_several
from desk.intake.problems import problems
from desk.web.flash import Flash
from desk.web.page import DeskPage
from desk.web.zoned_time import NoSuchTime, zoned_time

_DONE: Final = {"take": Flash.CLAIMED, "assign": Flash.ASSIGNED, "snooze": Flash.SNOOZED}
_FIELDS: Final = {"until": "until_time", "assignee": "assignee"}
"""Those of the form, by the API's."""


async def do_with_work(page: DeskPage) -> Flash | dict[str, str]:
    """What the next page says, or what is wrong with the form by field. Raises Unavailable."""
    form = page.form
    act, items = form.one("act"), list(form.all("items"))
    if act not in _DONE:
        return {"act": "Choose what to do."}
    if not items:
        return {"": "Choose the work first: nothing was changed."}
    try:
        done = await _done(page, act, items)
    except NoSuchTime as wrong:
        return {"until_time": str(wrong)}
    except ValidationError as error:
        return _by_field(error)
    return _not_done(done) or _DONE[act]


async def _done(page: DeskPage, act: str, items: list[str]) -> Sequence[Handled]:
    desk, actor = page.desk, page.actor
    match act:
        case "take":
            return await take_several(TakeSeveral(items=items), desk, actor)
        case "assign":
            body = AssignSeveral(items=items, assignee=page.form.one("assignee"))
            return await assign_several(body, desk, actor)
        case _:
            return await snooze_several(SnoozeSeveral(items=items, until=_until(page)), desk, actor)


def _until(page: DeskPage) -> datetime:
    """Raises NoSuchTime."""
    return zoned_time(page.form.one("until_day"), page.form.one("until_time"), page.zone)


def _by_field(error: ValidationError) -> dict[str, str]:
    """The first problem of each field."""
    found: dict[str, str] = {}
    for each in problems(error, str):
        found.setdefault(_FIELDS.get(each["path"], ""), each["problem"])
    return found


def _not_done(handled: Sequence[Handled]) -> dict[str, str]:
    """One text for the form as a whole; nothing if all was done."""
    why = sorted({each.problem or "it has changed" for each in handled if not each.done})
    if not why:
        return {}
    done = sum(each.done for each in handled)
    return {"": f"{done} done, {len(handled) - done} not: {'; '.join(why)}."}
