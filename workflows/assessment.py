"""The clinical track: the pharmacist's initial assessment. It never waits for the insurer."""

from temporalio import workflow

from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep
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
        answer = await self.worklist.ask(AssessPatient, therapy=self.case.outline.therapy, site=self.case.site)
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

    def _move_to_suite(self) -> None:
        """The suite is another place of service: what was asked for the home is asked again."""
        self.case.site = Site.SUITE
        self.journal.note("site.changed", site=Site.SUITE)
        if self.authorization.lines:
            self.send_back(Part.AUTHORIZATION, Part.VISIT)
