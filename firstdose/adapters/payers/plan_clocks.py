"""Which clock judges a payer, and how it stands: the plan's own rules, then the pharmacy's, then the general ones."""

from collections.abc import Iterator
from datetime import datetime

from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.clock.clocks import Clock, start_clock
from firstdose.domain.clock.default_rules import ALL_RULES
from firstdose.domain.clock.rules import ClockPurpose, ClockRule, at_a_plan_with
from firstdose.domain.clock.state import extended, state
from firstdose.domain.payer.channel import Plan
from firstdose.ports import ClockJudgment, ClockRequest, JudgedClock


class PlanClocks:
    """`own` are the rules of the pharmacy's policy."""

    def __init__(self, own: tuple[ClockRule, ...] = ()) -> None:
        self._rules = (*own, *ALL_RULES)

    def start(self, plan: Plan, request: ClockRequest, *, discharged_at: datetime | None = None) -> Clock | None:
        """The clock of the line that is due first, by the first of the purposes that a rule knows; None if none does.

        For a patient who goes home the payer may have less time to decide, counted from the discharge.
        """
        for purpose in at_a_plan_with(plan.hears_appeals, request.purposes):
            if running := list(self._running(plan, request, purpose, discharged_at)):
                return min(running, key=lambda clock: clock.due_at)
        return None

    def _running(
        self, plan: Plan, request: ClockRequest, purpose: ClockPurpose, discharged_at: datetime | None
    ) -> Iterator[Clock]:
        for drug in sorted({kind is LineKind.DRUG for kind in request.kinds}):
            if clock := self._start(plan, purpose, request, request.at, drug=drug):
                yield clock
            if purpose is ClockPurpose.DECISION and discharged_at is not None:
                home = max(request.at, discharged_at)
                if clock := self._start(plan, ClockPurpose.AFTER_DISCHARGE, request, home, drug=drug):
                    yield clock

    def _start(
        self, plan: Plan, purpose: ClockPurpose, request: ClockRequest, at: datetime, *, drug: bool
    ) -> Clock | None:
        rules, expedited = (*plan.clocks, *self._rules), request.expedited
        try:
            return start_clock(rules, plan.regime, purpose, at, drug=drug, expedited=expedited, calendar=plan.calendar)
        except LookupError:
            return None


def judge_clock(judgment: ClockJudgment) -> JudgedClock:
    """The clock after the payer's extension, if its rule allows one."""
    clock = judgment.clock
    if extension := judgment.extension:
        clock = extended(clock, extension.at, extension.by, extension.reason)
    return JudgedClock(clock=clock, state=state(clock, judgment.at))
