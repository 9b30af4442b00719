"""What is undone reaches people: each compensation that somebody counts on is acknowledged, or goes to the next person.

Nothing waits for it but the end of the workflow.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio import workflow

from activities.outreach import OutreachActivities
from firstdose.domain.care.therapy import Delivery
from firstdose.domain.policy import UndoRule
from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.work.resolutions import ConfirmVisit, PlaceVisit, PrepareTherapy, Reconcile
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.undoing import NEXT, Undone, UndoReason
from firstdose.ports import Notice, Recipient, Topic
from workflows import options
from workflows.mechanism.calls import failure_of, start
from workflows.mechanism.track import Track

_HOUSEHOLD: Final = "household"


class Undoing(Track):
    def on_leaving(self) -> None:
        """The referral ends early, and everything that is still set in motion is undone."""
        self.visit_cancelled()
        self.therapy_taken_back()
        self._untaken()

    def _untaken(self) -> None:
        """What people answered in the moment in which the referral ended: they count on it all the same."""
        self.visits_not_taken()
        for ready in self.worklist.untaken(PrepareTherapy).values():
            if ready.outcome == "ready" and self.case.reservation:
                self._take_back(self.case.reservation.lots, ready.delivery)

    def visits_not_taken(self) -> None:
        """A nurse has accepted, or a visit was placed, and it comes to nothing."""
        for nurse, accepted in self.worklist.untaken(ConfirmVisit).items():
            if accepted.outcome == "accepted" and accepted.visit_at:
                self._cancel(self.case.key_for("accepted", nurse), accepted.visit_at, nurse)
        for placed in self.worklist.untaken(PlaceVisit).values():
            if placed.outcome == "placed" and placed.visit_at:
                self._cancel(self.case.key_for("placed"), placed.visit_at, placed.nurse)

    def visit_cancelled(self) -> None:
        """Before the visit is released. A visit that was reported as not done needs nobody's word any more."""
        visit = self.case.visit or self.case.placing
        if visit is not None and self.case.over != self.case.visit_key:
            self._cancel(self.case.visit_key, visit.visit_at, visit.nurse)

    def _cancel(self, key: str, visit_at: datetime, nurse: str | None) -> None:
        asks = self._asks(visit_at=visit_at.isoformat(), site=Site.SUITE if nurse is None else Site.HOME)
        if nurse is None:
            self._add(key, UndoReason.NURSE_NOT_TOLD, self._rule.within, asks)
        elif key not in self.case.undone:
            within = self._nurse_within(visit_at)
            self._add(key, UndoReason.VISIT_CANCELLED, within, {**asks, "nurse": nurse}, nurse)
            self._notify_nurse(key)
        if self._household_is_told():
            self._add(f"{_HOUSEHOLD} {key}", UndoReason.HOUSEHOLD_NOT_TOLD, self._rule.within, asks)

    def therapy_taken_back(self) -> None:
        """Before the stock is returned: what is on the shelf needs nobody, what was dispensed does."""
        if therapy := self.case.therapy:
            self._take_back((therapy.lot, *therapy.further_lots), therapy.delivery)

    def _take_back(self, lots: tuple[str, ...], delivery: Delivery) -> None:
        asks = self._asks(lot=", ".join(lots), delivery=delivery)
        self._add(self.case.reservation_key, UndoReason.THERAPY_TO_TAKE_BACK, self._rule.within, asks)

    async def watch(self) -> None:
        """Run as long as the workflow."""
        while True:
            await workflow.wait_condition(lambda: bool(self._open()))
            at = min(undone.until for undone in self._open().values())
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda at=at: self._is_something_new(at),  # type: ignore[misc]
                    timeout=max(at - workflow.now(), timedelta()),
                    timeout_summary="what was undone is acknowledged",
                )
            for key, undone in self._open().items():
                self._look_at(key, undone)

    async def settled(self) -> None:
        """Before the workflow ends: each is acknowledged, or its time has passed with a supervisor too."""
        await workflow.wait_condition(lambda: not self._open())

    @property
    def _rule(self) -> UndoRule:
        return self.case.policy.undo

    def _open(self) -> dict[str, Undone]:
        return {key: undone for key, undone in self.case.undone.items() if not undone.over}

    def _asks(self, **asks: Any) -> dict[str, Any]:
        closing = {"closing": self.control.closing} if self.control.closing else {}
        return {**asks, **closing}

    def _nurse_within(self, visit_at: datetime) -> timedelta:
        """Minutes for a nurse on the way; for another one until the nurse would leave, if that is sooner than usual."""
        leaves_in = visit_at - self.case.policy.dispatch.lead - workflow.now()
        if self.case.stage is Stage.FIRST_VISIT or leaves_in <= self._rule.nurse_within:
            return self._rule.nurse_within
        return min(leaves_in, self._rule.within)

    def _household_is_told(self) -> bool:
        """Unless nobody may be contacted; after a death all outreach stops."""
        outline = self.case.outline
        forbidden = CONTACT_ALLOWED in outline.missing.get(BlockedStep.CONTACT, ()) or outline.benefits_check_only
        return not forbidden and self.control.closing is not Closing.DECEASED

    def _add(
        self, key: str, reason: UndoReason, within: timedelta, asks: dict[str, Any], offered_to: str | None = None
    ) -> None:
        if key not in self.case.undone:  # a referral that is started again leaves again
            self._ask(key, Undone(reason, workflow.now() + within, asks, offered_to))

    def _ask(self, key: str, undone: Undone) -> None:
        self.case.undone[key] = undone
        self.worklist.open(
            Reconcile,
            about=key,
            due_in=undone.until - workflow.now(),
            offered_to=undone.offered_to,
            step="undo",
            reason=undone.reason,
            options=("done",),
            by_hand=True,
            **undone.asks,
        )

    def _notify_nurse(self, visit_key: str) -> None:
        """The mail goes out beside: an item on a worklist does not reach somebody who drives."""
        key = f"{self.case.referral_id}:{Topic.VISIT_CANCELLED}:{visit_key}"
        notice = Notice(
            referral_id=self.case.referral_id, key=key, recipient=Recipient.NURSE, topic=Topic.VISIT_CANCELLED
        )
        told = start(OutreachActivities.tell, notice, options.OUTREACH, "tell the nurse that the visit is cancelled")
        told.add_done_callback(lambda told: failure_of(told))

    def _is_something_new(self, at: datetime) -> bool:
        open_ = self._open()
        return not open_ or any(
            undone.until < at or self._answered(key) or self._needless(key) for key, undone in open_.items()
        )

    def _answered(self, key: str) -> bool:
        return self.worklist.answered(Reconcile, about=key)

    def _needless(self, key: str) -> bool:
        """The household has confirmed another time meanwhile, so it knows; or it may not be called any more."""
        whom, _, visit_key = key.partition(" ")
        visit = self.case.visit
        knows = visit is not None and visit.patient_confirmed and visit_key != self.case.visit_key
        return whom == _HOUSEHOLD and (knows or not self._household_is_told())

    def _look_at(self, key: str, undone: Undone) -> None:
        if self._answered(key):
            self.worklist.take(Reconcile, about=key)
            self.case.undone[key] = replace(undone, over=True)
        elif self._needless(key):
            self.worklist.drop(Reconcile, about=key, why="the household knows, or may not be called")
            self.case.undone[key] = replace(undone, over=True)
        elif undone.until <= workflow.now():
            self._go_on(key, undone)

    def _go_on(self, key: str, undone: Undone) -> None:
        self.worklist.drop(Reconcile, about=key, why="not acknowledged in time")
        if (reason := NEXT.get(undone.reason)) is None:
            self.case.undone[key] = replace(undone, over=True)
            self.journal.note("undoing.not_acknowledged", of=undone.asks.get("of"))
            return
        asks = {**undone.asks, "of": undone.reason}
        self._ask(key, Undone(reason, workflow.now() + self._rule.within, asks))
