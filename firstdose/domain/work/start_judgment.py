"""Whether what is said of a start without a nurse is possible: by the times, and by who brings the therapy."""

from datetime import datetime

from firstdose.domain.care.therapy import Delivery
from firstdose.domain.work.confirm_start import ConfirmStart
from firstdose.domain.work.resolution import Resolution
from firstdose.domain.work.resolutions import PrepareTherapy, Refused
from firstdose.domain.work.work_item import WorkItem


def judge_start(item: WorkItem, resolution: Resolution, now: datetime) -> None:
    """Raises Refused, with what would be possible."""
    if isinstance(resolution, ConfirmStart) and resolution.started_at is not None:
        _judge_time(resolution.started_at, item.asks.get("delivered_at"), now)
    if item.asks.get("nurse") is False and isinstance(resolution, PrepareTherapy) and _with_nurse(resolution):
        raise Refused("delivery: no nurse comes, so the therapy is delivered to the patient")


def _with_nurse(resolution: PrepareTherapy) -> bool:
    return resolution.outcome == "ready" and resolution.delivery is Delivery.WITH_NURSE


def _judge_time(started_at: datetime, delivered_at: object, now: datetime) -> None:
    if started_at > now:
        raise Refused("started_at: a start that is confirmed lies in the past")
    if isinstance(delivered_at, str) and started_at < datetime.fromisoformat(delivered_at):
        raise Refused("started_at: the therapy starts after it was delivered; the work item says when that was")
