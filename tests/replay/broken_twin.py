"""The process with one step that recorded referrals have not taken: replaying them with this must fail."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from firstdose.domain.work.stage import Closing
    from workflows.messages import WORKFLOW, ReferralStart
    from workflows.referral import ReferralWorkflow


@workflow.defn(name=WORKFLOW)
class BrokenReferral(ReferralWorkflow):
    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        await workflow.sleep(timedelta(minutes=1))
        return await super().run(start)
