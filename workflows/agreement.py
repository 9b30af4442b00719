"""The benefits reviewed with the patient: what they pay, agreed and signed."""

from typing import Any

from firstdose.domain.payer.agreed_terms import AgreedTerms
from firstdose.domain.payer.coverage import Paying, site_problem
from firstdose.domain.referral.rests_on import SettledResult, in_order
from firstdose.domain.work.resolutions import FindAssistance, ReviewBenefits
from firstdose.domain.work.stage import Closing
from workflows.change_review import ChangeReview
from workflows.mechanism.track import Track


class AgreementTrack(Track):
    async def review(self) -> None:
        """Until the patient has accepted what they pay and signed; somebody else may pay instead."""
        await self._still_agreed()
        while not self.case.agreement_signed:
            if self.worklist.asked(FindAssistance):
                await self._find_assistance()
            benefits = self.case.benefits
            amounts = benefits.model_dump(mode="json", include={"copay", "coinsurance_percent"}) if benefits else {}
            problem = site_problem(self.case.plan, self.case.site, self.case.paying)
            answer = await self.worklist.ask(
                ReviewBenefits, paying=self.case.paying, site_problem=problem, **self._refused(), **amounts
            )
            match answer.outcome:
                case "accepted":
                    self.case.agreement_signed, self.case.agreed_on = True, self._terms()
                case "pays_privately":
                    self.case.paying = Paying.SELF
                case "declined":
                    self.control.close(Closing.PATIENT_DECLINED)
                case "wants_assistance":
                    await self._find_assistance()

    def _refused(self) -> dict[str, Any]:
        """What the plan does not pay although it pays the rest."""
        lines = [line.kind for line in self.authorization.lines if line.sequence in self.authorization.paid_otherwise]
        return {"not_paid_by_plan": lines} if lines else {}

    async def _still_agreed(self) -> None:
        """What was signed is still what the patient is to pay, or somebody has looked at what differs."""
        case = self.case
        if case.agreement_signed and case.agreed_on and (changed := case.agreed_on.differences(self._terms())):
            known = case.under_review.get(SettledResult.AGREEMENT, ())
            case.under_review[SettledResult.AGREEMENT] = in_order({*known, *changed})
        await ChangeReview(*self.tools).settle(SettledResult.AGREEMENT)
        if case.agreement_signed:
            case.agreed_on = self._terms()

    def _terms(self) -> AgreedTerms:
        case = self.case
        return AgreedTerms.of(case.plan.payer, case.paying, case.benefits, self.authorization.lines)

    async def _find_assistance(self) -> None:
        if (await self.worklist.ask(FindAssistance, reason="responsibility")).outcome == "found":
            self.case.paying = Paying.ASSISTANCE
