"""Whether what is said of a start without a nurse is possible."""

from datetime import datetime

from firstdose.domain.work.confirm_start import ConfirmStart
from firstdose.domain.work.judging.context import CLOCKS_APART, Judged, moment_text, refuse, shown_moment


def judge_start(answer: ConfirmStart, judged: Judged) -> None:
    if answer.started_at is not None:
        _judge_time(answer.started_at, shown_moment(judged.item.asks.get("delivered_at")), judged.now)


def _judge_time(started_at: datetime, delivered_at: datetime | None, now: datetime) -> None:
    if started_at > now + CLOCKS_APART:
        refuse("started_at", "a start that is confirmed lies in the past")
    if delivered_at is not None and started_at < delivered_at:
        refuse("started_at", f"the therapy was delivered first; possible from {moment_text(delivered_at)} to now")
