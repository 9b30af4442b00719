"""What every track of a referral works with, and the verbs they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from activities.outreach import OutreachActivities
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.resolutions import Reconcile
from firstdose.domain.work.stage import Stage
from firstdose.ports import EffectRequest, Notice, Recipient, Topic
from workflows import options
from workflows.authorization.state import AuthorizationState
from workflows.mechanism.case import Case, Part
from workflows.mechanism.control import Control
from workflows.mechanism.effects import Effects
from workflows.mechanism.journal import Journal
from workflows.mechanism.worklist import Worklist


@dataclass
class Track:
    """One part of the process. Its methods are idempotent: called again, they skip what is done already."""

    case: Case
    authorization: AuthorizationState
    control: Control
    journal: Journal
    worklist: Worklist
    effects: Effects

    @property
    def tools(self) -> tuple[Case, AuthorizationState, Control, Journal, Worklist, Effects]:
        """For making the parts of a track."""
        return self.case, self.authorization, self.control, self.journal, self.worklist, self.effects

    def move(self, stage: Stage) -> None:
        if self.case.stage is not stage:
            self.case.stage = stage
            self.journal.note("stage", stage=stage)

    def send_back(self, *parts: Part) -> None:
        """Mark these parts as stale: every track starts again from its beginning."""
        self.case.stale |= set(parts)
        self.control.request_start_again()

    async def need(self, blocks: BlockedStep, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until every fact that this step needs is there, or the step is not wanted any more.

        The intake coordinator is asked for what is missing from the first day on (workflows/completeness.py).
        """

        def is_ready() -> bool:
            return not self.case.outline.missing.get(blocks) or unless()

        if not is_ready():
            await self.control.until(is_ready)

    async def ask_supervisor(
        self, reason: str, *, about: str = "", unless: Callable[[], bool] = lambda: False, **asks: Any
    ) -> None:
        """No way on is known here: a supervisor has it tried again, or says how the referral ends."""
        answer = await self.worklist.ask_unless(unless, Reconcile, about=about or reason, reason=reason, **asks)
        if answer is not None and answer.outcome == "close" and answer.closing:
            self.control.close(answer.closing)

    def request(self, key: str) -> EffectRequest:
        """A request of a port about this referral, for the effect that the key names."""
        return EffectRequest(referral_id=self.case.referral_id, key=key)

    async def notify(self, recipient: Recipient, topic: Topic, summary: str, *, about: str = "") -> None:
        """Send somebody a notice that something waits for them: once for each `about`."""
        key = ":".join(filter(None, (self.case.referral_id, topic, about)))
        notice = Notice(referral_id=self.case.referral_id, key=key, recipient=recipient, topic=topic)
        await self.effects.tell(OutreachActivities.tell, notice, options.OUTREACH, summary)
