"""The coverage track: benefits verified, then every line that needs it authorized."""

from typing import Any

from activities.payer import PayerActivities
from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.payer.channel import Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus, Paying, judge_lines
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.resolutions import FindAssistance, ResolveCoverage, VerifyBenefits
from firstdose.domain.work.stage import Closing, Stage
from workflows.authorization.submit import AuthorizationTrack
from workflows.mechanism.people_fallback import PeopleFallback
from workflows.mechanism.track import Track


class CoverageTrack(Track):
    async def secure(self) -> None:
        """Until somebody pays, and each line that needs it is approved, or overridden by two supervisors."""
        await self.verify()
        self.move(Stage.AUTHORIZATION)
        await AuthorizationTrack(*self.tools).obtain()

    async def verify(self) -> None:
        """Until the plan's answer is known and either covers the patient or somebody else pays."""
        while self.case.benefits is None:
            await self.need(BlockedStep.ELIGIBILITY)
            benefits = await self._benefits()
            if benefits.status is CoverageStatus.ACTIVE or await self._resolved_otherwise(benefits):
                self.case.benefits = benefits
        if not self.case.lines:
            self._derive_lines(self.case.benefits)

    async def _benefits(self) -> Benefits:
        plan = self.case.plan
        if not plan.eligibility.electronic:
            answer: Benefits | VerifyBenefits = await self.worklist.ask(VerifyBenefits, **_plan_details(plan))
        else:
            contact_id = self.case.verifying = self.case.verifying or self.case.new_key("verification")
            answer = await PeopleFallback(*self.tools).race(
                PayerActivities.verify_benefits,
                self.request(contact_id),
                "verify benefits",
                VerifyBenefits,
                key=contact_id,
                **_plan_details(plan),
            )
        self.case.verifying = None
        return answer if isinstance(answer, Benefits) else answer.benefits

    async def _resolved_otherwise(self, benefits: Benefits) -> bool:
        """Coverage is not active: another coverage to verify (False), somebody else who pays (True), or the end."""
        answer = await self.worklist.ask(ResolveCoverage, status=benefits.status)
        match answer.outcome:
            case "other_coverage":
                await self.journal.flushed()
                return False
            case "self_pay":
                self.case.paying = Paying.SELF
                return True
            case "assistance":
                if (await self.worklist.ask(FindAssistance, reason=benefits.status)).outcome == "found":
                    self.case.paying = Paying.ASSISTANCE
                    return True
        self.control.close(Closing.NOT_COVERED)

    def _derive_lines(self, benefits: Benefits) -> None:
        lines = lines_for(self.case.outline, self.case.site, self.case.policy.per_diems)
        self.case.lines = judge_lines(lines, benefits, self.case.paying, self.case.plan)
        states = {str(line.sequence): line.state for line in self.case.lines}
        self.journal.note(
            "benefits.verified",
            status=benefits.status,
            channel=benefits.channel,
            lines=states,
            plan_version=benefits.plan_version or self.case.plan.version,
        )


def _plan_details(plan: Plan) -> dict[str, Any]:
    return {
        "payer": plan.payer,
        "phone": plan.phone,
        "portal": plan.portal,
        "contracted": plan.contracted,
        "site_of_care": plan.site_of_care,
    }
