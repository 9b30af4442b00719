"""The clinical track: the pharmacist's initial assessment. It never waits for the insurer."""

from typing import Any

from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.care.gates import Gate
from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.work.resolutions import AssessPatient
from firstdose.domain.work.stage import Closing
from firstdose.ports import Recipient, Topic
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track


class AssessmentTrack(Track):
    async def obtain(self) -> None:
        """Until the patient is found suitable for home or suite; not suitable ends the referral."""
        if self.case.assessment is not None:
            return
        if CONTACT_ALLOWED in self.case.outline.missing.get(BlockedStep.CONTACT, ()):
            await self.need(BlockedStep.CONTACT)  # the pharmacist speaks with the patient, too
        await self.notify(Recipient.PHARMACIST, Topic.ASSESSMENT_DUE, "ask the pharmacist for the initial assessment")
        why = self.case.gates.why(Gate.ASSESSMENT)
        mend: dict[str, Any] = {"to_mend": why} if why else {}
        answer = await self.worklist.ask(AssessPatient, therapy=self.case.outline.therapy, site=self.case.site, **mend)
        if answer.outcome is Suitability.NOT_SUITABLE:
            self.control.close(Closing.CLINICALLY_INAPPROPRIATE)
        self.case.assessment = Assessment(
            suitability=answer.outcome,
            conditions=answer.conditions,
            needs_nursing=answer.needs_nursing,
            other_services_needed=answer.other_services_needed,
        )
        if not self.case.assessment.suits(self.case.site):
            self._move_to_suite()

    def _move_to_suite(self) -> None:
        """The suite is another place of service: what was asked for the home is asked again."""
        self.case.site = Site.SUITE
        self.journal.note("site.changed", site=Site.SUITE)
        if self.authorization.lines:
            self.send_back(Part.AUTHORIZATION, Part.VISIT)
