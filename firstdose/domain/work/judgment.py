"""The one check that an answer to a work item must pass."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from firstdose.domain.work.judging.context import Judged, ResolutionContext
from firstdose.domain.work.judging.provenance import refuse_provenance
from firstdose.domain.work.judging.rules import RULES
from firstdose.domain.work.permissions import permit_answer
from firstdose.domain.work.resolution import Resolution
from firstdose.domain.work.resolutions import ABOUT_DUPLICATES, Reconcile, Refused, check
from firstdose.domain.work.role import Actor
from firstdose.domain.work.settle_order import SettleOrder
from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE, WorkItem

NOT_OPEN: Final = "the work item is not open: it was resolved or withdrawn"


def judge(
    item: WorkItem | None, actor: Actor, answer: Mapping[str, Any], state: ResolutionContext, now: datetime
) -> Resolution:
    """The resolution that this actor gives to this item now, if it is open, theirs, well-formed and possible.

    Raises:
        Refused: it is not, and what would be possible.
    """
    resolution = judge_shape(item, actor, answer)
    if item is not None:
        judge_content(item, answer, resolution, state, now)
    return resolution


def judge_content(
    item: WorkItem, answer: Mapping[str, Any], resolution: Resolution, state: ResolutionContext, now: datetime
) -> None:
    """Whether what the answer says is possible. Raises Refused."""
    refuse_provenance(answer)
    if rule := RULES.get(item.kind):
        rule(resolution, Judged(item, state, now))


def judge_shape(item: WorkItem | None, actor: Actor, answer: Mapping[str, Any]) -> Resolution:
    """As `judge`, by the item alone: neither what the process knows nor the time changes this verdict."""
    if item is None:
        raise Refused(NOT_OPEN)
    permit_answer(actor, item, answer)
    resolution = check(item.kind, answer)
    allowed = item.asks.get("options")
    if allowed is not None and getattr(resolution, "outcome", None) not in allowed:
        raise Refused(f"outcome: open here are {', '.join(allowed)}")
    _judge_lines(item, resolution)
    if isinstance(resolution, SettleOrder):
        _judge_lots(item, resolution)
    if isinstance(resolution, Reconcile):
        _judge_reconciliation(item, resolution)
    return resolution


def _judge_reconciliation(item: WorkItem, resolution: Reconcile) -> None:
    if resolution.outcome in ABOUT_DUPLICATES and item.asks.get("reason") != POSSIBLE_DUPLICATE:
        raise Refused("outcome: the work item does not ask about a duplicate")
    if resolution.outcome == "done" and not item.asks.get("by_hand"):
        raise Refused("outcome: this step has a result and cannot be done by hand; retry it or close the referral")


def _judge_lots(item: WorkItem, resolution: SettleOrder) -> None:
    medications = item.asks.get("medications", 1)
    if resolution.lots and len(resolution.lots) != medications:
        raise Refused(f"lots: the order has {medications} medications, and each has its lot")


def _judge_lines(item: WorkItem, resolution: Resolution) -> None:
    """Only lines that the item shows are spoken of."""
    shown = [line["sequence"] for line in item.asks.get("lines", ())]
    spoken = [*(word.sequence for word in getattr(resolution, "lines", ())), *getattr(resolution, "sequences", ())]
    if shown and not set(spoken) <= set(shown):
        raise Refused(f"lines: the work item shows the lines {', '.join(map(str, shown))}")
