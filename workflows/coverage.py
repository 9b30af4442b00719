"""The coverage track: benefits verified, then every line that needs it authorized."""

from dataclasses import dataclass
from typing import Final

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import LineState, move
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits, CoverageStatus, Paying, judge_lines
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.resolutions import FindAssistance, ResolveCoverage, VerifyBenefits
from firstdose.domain.work.stage import Closing, Stage
from workflows.authorization.drafts import Drafts
from workflows.authorization.submit import AuthorizationTrack
from workflows.change_review import ChangeReview
from workflows.mechanism.case import Part
from workflows.mechanism.people_fallback import PeopleFallback
from workflows.mechanism.track import Track

_NOT_ACTIVE: Final = ("other_coverage", "self_pay", "assistance", "close")
_SHOWN_OF_PLAN: Final = {"payer", "phone", "portal", "contracted", "site_of_care"}


@dataclass
class CoverageTrack(Track):
    authorization_track: AuthorizationTrack
    fallback: PeopleFallback

    async def secure(self) -> None:
        """Until somebody pays, and each line that needs it is approved, or overridden by two supervisors."""
        await self.verify()
        await ChangeReview(*self.tools).settle(SettledResult.AUTHORIZATION)
        self.move(Stage.AUTHORIZATION)
        await self.authorization_track.obtain()

    async def verify(self) -> None:
        """Until the plan's answer is known and either covers the patient or somebody else pays."""
        await ChangeReview(*self.tools).settle(SettledResult.VERIFICATION)
        while self.case.benefits is None:
            await self.need(BlockedStep.ELIGIBILITY)
            benefits, contacts = await self._benefits()
            if benefits.status is CoverageStatus.ACTIVE or await self._resolved_otherwise(benefits, contacts):
                self.case.benefits, self.case.verified_at = benefits, workflow.now()
                self._verified_again(benefits)
        if not self.authorization.lines:
            self._derive_lines(self.case.benefits)

    async def _benefits(self) -> tuple[Benefits, list[str]]:
        """With the contact that asked for them, where one did."""
        answer: Benefits | VerifyBenefits
        contacts: list[str] = []
        asks = self.case.plan.model_dump(include=_SHOWN_OF_PLAN)
        if not self.case.plan.eligibility.electronic:
            answer = await self.worklist.ask(VerifyBenefits, **asks)
        else:
            contact_id = self.case.verifying = self.case.verifying or self.case.new_key("verification")
            contacts = [contact_id]
            answer = await self.fallback.race(
                PayerActivities.verify_benefits,
                self.request(contact_id),
                "verify benefits",
                VerifyBenefits,
                key=contact_id,
                contacts=contacts,
                **asks,
            )
        self.case.verifying = None
        self.case.verified_by_people = isinstance(answer, VerifyBenefits)
        return (answer if isinstance(answer, Benefits) else _by_people(answer)), contacts

    async def _resolved_otherwise(self, benefits: Benefits, contacts: list[str]) -> bool:
        """Coverage is not active: another coverage to verify (False), somebody else who pays (True), or the end.

        Assistance that is not found ends nothing: the other ways are asked for again.
        """
        while True:
            answer = await self.worklist.ask(
                ResolveCoverage, status=benefits.status, contacts=contacts, options=_NOT_ACTIVE
            )
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
                case _:
                    self.control.close(Closing.NOT_COVERED)

    def _derive_lines(self, benefits: Benefits) -> None:
        self.authorization.lines = Drafts(*self.tools).of_the_order()
        self._note_verified(benefits)

    def _verified_again(self, benefits: Benefits) -> None:
        """What the payer was asked for stays, unless the plan pays no more; a line may need an authorization now."""
        lines = self.authorization.lines
        if not lines:
            return
        if self.case.paying is not Paying.PLAN:
            self.send_back(Part.AUTHORIZATION)
            return
        never_asked = [line.sequence for line in lines if line.contact is None]
        drafts = move(lines, LineState.DRAFT, of={LineState.NOT_REQUIRED}, only=never_asked, evidence=None)
        self.authorization.lines = judge_lines(drafts, benefits, self.case.paying, self.case.plan)
        self._note_verified(benefits)

    def _note_verified(self, benefits: Benefits) -> None:
        self.journal.note(
            "benefits.verified",
            status=benefits.status,
            channel=benefits.channel,
            lines={str(line.sequence): line.state for line in self.authorization.lines},
            plan_version=benefits.plan_version or self.case.plan.version,
        )


def _by_people(answer: VerifyBenefits) -> Benefits:
    """Where it comes from is not for the person to say."""
    how = {"channel": Channel.PEOPLE, "verified_at": workflow.now(), "plan_version": None}
    return answer.benefits.model_copy(update=how)
