"""The acts on a referral that a person may do now, by the table that the API judges by."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from desk.web.page import DeskPage
from firstdose.adapters.postgres.referrals.views import ReferralView
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.work.permissions import Act, may, may_cancel, may_change
from firstdose.domain.work.role import Actor
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind

_SETTLED: Final = (LineState.NOT_REQUIRED, LineState.APPROVED)


class ActName(StrEnum):
    """As the last part of the act's address."""

    HOLD = "hold"
    RESUME = "resume"
    FACTS = "facts"
    OVERRIDE = "override"
    CANCEL = "cancel"
    BREAK_GLASS = "break-glass"


_TITLES: Final = {
    ActName.HOLD: "Put on hold",
    ActName.RESUME: "Resume",
    ActName.FACTS: "Change facts",
    ActName.OVERRIDE: "Start without the authorization",
    ActName.CANCEL: "Cancel the referral",
    ActName.BREAK_GLASS: "Read it for an hour",
}


class CaseAct(NamedTuple):
    """Something that this person may do, and where."""

    name: ActName
    title: str
    address: str


async def legal_acts(page: DeskPage, case: ReferralView) -> tuple[CaseAct, ...]:
    """In the order in which a page offers them. Raises Unavailable."""
    names = [*_steering(page.actor, case)]
    reads = await page.desk.access.may_read(page.actor, case.standing.id)
    if reads and case.facts is not None and await groups_to_change(page, case):
        names.append(ActName.FACTS)
    if not reads and may(page.actor, Act.BREAK_GLASS):
        names.append(ActName.BREAK_GLASS)
    return tuple(_act(name, case.standing.id) for name in ActName if name in names)


async def groups_to_change(page: DeskPage, case: ReferralView) -> tuple[FactGroup, ...]:
    """The groups of facts that this person may change now. Raises Unavailable."""
    if case.standing.stage.is_end:
        return ()
    completing = await _is_being_completed(page, case)
    return tuple(group for group in FactGroup if may_change(page.actor, group, completing=completing))


def cancel_reasons(actor: Actor) -> tuple[Closing, ...]:
    if not may(actor, Act.CANCEL):
        return ()
    return tuple(reason for reason in Closing if may_cancel(actor, reason))


def _steering(actor: Actor, case: ReferralView) -> Iterator[ActName]:
    standing = case.standing
    if standing.stage.is_end:
        return
    if may(actor, Act.RESUME if standing.on_hold else Act.HOLD):
        yield ActName.RESUME if standing.on_hold else ActName.HOLD
    if may(actor, Act.OVERRIDE) and standing.authorization not in _SETTLED:
        yield ActName.OVERRIDE
    if cancel_reasons(actor):
        yield ActName.CANCEL


async def _is_being_completed(page: DeskPage, case: ReferralView) -> bool:
    """As the process has it: until the assessment, and while intake is asked for facts."""
    asked = any(item.kind is WorkItemKind.COMPLETE_REFERRAL for item in case.work_items)
    return asked or not await page.desk.steering.is_assessed(case.standing.id)


def _act(name: ActName, referral_id: str) -> CaseAct:
    return CaseAct(name, _TITLES[name], f"/referrals/{referral_id}/{name}")
