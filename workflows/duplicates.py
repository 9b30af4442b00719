"""A referral that may have come twice is shown to intake before anybody contacts the patient or the payer."""

from collections.abc import Iterable

from firstdose.domain.work.resolutions import ABOUT_DUPLICATES, Reconcile
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE
from workflows.mechanism.track import Track


class DuplicateCheck(Track):
    def learn(self, others: Iterable[str]) -> None:
        """The facts as they are now are those of other referrals, too: every track waits until intake has looked."""
        new = [other for other in others if other not in self.case.possible_duplicates]
        if new:
            self.case.possible_duplicates += new
            self.send_back()

    async def settle(self) -> None:
        """Until each of them is said to be another order; a duplicate ends the referral."""
        while self.case.possible_duplicates:
            other = self.case.possible_duplicates[0]
            answer = await self.worklist.ask(
                Reconcile,
                about=f"duplicate of {other}",
                reason=POSSIBLE_DUPLICATE,
                other=other,
                options=ABOUT_DUPLICATES,
            )
            if answer.outcome == "duplicate":
                self.control.close(Closing.DUPLICATE)
            self.case.possible_duplicates.remove(other)
