"""The lines of a referral as the process works on them: their groups, their short form, and how a change is noted."""

from collections.abc import Iterable
from typing import Final

from firstdose.domain.authorization import Line, LineState
from workflows.track import Track

TO_SUBMIT: Final = (LineState.DRAFT, LineState.EXPIRED)
TO_REVIEW: Final = (LineState.DENIED, LineState.PARTIAL, LineState.MODIFIED, LineState.NEEDS_REVIEW)


def set_lines(track: Track, lines: tuple[Line, ...], by: str) -> None:
    """The lines are these now; what changed is noted with who brought it about."""
    before = track.case.lines
    changed = {str(new.sequence): new.state for old, new in zip(before, lines, strict=True) if new != old}
    track.case.lines = lines
    track.journal.note("authorization.lines", by=by, lines=changed)


def briefly(lines: Iterable[Line]) -> list[dict[str, object]]:
    """Lines as a work item shows them: requested against authorized."""
    shown = {"sequence", "kind", "code", "units", "state", "authorized_units", "reason_code", "valid_to"}
    return [line.model_dump(mode="json", include=shown, exclude_none=True) for line in lines]
