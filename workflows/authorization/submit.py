"""Prior authorization, line by line: what is to be sent, what is pending and what we dispute, side by side."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import APPEALS, Certification, Line, LineState, PayerAnswer, Submission, move
from firstdose.domain.authorization.steps import STATES, Step, as_asked, at
from firstdose.domain.clock.rules import answering
from firstdose.domain.payer.channel import Channel
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.resolutions import FindAssistance, SubmitAuthorization
from firstdose.domain.work.work_item import AUTHORIZATION_KINDS
from firstdose.ports import AuthorizationRequest
from workflows.authorization.clock import PayerClock, noted
from workflows.authorization.dispute import ASSISTANCE, Dispute
from workflows.authorization.documents import Documents
from workflows.authorization.may_have import PayerMayHave
from workflows.authorization.state import PayerRequest, Sending, shown
from workflows.authorization.voiding import Voiding
from workflows.authorization.wait import PayerWait
from workflows.mechanism.control import all_of
from workflows.mechanism.people_fallback import NotWanted, PeopleFallback
from workflows.mechanism.track import Track
from workflows.messages import PayerAnswered


@dataclass
class AuthorizationTrack(Track):
    fallback: PeopleFallback

    def __post_init__(self) -> None:
        self.clock = PayerClock(*self.tools)
        self.wait = PayerWait(*self.tools, self.clock, Documents(*self.tools, self.clock))
        self.dispute = Dispute(*self.tools, self.clock)
        self.voiding = Voiding(*self.tools)
        self.may_have = PayerMayHave(*self.tools)

    async def obtain(self) -> None:
        """Until no line asks for anything more, somebody else pays, or therapy starts at risk.

        A line that is appealed waits for no other that is pended.
        """
        if not self._over():
            self.authorization.obtaining = True
            try:
                await all_of(
                    self._while_open(lambda: bool(at(self.authorization.lines, Step.SUBMIT)), self._submit),
                    self._while_open(self.wait.anything_pending, lambda: self.wait.receive_next(self._over)),
                    self._while_open(self.dispute.something_open, lambda: self.dispute.go_on(self._over)),
                )
            finally:
                self.authorization.obtaining = False
                self.wait.stop()
        if not self.case.at_risk:
            self._forget_sending()
        why = "therapy starts at risk" if self.case.at_risk else "authorized"
        self.worklist.withdraw(*AUTHORIZATION_KINDS, why=why)
        self.worklist.drop(FindAssistance, why=why, about=ASSISTANCE)

    def _over(self) -> bool:
        return self.case.at_risk or all(line.settled for line in self.authorization.lines)

    async def _while_open(self, something_to_do: Callable[[], bool], do: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self.control.until(lambda: self._over() or something_to_do())
            if self._over():
                return
            await do()

    def _forget_sending(self) -> None:
        """Nothing is asked for any more, so what has not reached the payer need not."""
        sending, self.authorization.sending = self.authorization.sending, None
        if sending:
            self.effects.cancel_call(sending.contact_id)

    async def _submit(self) -> None:
        await self.need(BlockedStep.AUTHORIZATION, unless=self._over)
        if self._over():
            return
        if self.authorization.sending is None:
            if not (drafts := as_asked(self.authorization.lines)):
                return
            self.authorization.sending = Sending(self.case.new_key("submission"), drafts, workflow.now())
        sending, plan = self.authorization.sending, self.case.plan
        asks = {**plan.model_dump(include={"payer", "phone", "fax", "portal"}), "lines": shown(sending.lines)}
        answer: Submission | SubmitAuthorization | None
        if plan.authorization.electronic:
            answer = await self._submit_electronically(sending, asks)
        else:
            answer = await self.worklist.ask_unless(self._over, SubmitAuthorization, **asks)
        if answer is None:  # settled otherwise meanwhile
            return
        if isinstance(answer, SubmitAuthorization):
            answer = await self._submitted_by_people(sending, answer)
        self.authorization.sending = None
        self._submitted(sending, answer)

    async def _submit_electronically(
        self, sending: Sending, asks: dict[str, Any]
    ) -> Submission | SubmitAuthorization | None:
        """Should people take over, the payer may have the request all the same: they ask it about our trace first."""
        contact_id, lines = sending.contact_id, sending.lines
        first = lines[0]
        request = AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=contact_id,
            lines=lines,
            expedited=self.case.urgent,
            # A request that was denied cannot be updated: to try again is a new request.
            replaces=first.contact if first.certification is not Certification.INITIAL else None,
            appeal_level=self.authorization.appeal_level(lines),
        )
        self.may_have.note(sending, electronic=True)
        with suppress(NotWanted):
            return await self.fallback.race(
                PayerActivities.submit_authorization,
                request,
                "submit prior authorization",
                SubmitAuthorization,
                key=contact_id,
                unless=self._over,
                trace=contact_id.replace("-", ""),
                contacts=[contact_id],
                **asks,
            )
        return None

    async def _submitted_by_people(self, sending: Sending, given: SubmitAuthorization) -> Submission:
        self.may_have.note(sending, by_people=True, reference=given.reference)
        now, level = workflow.now(), self.authorization.appeal_level(sending.lines)
        return Submission(
            contact_id=sending.contact_id,
            answer=PayerAnswer(
                lines=given.lines, tracking=given.reference, information=given.information, received_at=now
            ),
            clock=await self.clock.start(*answering(level), at=now, lines=sending.lines),
            channel=Channel.PEOPLE,
            plan_version=self.case.plan.version,
        )

    def _submitted(self, sending: Sending, submission: Submission) -> None:
        """The payer has it: its answer, its clock, and the lines that this request now carries."""
        contact_id, clock, lines = submission.contact_id, submission.clock, sending.lines
        sequences = tuple(line.sequence for line in lines)
        request = PayerRequest(contact_id, clock, submission.channel, sending.began_at)
        request.due(clock.due_at if clock else None)
        self.authorization.requests[contact_id] = request
        self._superseded(contact_id, sequences)
        self._nothing_tried_yet(lines)
        self.authorization.lines = move(
            self.authorization.lines, LineState.SUBMITTED, of=STATES[Step.SUBMIT], only=sequences, contact=contact_id
        )
        self.journal.note(
            "authorization.submitted",
            contact=contact_id,
            payer=self.case.plan.payer,
            lines=sequences,
            channel=submission.channel,
            plan_version=submission.plan_version,
            rule=clock.rule if clock else None,
            rule_version=clock.version if clock else None,
            due=clock.due_at if clock else None,
            clock=noted(clock),
        )
        self.wait.receive(request, submission.answer)

    def _nothing_tried_yet(self, lines: Iterable[Line]) -> None:
        """Against a new request, that is: what was refused before counts for an appeal alone."""
        for line in lines:
            self.authorization.refused_at.pop(line.sequence, None)
            if line.certification not in APPEALS:
                self.authorization.tried.pop(line.sequence, None)

    def _superseded(self, contact_id: str, sequences: Collection[int]) -> None:
        """What earlier requests asked for these lines need not be voided any more."""
        left = {
            contact: tuple(each for each in asked if contact == contact_id or each not in sequences)
            for contact, asked in self.authorization.payer_may_have.items()
        }
        self.authorization.payer_may_have = {contact: asked for contact, asked in left.items() if asked}

    def payer_answered(self, message: PayerAnswered) -> None:
        """The payer told us something by itself."""
        if message.ask:
            self.wait.inquire_now(message.contact_id)
        elif message.refused is None:
            self.authorization.expect(message.contact_id)
        else:
            self.wait.receive_foreign(message.contact_id, message.refused)

    async def receive_late_answers(self) -> None:
        """Read what the payer answers when nobody waits for it, for as long as the workflow lives.

        An approval that turns into a denial is looked at by a person before the visit; what was voided stays void.
        """
        state = self.authorization
        while True:
            await workflow.wait_condition(lambda: bool(state.answered) and not state.obtaining)
            if await self.wait.read_next():
                self.control.request_start_again()

    async def void(self) -> None:
        """Cancel what the payer has; what it has decided or is deciding no longer counts."""
        self.authorization.requests.clear()
        self.authorization.sending = self.authorization.filing = None
        self.authorization.tried.clear()
        while self.authorization.payer_may_have:
            contact_id, sequences = list(self.authorization.payer_may_have.items())[-1]
            self.effects.cancel_call(contact_id)
            lines = (line for line in self.authorization.lines if line.sequence in sequences)
            await self.voiding.void(contact_id, lines)
            del self.authorization.payer_may_have[contact_id]

    async def void_lines(self, lines: Iterable[Line]) -> None:
        """Cancel what the payer has for lines that are no longer wanted, while others of their request go on."""
        for line in lines:
            if line.contact in self.authorization.payer_may_have:
                self._superseded("", [line.sequence])
                await self.voiding.void(line.contact, [line])
