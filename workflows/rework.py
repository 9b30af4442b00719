"""Invalidates the results that a change makes stale, so that the tracks produce them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from temporalio import workflow

from firstdose.domain.authorization.lines import AWAITING, SETTLED, Certification, Line, LineState
from firstdose.domain.payer.coverage import Paying
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.journal import FactsChanged, Recorded
from firstdose.domain.work.work_item import AUTHORIZATION_KINDS, WorkItemKind
from workflows.authorization.drafts import Drafts
from workflows.authorization.submit import AuthorizationTrack
from workflows.duplicates import DuplicateCheck
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track
from workflows.staleness import Staleness
from workflows.therapy import TherapyTrack
from workflows.visit import VisitTrack

ITEMS = {
    Part.COVERAGE: (
        WorkItemKind.VERIFY_BENEFITS,
        WorkItemKind.RESOLVE_COVERAGE,
        WorkItemKind.REVIEW_BENEFITS,
        WorkItemKind.FIND_ASSISTANCE,
    ),
    Part.VERIFICATION: (WorkItemKind.VERIFY_BENEFITS, WorkItemKind.RESOLVE_COVERAGE),
    Part.AUTHORIZATION: AUTHORIZATION_KINDS,
    Part.THERAPY: (WorkItemKind.SETTLE_ORDER, WorkItemKind.PREPARE_THERAPY, WorkItemKind.CONFIRM_START),
    Part.VISIT: (
        WorkItemKind.PLACE_VISIT,
        WorkItemKind.CONFIRM_VISIT,
        WorkItemKind.CONFIRM_TIME,
        WorkItemKind.REPORT_VISIT,
    ),
    Part.AGREEMENT: (WorkItemKind.REVIEW_BENEFITS,),
}
"""The work items that are withdrawn when a part is stale."""


SETTLED_BY: Final[Mapping[WorkItemKind | None, tuple[SettledResult, ...]]] = {
    WorkItemKind.ASSESS_PATIENT: (SettledResult.ASSESSMENT,),
    WorkItemKind.SETTLE_ORDER: (SettledResult.THERAPY,),
}
"""Whoever answers these knows the facts that they bring with the answer."""

UPDATABLE: Final = (SETTLED | AWAITING | {LineState.INFO_REQUESTED}) - {LineState.EXTERNAL_REVIEW}


@dataclass
class Rework(Track):
    authorization_track: AuthorizationTrack
    therapy_track: TherapyTrack
    visit_track: VisitTrack

    def on_facts_changed(self, recorded: Recorded) -> None:
        """Mark the parts that new facts make stale."""
        case = self.case
        if recorded.outline is None:
            return
        if recorded.outline.site is not case.outline.site:
            case.site = recorded.outline.site
        case.outline, case.plan = recorded.outline, recorded.plan or case.plan
        if not case.accepted:
            DuplicateCheck(*self.tools).learn(recorded.possible_duplicates)
        for each in recorded.by_message or (FactsChanged(changes=recorded.changes),):
            Staleness(*self.tools).mark(each.changes, but=SETTLED_BY.get(each.kind, ()))

    async def invalidate(self) -> None:
        """Undo the stale parts; every track then starts from its beginning."""
        for part in [part for part in Part if part in self.case.stale]:
            if part is Part.AUTHORIZATION:
                self.authorization_track.may_have.note_untaken()
            self.worklist.withdraw(*ITEMS.get(part, ()), why="no longer wanted")
            await self._undo(part)
            self.case.stale.discard(part)

    async def _undo(self, part: Part) -> None:
        match part:
            case Part.RENEWAL:
                self._renew()
            case Part.AUTHORIZATION if self._may_be_updated():
                await self._update_lines()
            case Part.AUTHORIZATION:
                await self.authorization_track.void()
                self._draft_lines()
            case Part.COVERAGE:
                self._forget_verification()
                self._forget_coverage()
            case Part.VERIFICATION:
                self._forget_verification()
            case Part.VISIT:
                await self.visit_track.let_go()
            case Part.THERAPY:
                self.case.order_settled = False
                await self.therapy_track.give_back()
            case Part.ASSESSMENT:
                self.case.assessment = None
            case Part.AGREEMENT:
                self.case.agreement_signed = False

    def _renew(self) -> None:
        """Request again the lines that end before the visit, once for each visit; then a person decides.

        So a payer that authorizes no unit, or a period that is over, is not asked for ever.
        """
        visit, asked = self.case.visit, self.authorization.renewed_for == self.case.visit_key
        day = (visit.visit_at if visit else workflow.now()).date()
        state = LineState.NEEDS_REVIEW if asked else LineState.EXPIRED
        self.authorization.renewed_for = self.case.visit_key
        self.authorization.lines = tuple(
            line.model_copy(update={"state": state, "certification": Certification.RENEWAL})
            if line.state is LineState.APPROVED and not line.covers(day) and not line.begins_after(day)
            else line
            for line in self.authorization.lines
        )

    def _may_be_updated(self) -> bool:
        """A request that the payer has answered can be updated for the same plan; one that it denied cannot."""
        answered = self.authorization.sending is None and bool(self.authorization.requests)
        updatable = all(line.state in UPDATABLE for line in self.authorization.lines)
        same_plan = Part.COVERAGE not in self.case.stale and self.case.paying is Paying.PLAN
        return answered and updatable and same_plan

    async def _update_lines(self) -> None:
        """The answer to the former order no longer counts: the request is replaced, and dropped lines are voided."""
        before = {(line.kind, line.medication): line for line in self.authorization.lines}
        dropped = set(before)
        self._draft_lines()
        self.authorization.requests.clear()
        now = self.authorization.lines
        self.authorization.lines = tuple(_revised(line, before.get((line.kind, line.medication))) for line in now)
        dropped -= {(line.kind, line.medication) for line in now}
        await self.authorization_track.void_lines([before[line] for line in sorted(dropped)])

    def _draft_lines(self) -> None:
        drafts = Drafts(*self.tools)
        if drafts.may_replace():
            self.authorization.lines = drafts.of_the_order()

    def _forget_verification(self) -> None:
        self.effects.cancel_call(self.case.verifying)
        self.case.verifying = self.case.benefits = self.case.verified_at = None

    def _forget_coverage(self) -> None:
        self.case.paying, self.case.agreement_signed = Paying.PLAN, False
        self.authorization.lines = ()


def _revised(line: Line, before: Line | None) -> Line:
    if before is None or before.contact is None or before.state is LineState.VOID or line.state is not LineState.DRAFT:
        return line
    kept = {"certification": Certification.REVISED, "contact": before.contact, "number": before.number}
    return line.model_copy(update=kept)
