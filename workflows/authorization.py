"""Prior authorization, step by step: the lines say what is next, and every answer changes the lines."""

from collections.abc import Iterable

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization import (
    Certification,
    Line,
    LineKind,
    LineState,
    PayerAnswer,
    Step,
    Submission,
    apply,
    decide,
    move,
    next_step,
)
from firstdose.domain.clocks import decision_clock
from firstdose.domain.coverage import Paying
from firstdose.domain.facts import Blocks
from firstdose.domain.resolutions import (
    AnswerInformationRequest,
    Appeal,
    FindAssistance,
    PeerToPeer,
    ReviewDecision,
    SubmitAuthorization,
)
from firstdose.domain.stage import Closing
from firstdose.domain.work_item import WorkItemKind
from firstdose.ports import AuthorizationRequest, DocumentsReply
from workflows import options
from workflows.case import Request
from workflows.payer_wait import PayerWait
from workflows.track import Track

VOID = "void the authorization"
TO_SUBMIT = (LineState.DRAFT, LineState.EXPIRED)
TO_REVIEW = (LineState.DENIED, LineState.PARTIAL, LineState.MODIFIED, LineState.NEEDS_REVIEW)


class Authorization(Track):
    async def obtain(self) -> None:
        """Until no line asks for anything more, or therapy starts at risk."""
        while not self.case.at_risk:
            match next_step(self.case.lines):
                case Step.SUBMIT:
                    await self.need(Blocks.AUTHORIZATION)
                    await self._submit()
                case Step.WAIT:
                    await self._wait_for_the_payer()
                case Step.INFORM:
                    await self._answer_information_request()
                case Step.REVIEW:
                    await self._review()
                case Step.PEER_TO_PEER:
                    await self._talk_peer_to_peer()
                case Step.GIVE_UP:
                    await self._find_assistance()
                case Step.DONE:
                    return

    async def _submit(self) -> None:
        lines = tuple(line for line in self.case.lines if line.state in TO_SUBMIT)
        contact_id = str(workflow.uuid4())
        problem = None
        if self.case.plan.authorization.electronic:
            submission = await self._submit_electronically(contact_id, lines)
            if isinstance(submission, Submission):
                return self._submitted(submission, electronic=True)
            problem = submission
        self._submitted(await self._submit_by_people(contact_id, lines, problem), electronic=False)

    async def _submit_electronically(self, contact_id: str, lines: tuple[Line, ...]) -> Submission | str:
        request = AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=contact_id,
            lines=lines,
            expedited=self.case.urgent,
            replaces=self.case.request.contact_id if self.case.request else None,
        )
        self.case.payer_may_have = contact_id
        self.effects.undo_with(VOID, self.void)
        config = options.payer(self.case.policy.payer.give_up_after)
        return await self.effects.attempt(
            PayerActivities.submit_authorization, request, config, "submit prior authorization"
        )

    async def _submit_by_people(self, contact_id: str, lines: tuple[Line, ...], problem: str | None) -> Submission:
        """`problem` says why not electronically; then the payer may have the request: ask it about the trace first."""
        plan = self.case.plan
        answer = await self.worklist.ask(
            SubmitAuthorization,
            payer=plan.payer,
            phone=plan.phone,
            fax=plan.fax,
            portal=plan.portal,
            lines=_briefly(lines),
            problem=problem,
            trace=contact_id.replace("-", "") if problem else None,
        )
        word = PayerAnswer(lines=answer.lines, tracking=answer.reference, received_at=workflow.now())
        clock = decision_clock(
            self.case.policy.clocks,
            self.case.plan.regime,
            workflow.now(),
            drug=any(line.kind is LineKind.DRUG for line in lines),
            expedited=self.case.urgent,
        )
        return Submission(contact_id=contact_id, answer=word, clock=clock)

    def _submitted(self, submission: Submission, *, electronic: bool) -> None:
        clock = submission.clock
        self.case.request = Request(
            contact_id=submission.contact_id,
            known=submission.answer,
            clock=clock,
            electronic=electronic,
            ask_people_at=clock.due_at if electronic else workflow.now(),
        )
        self.case.lines = move(self.case.lines, LineState.SUBMITTED, of=TO_SUBMIT)
        self.journal.note("authorization.submitted", contact=submission.contact_id, rule=clock.rule, due=clock.due_at)
        self._hear(submission.answer)

    async def _wait_for_the_payer(self) -> None:
        if request := self.case.request:
            wait = PayerWait(*self.tools)
            if answer := await wait.for_word(request):
                self.worklist.withdraw(WorkItemKind.FOLLOW_UP_PAYER, why="the payer answered")
                request.known = answer
                self._hear(answer)

    def _hear(self, answer: PayerAnswer) -> None:
        """The payer's word changes the lines."""
        self._set_lines(apply(self.case.lines, answer), "payer")

    def _set_lines(self, lines: tuple[Line, ...], by: str) -> None:
        changed = {str(new.sequence): new.state for old, new in zip(self.case.lines, lines, strict=True) if new != old}
        self.case.lines = lines
        self.journal.note("authorization.lines", by=by, lines=changed)

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
            return self._set_lines(
                move(self.case.lines, LineState.NEEDS_REVIEW, of={LineState.INFO_REQUESTED}), "staff"
            )
        if request and request.electronic and wanted:
            reply = DocumentsReply(
                referral_id=self.case.referral_id,
                key=request.contact_id,
                documents=answer.documents,
                information=wanted,
            )
            config = options.payer(self.case.policy.payer.give_up_after)
            await self.effects.tell(PayerActivities.send_documents, reply, config, "send documents to the payer")
        self._set_lines(move(self.case.lines, LineState.PENDED, of={LineState.INFO_REQUESTED}), "staff")

    async def _review(self) -> None:
        """A person looks at what is denied, partial, modified or not understood, and says what becomes of it."""
        under_review = tuple(line for line in self.case.lines if line.state in TO_REVIEW)
        answer = await self.worklist.ask(ReviewDecision, lines=_briefly(under_review))
        match answer.outcome:
            case "decided":
                self._set_lines(decide(self.case.lines, answer.lines), "staff")
            case "resubmit":
                self._send_back(Certification.INITIAL)
            case "peer_to_peer":
                self._set_lines(move(self.case.lines, LineState.PEER_TO_PEER, of=TO_REVIEW), "staff")
            case "appeal":
                await self._appeal(under_review)
            case "give_up":
                self._set_lines(move(self.case.lines, LineState.EXHAUSTED, of=TO_REVIEW), "staff")

    def _send_back(self, certification: Certification) -> None:
        lines = move(self.case.lines, LineState.DRAFT, of=TO_REVIEW, certification=certification)
        self._set_lines(lines, "staff")

    async def _appeal(self, denied: tuple[Line, ...]) -> None:
        answer = await self.worklist.ask(Appeal, lines=_briefly(denied))
        if answer.outcome == "give_up":
            return self._set_lines(move(self.case.lines, LineState.EXHAUSTED, of=TO_REVIEW), "staff")
        self._send_back(Certification.APPEAL_EXPEDITED if self.case.urgent else Certification.APPEAL)

    async def _talk_peer_to_peer(self) -> None:
        answer = await self.worklist.ask(PeerToPeer, lines=_briefly(self.case.lines))
        if answer.outcome == "overturned":
            self._set_lines(decide(self.case.lines, answer.lines), "staff")
        else:
            self._set_lines(move(self.case.lines, LineState.DENIED, of={LineState.PEER_TO_PEER}), "staff")

    async def _find_assistance(self) -> None:
        """Every way with the payer is exhausted: somebody else pays, or the referral ends."""
        if (await self.worklist.ask(FindAssistance, reason="denied")).outcome == "none":
            self.control.close(Closing.DENIED_FINAL)
        self.case.paying = Paying.ASSISTANCE
        self._set_lines(move(self.case.lines, LineState.NOT_REQUIRED, of={LineState.EXHAUSTED}), "staff")

    async def void(self) -> None:
        """Cancel what the payer has; what it has decided or is deciding no longer counts."""
        contact_id, self.case.payer_may_have = self.case.payer_may_have, None
        self.case.request = None
        if contact_id is None:
            return
        cancelled = tuple(line.model_copy(update={"certification": Certification.CANCEL}) for line in self.case.lines)
        order = AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=str(workflow.uuid4()),
            lines=cancelled,
            replaces=contact_id,
        )
        config = options.payer(self.case.policy.payer.give_up_after)
        await self.effects.tell(PayerActivities.void_authorization, order, config, VOID, on_hold=True)


def _briefly(lines: Iterable[Line]) -> list[dict[str, object]]:
    """Lines as a work item shows them: requested against authorized."""
    shown = {"sequence", "kind", "code", "units", "state", "authorized_units", "reason_code", "valid_to"}
    return [line.model_dump(mode="json", include=shown, exclude_none=True) for line in lines]
