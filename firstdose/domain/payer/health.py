"""How a payer's systems are doing, as all workers know it: a circuit breaker, as pure rules.

Closed until the payer fails too often; open until one probe, which one worker alone sends, is answered.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.problem import CallOutcome, ProblemCode


class HealthRules(BaseModel):
    """When an outage begins, and when the payer is probed in it: after `first_pause`, then twice as long each time."""

    model_config = ConfigDict(frozen=True)

    failures_in_a_row: int = Field(default=5, ge=1)
    window: timedelta = timedelta(minutes=1)
    """It begins with a failure; within it `failing_share` of at least `least_calls` is an outage, too."""
    least_calls: int = Field(default=10, ge=1)
    failing_share: float = Field(default=0.5, gt=0, le=1)
    first_pause: timedelta = timedelta(seconds=10)
    longest_pause: timedelta = timedelta(minutes=5)

    def pause(self, failed_probes: int) -> timedelta:
        """Until the next probe."""
        doublings = min(failed_probes, 20)  # far beyond the longest pause, and no overflow
        return min(self.first_pause * (1 << doublings), self.longest_pause)


class PayerHealth(BaseModel):
    """What is known of one payer; as made, it is well."""

    model_config = ConfigDict(frozen=True)

    failures_in_a_row: int = 0
    window_began_at: datetime | None = None
    calls: int = 0
    failures: int = 0
    opened_at: datetime | None = None
    """When the outage began; None while there is none."""
    failed_probes: int = 0
    probe: int = 0
    """The number of the newest probe; numbers are never used again."""
    next_probe_at: datetime | None = None
    """In an outage: when the next probe may leave. While one is under way, when it will have been lost for sure."""
    not_before: datetime | None = None
    """The payer asked for no request before then (Retry-After)."""


WELL: Final = PayerHealth()


class Admission(NamedTuple):
    """Whether a request may leave: refused with a `problem` and how long to wait, or admitted, perhaps as a probe."""

    problem: ProblemCode | None = None
    wait: timedelta = timedelta()
    probe: int | None = None


def admit(health: PayerHealth, now: datetime, longest: timedelta) -> tuple[PayerHealth, Admission]:
    """Judge a request that takes at most `longest`. The health changes only when the request becomes the probe."""
    if health.not_before is not None and now < health.not_before:
        return health, Admission(ProblemCode.PAYER_BUSY, health.not_before - now)
    if health.opened_at is None:
        return health, Admission()
    if health.next_probe_at is not None and now < health.next_probe_at:
        return health, Admission(ProblemCode.PAYER_OUTAGE, health.next_probe_at - now)
    probing = health.model_copy(update={"probe": health.probe + 1, "next_probe_at": now + longest})
    return probing, Admission(probe=probing.probe)


def told_to_wait(health: PayerHealth, until: datetime) -> PayerHealth:
    """The payer asked for no request before `until`; it may have asked for longer already."""
    if health.not_before is not None and until <= health.not_before:
        return health
    return health.model_copy(update={"not_before": until})


def heard(
    health: PayerHealth, outcome: CallOutcome, now: datetime, *, probe: int | None = None, rules: HealthRules
) -> PayerHealth:
    """The health after a request that was admitted, as `probe` if it was one. In an outage only the probe counts."""
    if health.opened_at is not None:
        return _probed(health, outcome, now, rules) if probe == health.probe else health
    match outcome:
        case CallOutcome.ANSWERED:
            return _answered(health, now, rules)
        case CallOutcome.FAILED:
            return _failed(health, now, rules)
        case CallOutcome.UNTOLD:
            return health


def _probed(health: PayerHealth, outcome: CallOutcome, now: datetime, rules: HealthRules) -> PayerHealth:
    match outcome:
        case CallOutcome.ANSWERED:
            return WELL.model_copy(update={"probe": health.probe, "not_before": health.not_before})
        case CallOutcome.FAILED:
            failed = health.failed_probes + 1
            return health.model_copy(update={"failed_probes": failed, "next_probe_at": now + rules.pause(failed)})
        case CallOutcome.UNTOLD:
            return health.model_copy(update={"next_probe_at": now})


def _answered(health: PayerHealth, now: datetime, rules: HealthRules) -> PayerHealth:
    """Without a failure lately there is nothing to note: a payer that is well costs no write."""
    if health.window_began_at is None or _over(health, now, rules):
        return WELL.model_copy(update={"probe": health.probe, "not_before": health.not_before})
    return health.model_copy(update={"failures_in_a_row": 0, "calls": health.calls + 1})


def _failed(health: PayerHealth, now: datetime, rules: HealthRules) -> PayerHealth:
    if health.window_began_at is None or _over(health, now, rules):
        health = health.model_copy(update={"window_began_at": now, "calls": 0, "failures": 0})
    counted = health.model_copy(
        update={
            "failures_in_a_row": health.failures_in_a_row + 1,
            "calls": health.calls + 1,
            "failures": health.failures + 1,
        }
    )
    if not _too_often(counted, rules):
        return counted
    return counted.model_copy(update={"opened_at": now, "failed_probes": 0, "next_probe_at": now + rules.pause(0)})


def _over(health: PayerHealth, now: datetime, rules: HealthRules) -> bool:
    return health.window_began_at is not None and now >= health.window_began_at + rules.window


def _too_often(health: PayerHealth, rules: HealthRules) -> bool:
    often = health.calls >= rules.least_calls and health.failures >= rules.failing_share * health.calls
    return often or health.failures_in_a_row >= rules.failures_in_a_row
