"""Running clocks: by when somebody must have answered, and by which rule. state.py says how one stands.

Start clocks in activities and keep what they gave: a holiday table that changed must not change a replay.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from firstdose.domain.clock.business_calendar import Calendar, Instant, Unit
from firstdose.domain.clock.default_rules import RULES
from firstdose.domain.clock.rules import ClockPurpose, ClockRule, Regime, Terms, find_rule

__all__ = ["RULES", "Clock", "ClockPurpose", "ClockRule", "Regime", "decision_clock", "start_clock"]

USUAL_CALENDAR: Final = Calendar()
"""Of a payer that has told us nothing else."""

Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A short code, never about the patient."""


class Pause(BaseModel):
    """The clock stood still `since` then; with `until` None it still does."""

    model_config = ConfigDict(frozen=True)

    since: Instant
    until: Instant | None = None
    reason: Reason = "information_requested"


class Extension(BaseModel):
    """The payer took more time, in the unit of the clock."""

    model_config = ConfigDict(frozen=True)

    at: Instant
    by: timedelta = Field(gt=timedelta())
    reason: Reason


class Clock(BaseModel):
    """One running clock. What it records of its rule is enough to judge it later, whatever became of the rule.

    `due_at` is what the rule alone gives: `state` says what pauses and extensions make of it.
    """

    model_config = ConfigDict(frozen=True)

    rule: str
    version: str
    citation: str
    started_at: Instant
    due_at: Instant
    purpose: ClockPurpose = ClockPurpose.DECISION
    terms: Terms = Terms()
    tolls: bool = False
    calendar: Calendar | None = None
    """None where only hours count."""
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    answered_at: Instant | None = None

    @property
    def paused_since(self) -> Instant | None:
        """None if it runs."""
        return next((pause.since for pause in self.pauses if pause.until is None), None)


def decision_clock(
    rules: Iterable[ClockRule],
    regime: Regime,
    received_at: datetime,
    *,
    drug: bool,
    expedited: bool,
    calendar: Calendar = USUAL_CALENDAR,
) -> Clock:
    """Start the clock of a request that the payer received complete at `received_at`.

    Raises:
        LookupError: no rule covers this regime and kind of line.
    """
    return start_clock(
        rules, regime, ClockPurpose.DECISION, received_at, drug=drug, expedited=expedited, calendar=calendar
    )


def start_clock(
    rules: Iterable[ClockRule],
    regime: Regime,
    purpose: ClockPurpose,
    at: datetime,
    *,
    drug: bool,
    expedited: bool,
    calendar: Calendar = USUAL_CALENDAR,
) -> Clock:
    """Start a clock by the rule that was in force on the payer's day of `at`; see `ClockPurpose` for what starts it.

    Raises:
        LookupError: no rule covers it, so there is no such step.
    """
    rule = find_rule(rules, regime, purpose, calendar.day_of(at), drug=drug)
    allowed, terms = (rule.expedited, rule.expedited_terms) if expedited else (rule.standard, rule.standard_terms)
    return Clock(
        rule=rule.name,
        version=rule.version,
        citation=rule.citation,
        started_at=at,
        due_at=calendar.later(at, allowed, terms.unit),
        purpose=purpose,
        terms=terms,
        tolls=rule.tolls,
        calendar=None if terms.unit is Unit.ELAPSED else calendar,
    )
