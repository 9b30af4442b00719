"""What stands still, as `why` and `show` print it of one referral, and `doctor` of all."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from desk.cli import display


def show_stalls(stalls: Sequence[Mapping[str, Any]], now: datetime, *, temporal: str = "ok") -> None:
    """Nothing where nothing stands still."""
    if temporal != "ok":
        display.line("Temporal does not answer: whether the workflow moves is not known. Run `firstdose doctor`.")
    for stall in stalls:
        display.fields({"stands still": stall["meaning"], "found": _found(stall, now), "what to do": stall["action"]})


def _found(stall: Mapping[str, Any], now: datetime) -> str:
    """`read_answer: database_unavailable, 6 failures in a row, for 3 min, tried again in 1 min`."""
    named = ": ".join(filter(None, (stall.get("what"), stall.get("problem"))))
    return ", ".join(filter(None, (named or stall["kind"], *_counted(stall, now))))


def _counted(stall: Mapping[str, Any], now: datetime) -> Iterable[str]:
    if stall.get("attempts"):
        yield f"tried {stall['attempts']} times"
    if stall.get("since"):
        yield f"for {display.span(now - display.instant(stall['since']))}"
    next_at = display.instant(stall["next_attempt_at"]) if stall.get("next_attempt_at") else None
    if next_at and next_at > now:
        yield f"again in {display.span(next_at - now)}"
