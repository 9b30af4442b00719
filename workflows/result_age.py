"""Before the visit: a result that will be too old on its day is looked at again, from the moment when that lasts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from temporalio import workflow

from firstdose.domain.care.ages import assessed_from, verified_from
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from workflows.mechanism.track import Track
from workflows.staleness import Staleness

RESULT_AGE: Final = "result-age"
"""The patch: a referral that was dispatched before ages were judged replays as it went."""


class TooOld(NamedTuple):
    """Settled before `settled_from`, the earliest moment that serves this visit."""

    settled_from: datetime
    result: SettledResult


class ResultAge(Track):
    async def too_old_for(self, visit: Visit) -> bool:
        """Whether a result was made stale: it waits until one that is made anew lasts to the visit."""
        too_old = min(self._too_old(visit), default=None)
        if too_old is None or not workflow.patched(RESULT_AGE):
            return False
        await self.control.until_time(too_old.settled_from, f"{too_old.result} again before the visit")
        Staleness(*self.tools).touch(too_old.result, frozenset({Change.AGE}))
        return True

    def _too_old(self, visit: Visit) -> Iterator[TooOld]:
        case, policy = self.case, self.case.policy
        verified = verified_from(visit.visit_at, policy.ages, policy.dispatch.lead)
        if case.verified_at is not None and case.verified_at < verified:
            yield TooOld(verified, SettledResult.VERIFICATION)
        assessed = assessed_from(visit.visit_at, policy.ages)
        if case.assessed_at is not None and case.assessed_at < assessed:
            yield TooOld(assessed, SettledResult.ASSESSMENT)
