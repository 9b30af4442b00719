"""The clinical track: the pharmacist's initial assessment. It never waits for the insurer."""

from typing import Any

from temporalio import workflow

from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.care.gates import Gate
from firstdose.domain.referral.facts import ALLERGIES, CONTACT_ALLOWED, BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.resolutions import AssessPatient
from firstdose.domain.work.stage import Closing
from firstdose.ports import Recipient, Topic
from workflows.change_review import ChangeReview
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track


class AssessmentTrack(Track):
    async def obtain(self) -> None:
        """Until the patient is found suitable for home or suite; not suitable ends the referral."""
        await ChangeReview(*self.tools).settle(SettledResult.ASSESSMENT)
        assessment = self.case.assessment or await self._assess()
        if not assessment.suits(self.case.site):
            self._move_to_suite()

    async def _assess(self) -> Assessment:
        if CONTACT_ALLOWED in self.case.outline.missing.get(BlockedStep.CONTACT, ()):
            await self.need(BlockedStep.CONTACT)  # the pharmacist speaks with the patient, too
        await self.notify(Recipient.PHARMACIST, Topic.ASSESSMENT_DUE, "ask the pharmacist for the initial assessment")
        answer = await self._answer()
        if answer.outcome is Suitability.NOT_SUITABLE:
            self.control.close(Closing.CLINICALLY_INAPPROPRIATE)
        self.case.assessed_at = workflow.now()
        self.case.assessment = Assessment(
            suitability=answer.outcome,
            conditions=answer.conditions,
            needs_nursing=answer.needs_nursing,
            other_services_needed=answer.other_services_needed,
        )
        return self.case.assessment

    async def _answer(self) -> AssessPatient:
        """Who is suitable is not decided while allergies are unknown: an answer that leaves them so is asked for again.

        The pharmacist may bring them with the answer; otherwise it is waited for what intake finds out.
        """
        while True:
            known: dict[str, Any] = {"missing": [ALLERGIES]} if self._allergies_unknown() else {}
            if why := self.case.gates.why(Gate.ASSESSMENT):
                known["to_mend"] = why
            answer = await self.worklist.ask(
                AssessPatient, therapy=self.case.outline.therapy, site=self.case.site, **known
            )
            if not self._allergies_unknown() or answer.outcome is Suitability.NOT_SUITABLE:
                return answer
            await self.journal.flushed()
            if not self._allergies_unknown():
                return answer
            self.journal.note("assessment.not_final", missing=[ALLERGIES])
            await self.control.until(lambda: not self._allergies_unknown())

    def _allergies_unknown(self) -> bool:
        return any(ALLERGIES in paths for paths in self.case.outline.missing.values())

    def _move_to_suite(self) -> None:
        """The suite is another place of service: what was asked for the home is asked again."""
        self.case.site = Site.SUITE
        self.journal.note("site.changed", site=Site.SUITE)
        if self.authorization.lines:
            self.send_back(Part.AUTHORIZATION, Part.VISIT)
