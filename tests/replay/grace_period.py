"""A step put into the process behind a patch: the worked example of docs/changing-the-process.md.

The step is the broken twin's: a minute in which a source may withdraw, before the process begins. Without a patch
(`BrokenReferral`) no referral that runs could go on.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from firstdose.domain.work.stage import Closing
    from workflows.messages import WORKFLOW, ReferralStart
    from workflows.referral import ReferralWorkflow

GRACE_PERIOD: Final = "grace-period"
FAREWELL: Final = "farewell"
GRACE: Final = timedelta(minutes=1)


@workflow.defn(name=WORKFLOW)
class PatchedReferral(ReferralWorkflow):
    """The first release with the step: referrals that were here before go on without it, new ones take it."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        if workflow.patched(GRACE_PERIOD):
            await workflow.sleep(GRACE)
        return await super().run(start)


@workflow.defn(name=WORKFLOW)
class DeprecatedPatchReferral(ReferralWorkflow):
    """A later release, when no referral from before the step is open any more: the old way is gone."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        workflow.deprecate_patch(GRACE_PERIOD)
        await workflow.sleep(GRACE)
        return await super().run(start)


@workflow.defn(name=WORKFLOW)
class LongerGraceReferral(ReferralWorkflow):
    """Another duration is no other command: it needs no patch."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        if workflow.patched(GRACE_PERIOD):
            await workflow.sleep(2 * GRACE, summary="in case the source withdraws")
        return await super().run(start)


@workflow.defn(name=WORKFLOW)
class PatchedTwiceReferral(PatchedReferral):
    """With another step at the end, which referrals under way have yet to reach: they take it, too."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        closing = await super().run(start)
        if workflow.patched(FAREWELL):
            await workflow.sleep(timedelta(milliseconds=1))
        return closing
