"""Prior authorization, step by step: the lines say what is next, and every answer changes the lines."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization import (
    APPEALS,
    Certification,
    Line,
    LineKind,
    LineState,
    PayerAnswer,
    Step,
    Submission,
    apply,
    move,
    next_step,
)
from firstdose.domain.clock_rules import Purpose
from firstdose.domain.clocks import Clock
from firstdose.domain.facts import Blocks
from firstdose.domain.resolutions import AnswerInformationRequest, FindAssistance, SubmitAuthorization
from firstdose.domain.work_item import WorkItemKind
from firstdose.ports import AuthorizationRequest, ClockRequest, DocumentsReply
from workflows import options
from workflows.case import Request
from workflows.denial import ASSISTANCE, Denial
from workflows.lines import TO_SUBMIT, briefly, set_lines
from workflows.payer_wait import PayerWait
from workflows.takeover import Takeover
from workflows.track import Track

VOID = "void the authorization"


class Authorization(Track):
    async def obtain(self) -> None:
        """Until no line asks for anything more, somebody else pays, or therapy starts at risk."""
        denial = Denial(*self.tools)
        while not self.case.at_risk:
            denial.take_assistance()
            match next_step(self.case.lines):
                case Step.SUBMIT:
                    await self.need(Blocks.AUTHORIZATION)
                    await self._submit()
                case Step.WAIT:
                    await self._wait_for_the_payer()
                case Step.INFORM:
                    await self._answer_information_request()
                case Step.REVIEW:
                    await denial.review()
                case Step.PEER_TO_PEER:
                    await denial.talk_peer_to_peer()
                case Step.GIVE_UP:
                    await denial.give_up()
                case Step.DONE:
                    self.worklist.drop(FindAssistance, why="authorized", about=ASSISTANCE)
                    return

    async def _submit(self) -> None:
        lines = tuple(line for line in self.case.lines if line.state in TO_SUBMIT)
        contact_id = self.case.submitting = self.case.submitting or str(workflow.uuid4())
        plan = self.case.plan
        to_say: dict[str, Any] = {
            "payer": plan.payer,
            "phone": plan.phone,
            "fax": plan.fax,
            "portal": plan.portal,
            "lines": briefly(lines),
        }
        if plan.authorization.electronic:
            word = await self._submit_electronically(contact_id, lines, to_say)
        else:
            word = await self.worklist.ask(SubmitAuthorization, **to_say)
        self.case.submitting = None
        if isinstance(word, Submission):
            self._submitted(contact_id, word.answer, word.clock, electronic=True)
        else:
            answer = PayerAnswer(lines=word.lines, tracking=word.reference, received_at=workflow.now())
            self._submitted(contact_id, answer, await self._clock(lines), electronic=False)

    async def _submit_electronically(
        self, contact_id: str, lines: tuple[Line, ...], to_say: dict[str, Any]
    ) -> Submission | SubmitAuthorization:
        """Should people take over, the payer may have the request all the same: they ask it about our trace first."""
        request = AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=contact_id,
            lines=lines,
            expedited=self.case.urgent,
            replaces=self.case.request.contact_id if self.case.request else None,
        )
        self.case.payer_may_have = contact_id
        self.effects.undo_with(VOID, self.void)
        return await Takeover(*self.tools).first_word(
            PayerActivities.submit_authorization,
            request,
            "submit prior authorization",
            SubmitAuthorization,
            key=contact_id,
            trace=contact_id.replace("-", ""),
            **to_say,
        )

    async def _clock(self, lines: tuple[Line, ...]) -> Clock | None:
        request = ClockRequest(
            referral_id=self.case.referral_id,
            key=str(workflow.uuid4()),
            purpose=Purpose.APPEAL if any(line.certification in APPEALS for line in lines) else Purpose.DECISION,
            at=workflow.now(),
            drug=any(line.kind is LineKind.DRUG for line in lines),
            expedited=self.case.urgent,
        )
        return await self.effects.do(PayerActivities.start_clock, request, options.STORED, "start the payer's clock")

    def _submitted(self, contact_id: str, answer: PayerAnswer, clock: Clock | None, *, electronic: bool) -> None:
        self.case.request = Request(
            contact_id=contact_id,
            known=answer,
            clock=clock,
            electronic=electronic,
            ask_people_at=_when_to_ask(clock, electronic=electronic),
        )
        self.case.lines = move(self.case.lines, LineState.SUBMITTED, of=TO_SUBMIT)
        self.journal.note(
            "authorization.submitted",
            contact=contact_id,
            plan_version=self.case.plan.version,
            rule=clock.rule if clock else None,
            rule_version=clock.version if clock else None,
            due=clock.due_at if clock else None,
        )
        self._hear(answer)

    async def _wait_for_the_payer(self) -> None:
        if (request := self.case.request) and (answer := await PayerWait(*self.tools).for_word(request)):
            self.worklist.withdraw(WorkItemKind.FOLLOW_UP_PAYER, why="the payer answered")
            request.known = answer
            self._hear(answer)

    def _hear(self, answer: PayerAnswer) -> None:
        """The payer's word changes the lines."""
        set_lines(self, apply(self.case.lines, answer), "payer")

    async def listen(self) -> None:
        """Hear what the payer says when nobody waits for it, for as long as the workflow lives.

        An approval that turns into a denial is looked at by a person before the visit; what was voided stays void.
        """
        while True:
            await workflow.wait_condition(lambda: bool(self.case.notified) and not self.case.waiting)
            contact_id = self.case.notified.pop()
            answer = await workflow.execute_activity_method(
                PayerActivities.read_answer,
                self.request(contact_id),
                **options.named(options.STORED, "read what the payer says late"),
            )
            request = self.case.request
            if answer is None or request is None or contact_id != request.contact_id:
                self.journal.note("payer.late_answer", contact=contact_id, applied=False)
            elif not answer.says_the_same(request.known):
                request.known = answer
                self._hear(answer)
                self.control.request_start_again()

    async def _answer_information_request(self) -> None:
        request = self.case.request
        wanted = request.known.information if request else None
        answer = await self.worklist.ask(
            AnswerInformationRequest,
            wanted=wanted.wanted if wanted else (),
            due_on=wanted.due_on if wanted else None,
            documents=self.case.outline.documents,
        )
        if answer.outcome == "unobtainable":
            set_lines(self, move(self.case.lines, LineState.NEEDS_REVIEW, of={LineState.INFO_REQUESTED}), "staff")
            return
        if request and request.electronic and wanted:
            reply = DocumentsReply(
                referral_id=self.case.referral_id,
                key=request.contact_id,
                documents=answer.documents,
                information=wanted,
            )
            config = options.payer(self.case.policy.payer.give_up_after)
            await self.effects.tell(PayerActivities.send_documents, reply, config, "send documents to the payer")
        set_lines(self, move(self.case.lines, LineState.PENDED, of={LineState.INFO_REQUESTED}), "staff")

    async def void(self) -> None:
        """Cancel what the payer has; what it has decided or is deciding no longer counts."""
        contact_id, self.case.payer_may_have = self.case.payer_may_have, None
        if call := self.case.calls.pop(contact_id or "", None):
            call.cancel()
        self.case.request = self.case.submitting = None
        if contact_id is None:
            return
        order = AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=str(workflow.uuid4()),
            lines=tuple(_cancelled(self.case.lines)),
            replaces=contact_id,
        )
        config = options.payer(self.case.policy.payer.give_up_after)
        await self.effects.tell(PayerActivities.void_authorization, order, config, VOID, on_hold=True)


def _cancelled(lines: Iterable[Line]) -> Iterable[Line]:
    return (line.model_copy(update={"certification": Certification.CANCEL}) for line in lines)


def _when_to_ask(clock: Clock | None, *, electronic: bool) -> datetime:
    """An electronic payer is asked by people when its clock has run out; another one from the start."""
    return clock.due_at if clock and electronic else workflow.now()
