"""Marks the results that a change makes stale: each is made anew, or its owner looks at it again.

Nothing that follows from a result goes on meanwhile: its track asks first (`ChangeReview`), and what was asked of
people further on is withdrawn.
"""

from collections.abc import Collection, Iterable
from typing import Final

from temporalio import workflow

from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.authorization.lines import Line
from firstdose.domain.payer.coverage import Paying
from firstdose.domain.referral.rests_on import MADE_ANEW, SettledResult, in_order, stale_after
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.change_review import ReviewChange
from firstdose.domain.work.work_item import WorkItemKind
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track
from workflows.undoing import Undoing

_ANOTHER_PLAN: Final = frozenset({Change.PAYER, Change.PLAN})
_NO_CONFIRMING: Final = _ANOTHER_PLAN | {Change.DRUG}
"""After these nobody can say that an authorization holds as it is."""

_IN_HAND: Final = {
    SettledResult.VERIFICATION: (WorkItemKind.VERIFY_BENEFITS, WorkItemKind.RESOLVE_COVERAGE),
    SettledResult.VISIT: (WorkItemKind.CONFIRM_VISIT, WorkItemKind.PLACE_VISIT),
}
"""The items that ask for a result by what is to be made anew."""

_ANSWERED_BY: Final = {
    SettledResult.VERIFICATION: (WorkItemKind.VERIFY_BENEFITS,),
    SettledResult.AUTHORIZATION: (),
    SettledResult.ASSESSMENT: (WorkItemKind.ASSESS_PATIENT,),
    SettledResult.AGREEMENT: (WorkItemKind.REVIEW_BENEFITS,),
    SettledResult.THERAPY: (WorkItemKind.SETTLE_ORDER, WorkItemKind.PREPARE_THERAPY),
    SettledResult.VISIT: (WorkItemKind.CONFIRM_VISIT, WorkItemKind.PLACE_VISIT),
}
"""The items whose answer settles a result. What people told a payer is settled with the lines."""

ANSWERS_ASKED_AGAIN: Final = "answers-asked-again"
"""The patch: a referral that took an answer from before a change replays as it went."""

_PREPARATIONS: Final = (
    WorkItemKind.SETTLE_ORDER,
    WorkItemKind.PREPARE_THERAPY,
    WorkItemKind.CONFIRM_VISIT,
    WorkItemKind.PLACE_VISIT,
)
_FURTHER_ON: Final = {
    SettledResult.VERIFICATION: (WorkItemKind.REVIEW_BENEFITS, *_PREPARATIONS),
    SettledResult.AUTHORIZATION: _PREPARATIONS,
    SettledResult.ASSESSMENT: _PREPARATIONS,
    SettledResult.AGREEMENT: (WorkItemKind.REVIEW_BENEFITS,),
    SettledResult.THERAPY: (WorkItemKind.SETTLE_ORDER, WorkItemKind.PREPARE_THERAPY),
    SettledResult.VISIT: (WorkItemKind.CONFIRM_VISIT, WorkItemKind.PLACE_VISIT),
}
"""What is not asked of people while a result is looked at again or made anew."""

_TALKING: Final = (
    WorkItemKind.CONTACT_PATIENT,
    WorkItemKind.ASSESS_PATIENT,
    WorkItemKind.REVIEW_BENEFITS,
    WorkItemKind.CONFIRM_VISIT,
    WorkItemKind.PLACE_VISIT,
)
"""Whoever does this speaks with the patient."""

_PARTS: Final = {
    SettledResult.VERIFICATION: (Part.VERIFICATION,),
    SettledResult.AUTHORIZATION: (Part.AUTHORIZATION,),
    SettledResult.ASSESSMENT: (Part.ASSESSMENT,),
    SettledResult.AGREEMENT: (Part.AGREEMENT,),
    SettledResult.THERAPY: (Part.THERAPY, Part.VISIT),
    SettledResult.VISIT: (Part.VISIT,),
}


