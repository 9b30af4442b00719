"""The lines of a referral as the process works on them: their short form, and how a change is noted."""

from collections.abc import Iterable
from datetime import datetime

from temporalio import workflow

from firstdose.domain.authorization.lines import Line
from firstdose.domain.authorization.steps import REFUSED
from workflows.mechanism.track import Track


def set_lines(track: Track, lines: tuple[Line, ...], by: str, *, at: datetime | None = None) -> None:
    """The lines are these now; what changed is noted with who brought it about. The payer's word came `at`."""
    case = track.case
    changed = [new for old, new in zip(case.lines, lines, strict=True) if new != old]
    if by == "payer":
        refused = (line.sequence for line in changed if line.state in REFUSED)
        case.refused_at |= dict.fromkeys(refused, at or workflow.now())
    case.lines = lines
    track.journal.note("authorization.lines", by=by, lines={str(line.sequence): line.state for line in changed})


def briefly(lines: Iterable[Line]) -> list[dict[str, object]]:
    """Lines as a work item shows them: requested against authorized."""
    shown = {
        "sequence",
        "kind",
        "code",
        "units",
        "state",
        "authorized_units",
        "reason_code",
        "number",
        "valid_from",
        "valid_to",
    }
    return [line.model_dump(mode="json", include=shown, exclude_none=True) for line in lines]
