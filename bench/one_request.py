"""One contact with a payer, as the process makes it, and nothing around it."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.payer import PayerActivities
    from firstdose.domain.payer.coverage import Benefits
    from firstdose.domain.policy import Policy
    from firstdose.ports import EffectRequest
    from workflows import options


@workflow.defn(name="OneRequest")
class OneRequest:
    @workflow.run
    async def run(self, payer: str) -> Benefits:
        request = EffectRequest(referral_id=payer, key=workflow.info().workflow_id)
        config = options.payer(Policy().payer.give_up_after)
        return await workflow.execute_activity_method(PayerActivities.verify_benefits, request, **config)