class Staleness(Track):
    def mark(self, changes: Iterable[Change], *, but: Collection[SettledResult] = ()) -> None:
        """What rests on any of these facts is stale, `but` what was settled by whoever changed them."""
        if self.case.visit_done:
            return
        for result, touched in stale_after(changes).items():
            if result not in but:
                self.touch(result, touched)

    def touch(self, result: SettledResult, changed: frozenset[Change]) -> None:
        """This result is stale, if it is settled, because these facts have changed."""
        if result is SettledResult.LICENSE:
            self._may_contact(changed)
        elif not self.is_settled(result) and self.worklist.has_untaken(*_ANSWERED_BY[result]):
            self._ask_again(result, changed)
        elif changed & MADE_ANEW[result] and not self._may_be_confirmed(result, changed):
            if self.is_settled(result) or self._is_in_hand(result):
                self.make_anew(result, changed)
        elif self.is_settled(result) and not set(_PARTS[result]) <= self.case.stale:
            self._review(result, changed)

    def make_anew(self, result: SettledResult, changed: frozenset[Change]) -> None:
        """Every track starts again; what the result set in motion is undone or updated."""
        parts = _PARTS[result]
        if result is SettledResult.VERIFICATION and (changed & _ANOTHER_PLAN or self.case.paying is not Paying.PLAN):
            parts = (Part.COVERAGE, Part.AUTHORIZATION)
        self.case.under_review.pop(result, None)
        self.worklist.drop(ReviewChange, why="made anew", about=result)
        self.worklist.withdraw(*_FURTHER_ON.get(result, ()), why=f"the {result} is made anew")
        self.journal.note("result.stale", result=result, changed=in_order(changed), then="made_anew")
        self.send_back(*parts)

    def _review(self, result: SettledResult, changed: frozenset[Change]) -> None:
        self.case.times_stale[result] = self.case.times_stale.get(result, 0) + 1
        self.case.under_review[result] = in_order({*self.case.under_review.get(result, ()), *changed})
        self.worklist.drop(ReviewChange, why="more has changed", about=result)
        self.worklist.withdraw(*_FURTHER_ON.get(result, ()), why=f"the {result} is looked at again")
        self.journal.note("result.stale", result=result, changed=in_order(changed), then="reviewed")
        self.send_back()

    def _ask_again(self, result: SettledResult, changed: frozenset[Change]) -> None:
        """An answer that nobody has taken yet was given before the change: it would settle what is over."""
        if not workflow.patched(ANSWERS_ASKED_AGAIN):
            return
        if result is SettledResult.VISIT:
            Undoing(*self.tools).visits_not_taken()
        self.worklist.withdraw(*_ANSWERED_BY[result], why=f"what the {result} rests on has changed")
        self.journal.note("result.stale", result=result, changed=in_order(changed), then="made_anew")
        self.send_back()

    def _may_contact(self, changed: frozenset[Change]) -> None:
        """A license is judged by the state as it is now, at each gate."""
        if Change.CONTACT_ALLOWED in changed:
            self.worklist.withdraw(*_TALKING, why="whether the patient may be contacted has changed")
            self.send_back()

    def is_settled(self, result: SettledResult) -> bool:
        """Whether there is such a result, also one that is just being carried out."""
        case = self.case
        match result:
            case SettledResult.VERIFICATION:
                return case.benefits is not None or case.verifying is not None
            case SettledResult.AUTHORIZATION:
                return bool(self.authorization.lines)
            case SettledResult.ASSESSMENT:
                return case.assessment is not None
            case SettledResult.AGREEMENT:
                return case.agreement_signed
            case SettledResult.THERAPY:
                return case.order_settled or case.therapy is not None or bool(case.reservation_key)
            case SettledResult.VISIT:
                return case.visit is not None or case.placing is not None
            case SettledResult.LICENSE:
                return True

    def _is_in_hand(self, result: SettledResult) -> bool:
        kinds = _IN_HAND.get(result, ())
        return any(item.kind in kinds for item in self.worklist.open_items)

    def _may_be_confirmed(self, result: SettledResult, changed: frozenset[Change]) -> bool:
        """What a person obtained is looked at by a person, unless it is for another payer or for other lines."""
        match result:
            case SettledResult.VERIFICATION:
                by_people = self.case.benefits is not None and self.case.verified_by_people
                return by_people and changed.isdisjoint(_ANOTHER_PLAN | {Change.AGE})
            case SettledResult.AUTHORIZATION:
                return self._authorized_by_people() and changed.isdisjoint(_NO_CONFIRMING) and self._lines_stay()
            case _:
                return False

    def _authorized_by_people(self) -> bool:
        asked = self.authorization.asked_payers
        contacts = {line.contact for line in self.authorization.lines if line.contact in asked}
        return any(asked[contact].by_people for contact in contacts if contact)

    def _lines_stay(self) -> bool:
        now = lines_for(self.case.outline, self.case.site, self.case.policy.per_diems)
        return [_asked_for(line) for line in now] == [_asked_for(line) for line in self.authorization.lines]


def _asked_for(line: Line) -> tuple[object, ...]:
    return line.kind, line.medication, line.code, line.modifiers, line.place_of_service, line.units
