"""What is left when the payer's last word is no: another coverage, private payment, assistance, or less.

Where only nursing is denied the pharmacist may find that the patient needs no nurse, or the visit moves to the suite.
"""

from collections.abc import Callable, Iterator
from typing import Final

from firstdose.domain.authorization.lines import SETTLED, Line, LineKind, LineState, move
from firstdose.domain.authorization.steps import Step, at
from firstdose.domain.payer.coverage import Paying
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.resolutions import AssessPatient, ResolveCoverage, ReviewBenefits
from firstdose.domain.work.stage import Closing
from workflows.authorization.state import contacts_of, shown
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track
from workflows.staleness import Staleness

_ABOUT: Final = "denied"
_NURSING: Final = "nursing"


class OtherWays(Track):
    @property
    def asked(self) -> bool:
        return self.worklist.asked(ResolveCoverage, about=_ABOUT) or self.worklist.asked(AssessPatient, about=_NURSING)

    async def ask(self, settled: Callable[[], bool]) -> None:
        """One answer; closing is one of the ways, and taken only if a person chooses it."""
        if self.worklist.asked(AssessPatient, about=_NURSING):
            await self._do_without_nurse(settled)
            return
        lines = at(self.authorization.lines, Step.GIVE_UP)
        answer = await self.worklist.ask_unless(
            settled,
            ResolveCoverage,
            about=_ABOUT,
            status="denied",
            contacts=contacts_of(lines),
            lines=shown(lines),
            options=tuple(self._ways(lines)),
        )
        if answer is None:
            return
        await self.journal.flushed()
        match answer.outcome:
            case "other_coverage":
                self.send_back(Part.COVERAGE, Part.AUTHORIZATION)
            case "self_pay":
                self.pay_otherwise(Paying.SELF)
            case "without_nursing":
                await self._do_without_nurse(settled)
            case "suite":
                self._go_to_suite()
            case "close":
                self.control.close(Closing.DENIED_FINAL)
            case _:
                pass  # assistance is searched for again

    def _ways(self, lines: tuple[Line, ...]) -> Iterator[str]:
        yield from ("other_coverage", "self_pay", "assistance")
        at_home = self.case.site is Site.HOME
        if at_home and all(line.kind is LineKind.NURSING for line in lines) and not self._needs_nurse:
            yield "without_nursing"
        if at_home:
            yield "suite"
        yield "close"

    @property
    def _needs_nurse(self) -> bool:
        """Whether the pharmacist has said so."""
        return self.case.assessment is not None and self.case.assessment.needs_nursing is True

    def pay_otherwise(self, paying: Paying) -> None:
        """What the payer has not approved need not be. The patient agrees again to what they pay."""
        unpaid = frozenset(LineState) - SETTLED
        lines = [line.sequence for line in self.authorization.lines if line.state in unpaid]
        plan_pays = any(line.state is LineState.APPROVED for line in self.authorization.lines)
        if plan_pays:
            self.authorization.paid_otherwise = lines
        else:
            self.case.paying = paying
        self.journal.note("payment.changed", paying=paying, lines=lines)
        self._not_asked_of_payer(unpaid)

    async def _do_without_nurse(self, settled: Callable[[], bool]) -> None:
        """The pharmacist decides whether this patient can: taught before, or with a caregiver."""
        await self.control.until(lambda: self.case.assessment is not None or settled())
        answer = await self.worklist.ask_unless(
            settled, AssessPatient, about=_NURSING, therapy=self.case.outline.therapy, problem="nursing_denied"
        )
        assessment = self.case.assessment
        if answer is None or assessment is None:
            return
        needed = answer.needs_nursing is not False
        self.case.assessment = assessment.model_copy(update={"needs_nursing": needed})
        self.journal.note("nursing.decided", needed=needed)
        if not needed:
            self._not_asked_of_payer({LineState.EXHAUSTED})

    def _not_asked_of_payer(self, states: frozenset[LineState] | set[LineState]) -> None:
        self.case.agreement_signed = False
        self.worklist.drop(ReviewBenefits, why="who pays has changed")
        lines = move(self.authorization.lines, LineState.NOT_REQUIRED, of=states)
        self.authorization.set_lines(lines, "staff", self.journal)

    def _go_to_suite(self) -> None:
        """There nursing is no line of its own, and other rules on the place of service may apply."""
        self.case.site = Site.SUITE
        self.journal.note("site.changed", site=Site.SUITE)
        Staleness(*self.tools).touch(SettledResult.ASSESSMENT, frozenset({Change.SITE}))
        self.send_back(Part.AUTHORIZATION, Part.VISIT)
