"""The payer's answer: its notification, our inquiry or a person's call, whichever is first, on every request it has.

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
from firstdose.domain.authorization.answers import apply, receive
from firstdose.domain.authorization.lines import LineState, PayerAnswer
from firstdose.domain.authorization.steps import Step, at
from firstdose.domain.clock.clocks import Extension
from firstdose.domain.work.resolutions import AnswerInformationRequest, FollowUpPayer, Reconcile
from firstdose.domain.work.work_item import WorkItemKind
from firstdose.ports import DecisionWait, EffectRequest
from workflows import options
from workflows.authorization.clock import PayerClock
from workflows.authorization.documents import Documents
from workflows.authorization.state import PayerRequest, shown
from workflows.mechanism.calls import failure_of, start
from workflows.mechanism.track import Track

_SHOWN_OF_CLOCK = {"rule", "version", "citation"}
_READ: Final = "read the payer's answer"
_WAIT: Final = "wait for the payer's decision"


@dataclass
class PayerWait(Track):
    clock: PayerClock
    documents: Documents
    inquiries: dict[str, ActivityHandle[PayerAnswer] | None] = field(default_factory=dict)
    """By contact; None where asking has failed for good and people ask instead."""

    def anything_pending(self) -> bool:
        return bool(self.authorization.pending) or bool(self.authorization.answered)

    async def receive_next(self, over: Callable[[], bool]) -> None:
        """Ask for what is pending, and let what comes first change the lines."""
        pending, before = self.authorization.pending, self._awaited()
        for request in pending:
            await self._take_up(request)
        first = min((each for each in pending if each.ask_people_at), key=_asked_at, default=None)
        came = await self.control.until(
            lambda: over() or self._something_came(pending) or self._awaited() != before,
            timeout=_asked_at(first) - workflow.now() if first else None,
            summary=f"clock: {first.clock.rule if first and first.clock else 'follow up'}",
        )
        if first and not came:
            self._ask_people(first)
        elif not over():
            await self._receive_all(pending)

    def stop(self) -> None:
        """Nobody waits any more; that the inquiries were cancelled is no error to be logged."""
        for contact_id in list(self.inquiries):
            self._stop_inquiring(contact_id)

    def _awaited(self) -> list[tuple[str | None, LineState]]:
        return [(line.contact, line.state) for line in at(self.authorization.lines, Step.WAIT, Step.INFORM)]

    async def _take_up(self, request: PayerRequest) -> None:
        if self.authorization.asked_about(request):
            self.clock.pause(request)
            await self.documents.ask_for(request)
        else:
            await self.clock.resume(request)
            if request.ask_people_at is None and not self.worklist.asked(FollowUpPayer, about=request.contact_id):
                request.ask_people_at = workflow.now() + self.case.policy.due_for(WorkItemKind.FOLLOW_UP_PAYER)
        if request.channel.electronic and request.contact_id not in self.inquiries:
            self.inquiries[request.contact_id] = self._inquire(request)

    def _inquire(self, request: PayerRequest, *, rung: bool = False) -> ActivityHandle[PayerAnswer]:
        wait = DecisionWait(
            referral_id=self.case.referral_id,
            key=request.contact_id,
            every=self.case.policy.payer.inquire_every,
            known=request.known,
            rung=rung,
        )
        return start(PayerActivities.await_decision, wait, options.WAIT_FOR_DECISION, _WAIT)

    def inquire_now(self, contact_id: str) -> None:
        """The payer has news: what waits for its next inquiry, or has failed to inquire, asks at once."""
        request = self.authorization.requests.get(contact_id)
        if request is None or contact_id not in self.inquiries or self._inquired(request):
            return
        self._stop_inquiring(contact_id)
        self.inquiries[contact_id] = self._inquire(request, rung=True)

    def _something_came(self, pending: list[PayerRequest]) -> bool:
        return bool(self.authorization.answered) or any(
            self.worklist.answered(FollowUpPayer, about=request.contact_id)
            or self.worklist.answered(AnswerInformationRequest, about=request.contact_id)
            or self._inquired(request)
            for request in pending
        )

    def _inquired(self, request: PayerRequest) -> bool:
        inquiry = self.inquiries.get(request.contact_id)
        return inquiry is not None and inquiry.done()

    async def _receive_all(self, pending: list[PayerRequest]) -> None:
        for request in pending:
            if self.worklist.answered(FollowUpPayer, about=request.contact_id):
                await self._receive_from_people(request)
            if self.worklist.answered(AnswerInformationRequest, about=request.contact_id):
                await self.documents.send(request)
            if self._inquired(request):
                self._receive_inquiry(request)
        if self.authorization.answered:
            await self.read_next()

    async def read_next(self) -> bool:
        """Read an answer that the payer told us of by itself; whether it was news. What was voided stays void."""
        contact_id = self.authorization.answered[0]
        wanted = EffectRequest(referral_id=self.case.referral_id, key=contact_id)
        answer = await self.effects.attempt(PayerActivities.read_answer, wanted, options.STORED, _READ, on_hold=True)
        self.authorization.answered.remove(contact_id)
        if isinstance(answer, str):
            self._ask_when_to_read_again(contact_id, problem=answer)
            return False
        request = self.authorization.requests.get(contact_id)
        if answer is None or request is None:
            self.journal.note("payer.late_answer", contact=contact_id, applied=False)
            return False
        return self.receive(request, answer)

    def receive(self, request: PayerRequest, answer: PayerAnswer) -> bool:
        """Let the payer's answer to a request change its lines; False if nothing of it is new."""
        request.known, changes = receive(request.known, answer)
        if changes is None:
            return False
        self._stop_inquiring(request.contact_id)
        self.worklist.withdraw(WorkItemKind.FOLLOW_UP_PAYER, why="the payer answered", about=request.contact_id)
        self._change_lines(request, changes)
        return True

    def _change_lines(self, request: PayerRequest, changes: PayerAnswer) -> None:
        request.wanted = changes.information or request.wanted
        lines = apply(self.authorization.lines, changes, contact=request.contact_id)
        self.authorization.set_lines(lines, "payer", self.journal, at=changes.received_at)
        if not self.authorization.asked_about(request):
            why = "the payer asks for it no more"
            self.worklist.withdraw(WorkItemKind.ANSWER_INFORMATION_REQUEST, why=why, about=request.contact_id)

    def _ask_when_to_read_again(self, contact_id: str, problem: str) -> None:
        """Beside the wait, which goes on."""
        self.authorization.unread.append(contact_id)
        about, contacts = _unread(contact_id), [contact_id]
        self.worklist.open(Reconcile, about=about, step=_READ, problem=problem, contacts=contacts, by_hand=True)

    async def read_again(self) -> None:
        """Answers that could not be read are read again when a person says so, for as long as the workflow lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._answered_unread()))
            for contact_id in self._answered_unread():
                answer = self.worklist.take(Reconcile, about=_unread(contact_id))
                self.authorization.unread.remove(contact_id)
                if answer.outcome == "retry":
                    self.authorization.expect(contact_id)
                elif answer.closing:
                    self.control.request_closing(answer.closing)

    def _answered_unread(self) -> list[str]:
        return [each for each in self.authorization.unread if self.worklist.answered(Reconcile, about=_unread(each))]

    def receive_foreign(self, contact_id: str, problem: str) -> None:
        """What came under our number is about another: no line changes, and where we wait a person asks the payer."""
        self.journal.note("payer.foreign_answer", contact=contact_id, problem=problem)
        waiting = next((request for request in self.authorization.pending if request.contact_id == contact_id), None)
        if waiting:
            self._ask_people(waiting, problem)

    def _stop_inquiring(self, contact_id: str) -> None:
        if inquiry := self.inquiries.pop(contact_id, None):
            inquiry.cancel()
            inquiry.add_done_callback(lambda inquiry: inquiry.cancelled() or inquiry.exception())

    def _receive_inquiry(self, request: PayerRequest) -> None:
        inquiry = self.inquiries.pop(request.contact_id)
        if inquiry is None:
            return
        if problem := failure_of(inquiry):
            self.inquiries[request.contact_id] = None
            self.effects.failed(_WAIT, problem)
            self._ask_people(request, problem)
        else:
            self.receive(request, inquiry.result())

    def _ask_people(self, request: PayerRequest, problem: str | None = None) -> None:
        request.ask_people_at = None
        clock, plan = request.clock, self.case.plan
        rule = {**clock.model_dump(mode="json", include=_SHOWN_OF_CLOCK), "due_at": request.due_at} if clock else None
        mine = (line for line in self.authorization.lines if line.contact == request.contact_id)
        self.worklist.open(
            FollowUpPayer,
            about=request.contact_id,
            contacts=[request.contact_id],
            payer=plan.payer,
            phone=plan.phone,
            tracking=request.known.tracking,
            lines=shown(mine),
            clock=rule,
            requested_at=request.asked_at,
            problem=problem,
        )

    async def _receive_from_people(self, request: PayerRequest) -> None:
        """What a person learned on the phone; whatever is still open afterwards is asked for again."""
        call = self.worklist.take(FollowUpPayer, about=request.contact_id)
        if call.outcome == "answered":
            answer = PayerAnswer(lines=call.lines, information=call.information, received_at=workflow.now())
            self._change_lines(request, answer)
        elif call.outcome == "extended" and call.told_at and call.extended_by_days:
            longer = Extension(at=call.told_at, by=timedelta(days=call.extended_by_days), reason="told_by_payer")
            await self.clock.extend(request, longer)
            if request.ask_people_at and request.ask_people_at <= workflow.now():
                request.ask_people_at = None  # a person has asked just now


def _unread(contact_id: str) -> str:
    return f"answer {contact_id}"


def _asked_at(request: PayerRequest) -> datetime:
    return request.ask_people_at or datetime.max.replace(tzinfo=UTC)
