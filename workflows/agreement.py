"""The benefits reviewed with the patient: what they pay, agreed and signed."""

from typing import Any

from firstdose.domain.payer.coverage import Paying, site_problem
from firstdose.domain.work.resolutions import FindAssistance, ReviewBenefits
from firstdose.domain.work.stage import Closing
from workflows.mechanism.track import Track


class AgreementTrack(Track):
    async def review(self) -> None:
        """Until the patient has accepted what they pay and signed; somebody else may pay instead."""
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
                    self.case.agreement_signed = True
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

    async def _find_assistance(self) -> None:
        if (await self.worklist.ask(FindAssistance, reason="responsibility")).outcome == "found":
            self.case.paying = Paying.ASSISTANCE
