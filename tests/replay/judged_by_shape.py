"""The process as it was when answers were judged by their shape alone: referrals from then must go on."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from firstdose.domain.work.judgment import judge_shape
    from firstdose.domain.work.resolution import Resolution
    from firstdose.domain.work.stage import Closing
    from workflows.mechanism.worklist import Worklist
    from workflows.messages import WORKFLOW, ReferralStart, ResolveWorkItem
    from workflows.referral import ReferralWorkflow


class ShapeJudgedWorklist(Worklist):
    def judge(self, request: ResolveWorkItem) -> Resolution:
        return judge_shape(self._state.open.get(request.item_id), request.actor, request.resolution)

    def judge_signal(self, request: ResolveWorkItem) -> Resolution:
        return self.judge(request)


@workflow.defn(name=WORKFLOW)
class ShapeJudgedReferral(ReferralWorkflow):
    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        super().__init__(start)
        self.worklist.__class__ = ShapeJudgedWorklist

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        return await super().run(start)
