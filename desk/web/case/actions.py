"""What is to be done next: the open work of my roles first, then what the case waits for from others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from desk.web.case.asked import asked
from desk.web.case.people import whom_of
from desk.web.case.reading import OpenCase
from desk.web.words import words
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.work.permissions import may_do
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItemKind

_VISITS: Final = (WorkItemKind.CONFIRM_VISIT, WorkItemKind.REPORT_VISIT)


@dataclass(frozen=True, kw_only=True)
class Action:
    """An open work item. `owner` is who took it, or that nobody has; `leads_to` is where it is done."""

    item: WorkItemView
    asked: tuple[str, ...]
    owner: str
    leads_to: str
    mine: bool

    @property
    def whom(self) -> str:
        return whom_of(self.item.role)

    def late(self, now: datetime) -> bool:
        return self.item.due_at < now


def actions_of(case: OpenCase) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """Mine, and those of others, each the first due first."""
    found = [_action(case, item) for item in case.view.work_items]
    return tuple(each for each in found if each.mine), tuple(each for each in found if not each.mine)


def item_address(item_id: str, kind: WorkItemKind, actor: Actor) -> str:
    """A nurse answers a visit on a page for the phone."""
    nurse = kind in _VISITS and Role.NURSE in actor.roles
    return f"/visits/{item_id}" if nurse else f"/work-items/{item_id}"


def owner_of(assignee: str | None, role: Role) -> str:
    return assignee or f"nobody yet ({words(role).lower()})"


def _action(case: OpenCase, item: WorkItemView) -> Action:
    return Action(
        item=item,
        asked=asked(item.asks, case.zone, case.now) if case.may_see_facts else (),
        owner=owner_of(item.assignee, item.role),
        leads_to=item_address(item.id, item.kind, case.actor),
        mine=may_do(case.actor, item),
    )
