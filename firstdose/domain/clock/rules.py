"""What a clock rule is, and which one judges a request: rules are data with a name, a version and a citation."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from firstdose.domain.clock.business_calendar import Unit


class Regime(StrEnum):
    """Whose rule governs the payer's time to decide: the line of business, as clocks see it."""

    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICAID = "medicaid"
    """With CHIP."""
    EMPLOYER = "employer"
    PLAN = "plan"
    """The plan's own rules, as the pharmacy's policy or the plan's row has them."""


class ClockPurpose(StrEnum):
    """What a clock measures, and what starts it."""

    DECISION = "decision"
    """The payer decides; from its receipt of a complete request."""
    AFTER_DISCHARGE = "after_discharge"
    """The payer decides on services for a patient who goes home; from the discharge."""
    APPEAL = "appeal"
    """The payer answers an appeal; from its receipt."""
    FIRST_OF_TWO_APPEALS = "first_of_two_appeals"
    """Likewise, at a plan that hears a second one."""
    SECOND_APPEAL = "second_appeal"
    """The plan answers at its second level of its own, where it has one."""
    EXTERNAL_REVIEW = "external_review"
    """Somebody other than the plan decides: a review organization, or the state's fair hearing."""
    INFORMATION = "information"
    """We send what the payer asked for; from its request."""
    APPEAL_FILING = "appeal_filing"
    """We file the appeal; from the notice of denial. The other windows for filing likewise."""
    SECOND_APPEAL_FILING = "second_appeal_filing"
    EXTERNAL_REVIEW_FILING = "external_review_filing"


def answering(appeal_level: int) -> tuple[ClockPurpose, ...]:
    """What measures the payer's answer to a request at this level of appeal, 0 for none.

    Where no rule knows of such an appeal it runs on the clock of the level below.
    """
    return (ClockPurpose.SECOND_APPEAL, ClockPurpose.APPEAL, ClockPurpose.DECISION)[2 - min(appeal_level, 2) :]


def at_a_plan_with(appeals: int, purposes: tuple[ClockPurpose, ...]) -> tuple[ClockPurpose, ...]:
    """The purposes as they are at a plan that hears so many appeals."""
    if appeals > 1 and purposes[0] is ClockPurpose.APPEAL:
        return (ClockPurpose.FIRST_OF_TWO_APPEALS, *purposes)
    return purposes


class Terms(BaseModel):
    """How an allowance is counted. `extension` is what it may be extended by, once, in the same unit."""

    model_config = ConfigDict(frozen=True)

    unit: Unit = Unit.ELAPSED
    extension: timedelta = timedelta()


class ClockRule(BaseModel):
    """How long one may take. Of an allowance in days a begun day counts as a whole one."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    citation: str
    regime: Regime
    drug: bool | None
    """Whether the rule is for a drug line, or for items and services; None if it is for both."""
    standard: timedelta
    expedited: timedelta
    standard_terms: Terms = Terms()
    expedited_terms: Terms = Terms()
    tolls: bool = False
    """Whether the clock stands still while the payer waits for information from us."""
    purpose: ClockPurpose = ClockPurpose.DECISION
    effective_from: date | None = None
    """The first day of receipt that it judges; None where it is older than anything we could be asked about."""
    superseded_on: date | None = None
    """The first day of receipt that it no longer judges."""

    def in_force_on(self, day: date) -> bool:
        begun = self.effective_from is None or self.effective_from <= day
        return begun and (self.superseded_on is None or day < self.superseded_on)

    def covers(self, regime: Regime, purpose: ClockPurpose, *, drug: bool) -> bool:
        return self.regime is regime and self.purpose is purpose and self.drug in (None, drug)


def find_rule(
    rules: Iterable[ClockRule], regime: Regime, purpose: ClockPurpose, received_on: date, *, drug: bool
) -> ClockRule:
    """The first rule of the table that covers the matter and was in force when the request was received.

    So a plan's own rules are put before the general ones. A missing rule says that there is no such step: Medicare
    Advantage, for one, has no second appeal to the plan and no filing for its external review.

    Raises:
        LookupError: no rule covers it.
    """
    for rule in rules:
        if rule.covers(regime, purpose, drug=drug) and rule.in_force_on(received_on):
            return rule
    raise LookupError(f"no clock rule for {purpose} of {regime} ({'drug' if drug else 'service'})")
