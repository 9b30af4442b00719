"""Has a stale result looked at again by its owner, before anything else rests on it."""

from temporalio import workflow

from firstdose.domain.referral.rests_on import SettledResult, why_again
from firstdose.domain.work.change_review import ReviewChange
from workflows.mechanism.track import Track
from workflows.staleness import Staleness


class ChangeReview(Track):
    async def settle(self, result: SettledResult) -> None:
        """Until nothing is open about the result. It holds, or it is made anew: then every track starts again."""
        under_review, staleness = self.case.under_review, Staleness(*self.tools)
        while changed := under_review.get(result):
            if not staleness.is_settled(result):
                self._forget(result)
                return
            self._ask_about_all(result)
            answer = await self.worklist.ask(
                ReviewChange,
                about=result,
                result=result,
                changed=changed,
                why=why_again(result, changed),
                time=self.case.times_stale.get(result, 1),
            )
            if under_review.get(result) != changed:
                continue
            del under_review[result]
            self.journal.note("result.reviewed", result=result, changed=changed, outcome=answer.outcome)
            if answer.outcome == "redo":
                staleness.make_anew(result, frozenset(changed))
                self.control.check()
            elif result is SettledResult.ASSESSMENT:
                self.case.assessed_at = workflow.now()

    def _forget(self, result: SettledResult) -> None:
        """It was undone meanwhile, and is made anew anyway."""
        del self.case.under_review[result]
        self.worklist.drop(ReviewChange, why="made anew", about=result)

    def _ask_about_all(self, result: SettledResult) -> None:
        """An item that does not name all that has changed is opened again."""
        item = self.worklist.item(ReviewChange, about=result)
        if item and tuple(item.asks["changed"]) != self.case.under_review[result]:
            self.worklist.drop(ReviewChange, why="more has changed", about=result)
