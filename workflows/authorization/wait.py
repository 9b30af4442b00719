"""Hearing the payer: its notification, our inquiry or a person's word, whichever is first, on every request it has.

The wait is one activity per request that fails benignly until there is news, so a waiting day adds no event. When the
payer's clock runs out, a person is asked to follow up, and the wait goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.workflow import ActivityHandle

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import LineState, PayerAnswer, apply
from firstdose.domain.authorization.steps import Step, at
from firstdose.domain.clock.clocks import Extension
from firstdose.domain.work.resolutions import AnswerInformationRequest, FollowUpPayer, Reconcile
from firstdose.domain.work.work_item import WorkItemKind
from firstdose.ports import DecisionWait
from workflows import options
from workflows.authorization.clock import PayerClock
from workflows.authorization.documents import Documents
from workflows.authorization.lines import briefly, set_lines
from workflows.mechanism.calls import failure_of, start
from workflows.mechanism.case import PayerRequest
from workflows.mechanism.track import Track

_SHOWN_OF_CLOCK = {"rule", "version", "citation"}
_READ: Final = "read the payer's answer"
_WAIT: Final = "wait for the payer's decision"


@dataclass
class PayerWait(Track):
    inquiries: dict[str, ActivityHandle[PayerAnswer] | None] = field(default_factory=dict)
    """By contact; None where asking has failed for good and people ask instead."""

    def something_owed(self) -> bool:
        return bool(self.case.owed) or bool(self.case.notified)

    async def hear_next(self, over: Callable[[], bool]) -> None:
        """Ask for what is owed, and let what comes first change the lines."""
        owed, before = self.case.owed, self._standing()
        for request in owed:
            await self._take_up(request)
        first = min((each for each in owed if each.ask_people_at), key=_asked_at, default=None)
        came = await self.control.until(
            lambda: over() or self._something_came(owed) or self._standing() != before,
            timeout=_asked_at(first) - workflow.now() if first else None,
            summary=f"clock: {first.clock.rule if first and first.clock else 'follow up'}",
        )
        if first and not came:
            self._ask_people(first)
        elif not over():
            await self._hear(owed)

    def stop(self) -> None:
        """Nobody waits any more; that the inquiries were cancelled is no error to be logged."""
        for contact_id in list(self.inquiries):
            self._stop_inquiring(contact_id)

    def _standing(self) -> list[tuple[str | None, LineState]]:
        return [(line.contact, line.state) for line in at(self.case.lines, Step.WAIT, Step.INFORM)]

    async def _take_up(self, request: PayerRequest) -> None:
        clock, information = PayerClock(*self.tools), Documents(*self.tools)
        if information.wanted(request):
            clock.pause(request)
            await information.ask_for(request)
        else:
            await clock.resume(request)
            if request.ask_people_at is None and not self.worklist.asked(FollowUpPayer, about=request.contact_id):
                request.ask_people_at = workflow.now() + self._patience
        if request.channel.electronic and request.contact_id not in self.inquiries:
            self.inquiries[request.contact_id] = self._inquire(request)

    def _inquire(self, request: PayerRequest) -> ActivityHandle[PayerAnswer]:
        wait = DecisionWait(
            referral_id=self.case.referral_id,
            key=request.contact_id,
            every=self.case.policy.payer.inquire_every,
            known=request.known,
        )
        return start(PayerActivities.await_decision, wait, options.WAIT_FOR_DECISION, _WAIT)

    def _something_came(self, owed: list[PayerRequest]) -> bool:
        return bool(self.case.notified) or any(
            self.worklist.answered(FollowUpPayer, about=request.contact_id)
            or self.worklist.answered(AnswerInformationRequest, about=request.contact_id)
            or self._inquired(request)
            for request in owed
        )

    def _inquired(self, request: PayerRequest) -> bool:
        inquiry = self.inquiries.get(request.contact_id)
        return inquiry is not None and inquiry.done()

    async def _hear(self, owed: list[PayerRequest]) -> None:
        for request in owed:
            if self.worklist.answered(FollowUpPayer, about=request.contact_id):
                await self._hear_people(request)
            if self.worklist.answered(AnswerInformationRequest, about=request.contact_id):
                await Documents(*self.tools).send(request)
            if self._inquired(request):
                self._hear_inquiry(request)
        if self.case.notified:
            await self.hear_notified()

    async def hear_notified(self) -> bool:
        """Read what the payer told us by itself; whether it was news. What was voided stays void."""
        contact_id = self.case.notified[0]
        answer = await self.effects.attempt(
            PayerActivities.read_answer, self.request(contact_id), options.STORED, _READ, on_hold=True
        )
        self.case.notified.remove(contact_id)
        if isinstance(answer, str):
            self._ask_when_to_read_again(contact_id, problem=answer)
            return False
        request = self.case.requests.get(contact_id)
        if answer is None or request is None:
            self.journal.note("payer.late_answer", contact=contact_id, applied=False)
            return False
        return self._heard(request, answer)

    def _ask_when_to_read_again(self, contact_id: str, problem: str) -> None:
        """Beside the wait, which goes on."""
        self.case.unread.append(contact_id)
        self.worklist.open(Reconcile, about=_unread(contact_id), step=_READ, problem=problem, by_hand=True)

    async def read_again(self) -> None:
        """Answers that could not be read are read again when a person says so, for as long as the workflow lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._answered_unread()))
            for contact_id in self._answered_unread():
                answer = self.worklist.take(Reconcile, about=_unread(contact_id))
                self.case.unread.remove(contact_id)
                if answer.outcome == "retry":
                    self.case.notify(contact_id)
                elif answer.closing:
                    self.control.request_closing(answer.closing)

    def _answered_unread(self) -> list[str]:
        return [each for each in self.case.unread if self.worklist.answered(Reconcile, about=_unread(each))]

    def hear_foreign(self, contact_id: str, problem: str) -> None:
        """What came under our number is about another: no line changes, and where we wait a person asks the payer."""
        self.journal.note("payer.foreign_answer", contact=contact_id, problem=problem)
        waiting = next((request for request in self.case.owed if request.contact_id == contact_id), None)
        if waiting:
            self._ask_people(waiting, problem)

    def _heard(self, request: PayerRequest, answer: PayerAnswer) -> bool:
        """The payer's word changes the lines of its request; False if it is the word that we know."""
        if answer.says_the_same(request.known):
            return False
        news, request.known = answer.since(request.known), answer
        self._stop_inquiring(request.contact_id)
        self.worklist.withdraw(WorkItemKind.FOLLOW_UP_PAYER, why="the payer answered", about=request.contact_id)
        self._apply(request, news)
        return True

    def _apply(self, request: PayerRequest, word: PayerAnswer) -> None:
        request.wanted = word.information or request.wanted
        lines = apply(self.case.lines, word, contact=request.contact_id)
        set_lines(self, lines, "payer", at=word.received_at)
        Documents(*self.tools).withdraw_unless_wanted(request)

    @property
    def _patience(self) -> timedelta:
        return self.case.policy.due_for(WorkItemKind.FOLLOW_UP_PAYER)

    def _stop_inquiring(self, contact_id: str) -> None:
        if inquiry := self.inquiries.pop(contact_id, None):
            inquiry.cancel()
            inquiry.add_done_callback(lambda inquiry: inquiry.cancelled() or inquiry.exception())

    def _hear_inquiry(self, request: PayerRequest) -> None:
        inquiry = self.inquiries.pop(request.contact_id)
        if inquiry is None:
            return
        if problem := failure_of(inquiry):
            self.inquiries[request.contact_id] = None
            self.effects.failed(_WAIT, problem)
            self._ask_people(request, problem)
        else:
            self._heard(request, inquiry.result())

    def _ask_people(self, request: PayerRequest, problem: str | None = None) -> None:
        request.ask_people_at = None
        clock, plan = request.clock, self.case.plan
        shown = {**clock.model_dump(mode="json", include=_SHOWN_OF_CLOCK), "due_at": request.due_at} if clock else None
        mine = (line for line in self.case.lines if line.contact == request.contact_id)
        self.worklist.open(
            FollowUpPayer,
            about=request.contact_id,
            payer=plan.payer,
            phone=plan.phone,
            tracking=request.known.tracking,
            lines=briefly(mine),
            clock=shown,
            problem=problem,
        )

    async def _hear_people(self, request: PayerRequest) -> None:
        """What a person heard on the phone; whatever is still open afterwards is asked for again."""
        word = self.worklist.take(FollowUpPayer, about=request.contact_id)
        if word.outcome == "answered":
            told = PayerAnswer(lines=word.lines, information=word.information, received_at=workflow.now())
            self._apply(request, told)
        elif word.outcome == "extended" and word.told_at and word.extended_by_days:
            longer = Extension(at=word.told_at, by=timedelta(days=word.extended_by_days), reason="told_by_payer")
            await PayerClock(*self.tools).extend(request, longer)
            if request.ask_people_at and request.ask_people_at <= workflow.now():
                request.ask_people_at = None  # a person has asked just now


def _unread(contact_id: str) -> str:
    return f"answer {contact_id}"


def _asked_at(request: PayerRequest) -> datetime:
    return request.ask_people_at or datetime.max.replace(tzinfo=UTC)
