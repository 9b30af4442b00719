"""What is missing is asked for on day one: a single item for all steps, changed as facts come.

Each track waits for its own facts alone (`Track.need`).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from temporalio import workflow

from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.resolutions import CompleteReferral, Reconcile
from workflows.mechanism.track import Track

FACTS_UNOBTAINABLE: Final = "facts_unobtainable"


class Completeness(Track):
    async def watch(self) -> None:
        """Run as long as the workflow."""
        while True:
            await workflow.wait_condition(lambda: self._next() is not None)
            if step := self._next():
                await step()

    def drop(self, why: str) -> None:
        """The process has come so far that nothing waits for these facts any more."""
        self.worklist.drop(CompleteReferral, why=why)
        self.worklist.drop(Reconcile, why=why, about=FACTS_UNOBTAINABLE)

    def _next(self) -> Callable[[], Awaitable[None]] | None:
        if self.control.closing is not None or self.case.visit_done:
            return None
        if self.worklist.answered(CompleteReferral):
            return self._take_answer
        if self.worklist.answered(Reconcile, about=FACTS_UNOBTAINABLE):
            return self._take_decision
        wanted, shown = self._asks(), self.worklist.item(CompleteReferral)
        if self.worklist.asked(Reconcile, about=FACTS_UNOBTAINABLE):
            return None if wanted else self._settle
        if shown is not None:
            return None if shown.asks == wanted else self._change
        return self._open if wanted and self._may_open() else None

    def _may_open(self) -> bool:
        """A possible duplicate is looked at first."""
        return self.case.opened and self.control.hold is None and not self.case.possible_duplicates

    def _asks(self) -> dict[str, Any]:
        """What is missing, and the steps that wait for it; empty if nothing is. A benefits check needs no more."""
        outline = self.case.outline
        steps = (BlockedStep.ELIGIBILITY,) if outline.benefits_check_only else tuple(BlockedStep)
        lacking = {step: outline.missing[step] for step in steps if outline.missing.get(step)}
        paths = list(dict.fromkeys(path for paths in lacking.values() for path in paths))
        return {"missing": paths, "blocks": [str(step) for step in lacking]} if lacking else {}

    async def _open(self) -> None:
        self.worklist.open(CompleteReferral, **self._asks())

    async def _change(self) -> None:
        if asks := self._asks():
            self.worklist.change(CompleteReferral, **asks)
        else:
            await self._settle()

    async def _settle(self) -> None:
        self.drop("nothing is missing any more")

    async def _take_answer(self) -> None:
        """What cannot be had, or is not had after the policy's rounds, goes to a supervisor: nothing closes at once."""
        answer, before = self.worklist.take(CompleteReferral), self._asks()
        await self.journal.flushed()
        now = self._asks()
        self.case.supplied_in_vain = self.case.supplied_in_vain + 1 if now == before else 0
        if now and (answer.outcome == "unobtainable" or self.case.supplied_in_vain >= self.case.policy.rounds):
            self.worklist.open(
                Reconcile,
                about=FACTS_UNOBTAINABLE,
                step="complete the referral",
                reason=FACTS_UNOBTAINABLE,
                options=("retry", "close"),
                **now,
            )

    async def _take_decision(self) -> None:
        answer = self.worklist.take(Reconcile, about=FACTS_UNOBTAINABLE)
        self.case.supplied_in_vain = 0
        if answer.outcome == "close" and answer.closing:
            self.control.request_closing(answer.closing)
