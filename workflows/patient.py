"""The first call with the patient: what to have ready, facts confirmed, authorization explained."""

from temporalio import workflow

from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep
from firstdose.domain.work.resolutions import ContactPatient
from firstdose.domain.work.stage import Closing
from firstdose.ports import Recipient, Topic
from workflows.mechanism.track import Track


class PatientTrack(Track):
    async def reach(self) -> None:
        """Until the patient was reached, or could not be within the policy's attempts."""
        if CONTACT_ALLOWED in self.case.outline.missing.get(BlockedStep.CONTACT, ()):
            await self.need(BlockedStep.CONTACT)
        while not self.case.patient_reached:
            await self.need(BlockedStep.CONTACT)
            if self.case.contact_attempts == 0:
                await self.notify(Recipient.PATIENT, Topic.WELCOME, "tell the patient what to have ready")
            await self._wait_for_next_attempt()
            answer = await self.worklist.ask(ContactPatient, attempt=self.case.contact_attempts + 1)
            match answer.outcome:
                case "reached":
                    self.case.patient_reached = True
                case "declined":
                    self.control.close(Closing.PATIENT_DECLINED)
                case "no_answer":
                    self._plan_next_attempt()

    async def _wait_for_next_attempt(self) -> None:
        if self.case.next_attempt_at is not None:
            await self.control.until_time(self.case.next_attempt_at, "next attempt to reach the patient")

    def _plan_next_attempt(self) -> None:
        rule = self.case.policy.contact
        self.case.contact_attempts += 1
        if self.case.contact_attempts >= rule.attempts:
            self.control.close(Closing.UNABLE_TO_REACH)
        self.case.next_attempt_at = workflow.now() + rule.apart
