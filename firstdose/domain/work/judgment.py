"""The one check that an answer to a work item must pass."""

from collections.abc import Mapping
from typing import Any, Final

from firstdose.domain.work.resolution import Resolution
from firstdose.domain.work.resolutions import ABOUT_DUPLICATES, Reconcile, Refused, check
from firstdose.domain.work.role import Actor
from firstdose.domain.work.settle_order import SettleOrder
from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE, WorkItem

NOT_OPEN: Final = "the work item is not open: it was resolved or withdrawn"


def judge(item: WorkItem | None, actor: Actor, answer: Mapping[str, Any]) -> Resolution:
    """The resolution that this actor gives to this item, if it is open, theirs, well-formed and possible.

    Raises:
        Refused: it is not, and why.
    """
    if item is None:
        raise Refused(NOT_OPEN)
    if not actor.may_act_as(item.role):
        raise Refused(f"the work item is for the role {item.role}")
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
