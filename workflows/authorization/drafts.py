"""The lines of the order as it is now, before anybody is asked."""

from typing import Final

from temporalio import workflow

from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.authorization.lines import Line
from firstdose.domain.payer.coverage import judge_lines
from workflows.mechanism.track import Track

DRAFTS_UNVERIFIED: Final = "drafts-unverified"
"""The patch: a referral whose order changed while benefits were verified again replays as it went."""


class Drafts(Track):
    def of_the_order(self) -> tuple[Line, ...]:
        """Judged by the plan's word; while that is asked for again they wait for it."""
        case = self.case
        lines = lines_for(case.as_assessed, case.site, case.policy.per_diems)
        return judge_lines(lines, case.benefits, case.paying, case.plan) if case.benefits else lines

    def may_replace(self) -> bool:
        """Once benefits are known; later also while they are verified again: the former order's lines are over."""
        return self.case.benefits is not None or self._were_verified()

    def _were_verified(self) -> bool:
        return bool(self.authorization.lines) and workflow.patched(DRAFTS_UNVERIFIED)
