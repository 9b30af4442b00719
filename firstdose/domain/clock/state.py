"""How a clock stands: due when, by which rule, paused how long, breached by how much; and what can happen to it.

Pure, and `now` is always an argument. A clock in days looks at its own calendar: ask about it in activities.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from firstdose.domain.clock.business_calendar import Instant, instant
from firstdose.domain.clock.clocks import USUAL_CALENDAR, Clock, Extension, Pause, Reason

_NONE: Final = timedelta()


class Phase(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    BREACHED = "breached"
    """Overdue, and still no answer."""
    MET = "met"
    MISSED = "missed"
    """Answered, too late."""


class ClockState(BaseModel):
    """How a clock stands. Of a paused one `due_at` is what it would be if it ran on now."""

    model_config = ConfigDict(frozen=True)

    rule: str
    version: str
    citation: str
    phase: Phase
    due_at: Instant
    paused_for: timedelta
    breached_by: timedelta
    """Zero unless breached or missed."""


def paused(clock: Clock, at: datetime, reason: Reason = "information_requested") -> Clock:
    """The payer waits for us from `at` on. The same clock if its rule lets it run on, or it stands still already."""
    open_ended = any(pause.until is None for pause in clock.pauses)
    if not clock.tolls or open_ended or clock.answered_at is not None:
        return clock
    return clock.model_copy(update={"pauses": (*clock.pauses, Pause(since=at, reason=reason))})


def resumed(clock: Clock, at: datetime) -> Clock:
    """The clock runs on from `at`; the same one if it was not paused."""

    def ended(pause: Pause) -> Pause:
        return pause if pause.until else pause.model_copy(update={"until": max(instant(at), pause.since)})

    return clock.model_copy(update={"pauses": tuple(map(ended, clock.pauses))})


def extended(clock: Clock, at: datetime, by: timedelta, reason: Reason) -> Clock:
    """The payer told us at `at` that it takes longer: once, before it is due, and by no more than its rule gives.

    The same clock where the rule gives nothing.
    """
    granted = min(by, clock.terms.extension)
    if granted <= _NONE or clock.extensions or state(clock, at).phase not in (Phase.RUNNING, Phase.PAUSED):
        return clock
    return clock.model_copy(update={"extensions": (Extension(at=at, by=granted, reason=reason),)})


def answered(clock: Clock, at: datetime) -> Clock:
    """What the clock measured is done; a later word changes nothing."""
    return clock if clock.answered_at else clock.model_copy(update={"answered_at": instant(at)})


def state(clock: Clock, now: datetime) -> ClockState:
    """How the clock stands at `now`. What is noted of a later time does not count yet."""
    now = instant(now)
    done = clock.answered_at is not None and clock.answered_at <= now
    until = clock.answered_at if clock.answered_at and done else now
    due_at, paused_for = _judged(clock, until)
    breached_by = max(until - due_at, _NONE)
    return ClockState(
        rule=clock.rule,
        version=clock.version,
        citation=clock.citation,
        phase=_phase(clock, until, breached=breached_by > _NONE, done=done),
        due_at=due_at,
        paused_for=paused_for,
        breached_by=breached_by,
    )


def _phase(clock: Clock, at: datetime, *, breached: bool, done: bool) -> Phase:
    if done:
        return Phase.MISSED if breached else Phase.MET
    if breached:
        return Phase.BREACHED
    still = any(pause.since <= at and (pause.until is None or at < pause.until) for pause in clock.pauses)
    return Phase.PAUSED if still else Phase.RUNNING


def _judged(clock: Clock, until: datetime) -> tuple[datetime, timedelta]:
    """When it is due, and how long it was paused, by what had happened until then."""
    calendar, unit = clock.calendar or USUAL_CALENDAR, clock.terms.unit
    base = clock.due_at
    for extension in clock.extensions:
        if extension.at <= until:
            base = calendar.later(base, extension.by, unit)
    due_at, paused_for = base, _NONE
    for since, ended in _stretches(clock, until):
        # A pause that begins when the clock has run out does not bring it back.
        if since <= due_at:
            paused_for += ended - since
            due_at = calendar.rounded(base + paused_for, unit)
    return due_at, paused_for


def _stretches(clock: Clock, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The pauses, one after the other, without what lies outside the clock's time or twice in them."""
    reached = clock.started_at
    for pause in sorted(clock.pauses, key=lambda pause: pause.since):
        since, ended = max(pause.since, reached), min(pause.until or until, until)
        if since < ended:
            yield since, ended
            reached = ended
