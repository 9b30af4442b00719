"""The payer's clocks: started by its rules, still while it waits for us, longer when it says so.

Calendars and time zones change, so clocks are started and judged in activities, and what these gave is kept.
"""

from collections.abc import Iterable
from datetime import datetime

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import Line
from firstdose.domain.clock.clocks import Clock, Extension
from firstdose.domain.clock.rules import ClockPurpose
from firstdose.domain.clock.state import paused, resumed
from firstdose.ports import ClockJudgment, ClockRequest
from workflows import options
from workflows.authorization.state import PayerRequest
from workflows.mechanism.track import Track


class PayerClock(Track):
    async def start(self, *purposes: ClockPurpose, at: datetime, lines: Iterable[Line]) -> Clock | None:
        """By the first purpose that a rule knows; None if there is no such step."""
        wanted = ClockRequest(
            referral_id=self.case.referral_id,
            key=self.case.new_key("clock"),
            purposes=purposes,
            at=at,
            kinds=frozenset(line.kind for line in lines),
            expedited=self.case.urgent,
        )
        summary = f"start the clock: {purposes[0]}"
        return await self.effects.do(PayerActivities.start_clock, wanted, options.STORED, summary)

    def pause(self, request: PayerRequest) -> None:
        """The payer waits for us, and nobody needs to ask it. Where its rule lets the clock run on, it does."""
        if request.clock and request.clock.paused_since is None:
            self._changed(request, paused(request.clock, workflow.now()))
        still = request.clock is not None and request.clock.paused_since is not None
        if still:
            request.due_at = None
        if still or not request.channel.electronic:
            request.ask_people_at = None

    async def resume(self, request: PayerRequest) -> None:
        """It is the payer's turn again."""
        if request.clock and request.clock.paused_since:
            await self._judge(request, resumed(request.clock, workflow.now()))

    async def extend(self, request: PayerRequest, extension: Extension) -> None:
        """The payer takes more time: as much as its rule gives, and only if it told us before it was due."""
        if request.clock:
            await self._judge(request, request.clock, extension)

    async def _judge(self, request: PayerRequest, clock: Clock, extension: Extension | None = None) -> None:
        self._changed(request, clock)
        judgment = ClockJudgment(
            referral_id=self.case.referral_id,
            key=request.contact_id,
            clock=clock,
            at=workflow.now(),
            extension=extension,
        )
        judged = await self.effects.do(PayerActivities.judge_clock, judgment, options.STORED, "judge the payer's clock")
        self._changed(request, judged.clock)
        request.due(judged.state.due_at)

    def _changed(self, request: PayerRequest, clock: Clock) -> None:
        if clock != request.clock:
            request.clock = clock
            self.journal.note("authorization.clock", contact=request.contact_id, clock=noted(clock))


def noted(clock: Clock | None) -> dict[str, object] | None:
    """As the audit keeps it, and the report of payers' turnaround reads it."""
    return clock.model_dump(mode="json", exclude={"answered_at"}) if clock else None
