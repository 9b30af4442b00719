"""Decision clocks: by when the payer must have answered, and by which rule.

Rules are data with a name, a version and a citation; standards.md section 1.4 is where they come from.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Regime(StrEnum):
    """Whose rule governs the payer's time to decide."""

    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICAID = "medicaid"
    EMPLOYER = "employer"
    PLAN = "plan"


class ClockRule(BaseModel):
    """How long a payer may take, counted from its receipt of a complete request."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    citation: str
    regime: Regime
    drug: bool
    """Whether the rule is for a drug line; otherwise it is for items and services."""
    standard: timedelta
    expedited: timedelta


class Clock(BaseModel):
    """One running clock: due when, by which rule in which version."""

    model_config = ConfigDict(frozen=True)

    rule: str
    version: str
    citation: str
    started_at: datetime
    due_at: datetime


def _rule(
    name: str, citation: str, regime: Regime, standard: timedelta, expedited: timedelta, *, drug: bool
) -> ClockRule:
    return ClockRule(
        name=name,
        version="2026-01-01",
        citation=citation,
        regime=regime,
        drug=drug,
        standard=standard,
        expedited=expedited,
    )


_HOURS = timedelta(hours=1)
_DAYS = timedelta(days=1)

RULES: tuple[ClockRule, ...] = (
    _rule(
        "Part B drug", "42 CFR 422.568(b)(3), 422.572", Regime.MEDICARE_ADVANTAGE, 72 * _HOURS, 24 * _HOURS, drug=True
    ),
    _rule("CMS-0057-F", "89 FR 8758", Regime.MEDICARE_ADVANTAGE, 7 * _DAYS, 72 * _HOURS, drug=False),
    _rule("Medicaid outpatient drug", "SSA 1927(d)(5)(A)", Regime.MEDICAID, 24 * _HOURS, 24 * _HOURS, drug=True),
    _rule("CMS-0057-F", "89 FR 8758", Regime.MEDICAID, 7 * _DAYS, 72 * _HOURS, drug=False),
    _rule("Employer plan", "29 CFR 2560.503-1", Regime.EMPLOYER, 15 * _DAYS, 72 * _HOURS, drug=True),
    _rule("Employer plan", "29 CFR 2560.503-1", Regime.EMPLOYER, 15 * _DAYS, 72 * _HOURS, drug=False),
    _rule("Plan's own", "policy", Regime.PLAN, 3 * _DAYS, 1 * _DAYS, drug=True),
    _rule("Plan's own", "policy", Regime.PLAN, 3 * _DAYS, 1 * _DAYS, drug=False),
)


def decision_clock(
    rules: tuple[ClockRule, ...], regime: Regime, received_at: datetime, *, drug: bool, expedited: bool
) -> Clock:
    """Start the clock of a request that the payer received complete at `received_at`.

    Raises:
        LookupError: no rule covers this regime and kind of line.
    """
    for rule in rules:
        if rule.regime is regime and rule.drug is drug:
            allowed = rule.expedited if expedited else rule.standard
            return Clock(
                rule=rule.name,
                version=rule.version,
                citation=rule.citation,
                started_at=received_at,
                due_at=received_at + allowed,
            )
    raise LookupError(f"no clock rule for {regime} ({'drug' if drug else 'service'})")
