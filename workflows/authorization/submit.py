"""Prior authorization, line by line: what is to be sent, what the payer owes us and what we dispute, side by side."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from typing import Any

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import (
    APPEALS,
    Certification,
    Line,
    LineState,
    PayerAnswer,
    Submission,
    apply,
    move,
)
from firstdose.domain.authorization.steps import STATES, Step, as_asked, at
from firstdose.domain.clock.rules import answering
from firstdose.domain.payer.channel import Channel
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.resolutions import FindAssistance, SubmitAuthorization
from firstdose.domain.work.work_item import AUTHORIZATION_KINDS
from firstdose.ports import AuthorizationRequest
from workflows import options
from workflows.authorization.clock import PayerClock, noted, when_to_ask
from workflows.authorization.dispute import ASSISTANCE, Dispute
from workflows.authorization.lines import briefly, set_lines
from workflows.authorization.wait import PayerWait
from workflows.mechanism.case import PayerRequest, Sending
from workflows.mechanism.control import all_of
from workflows.mechanism.people_fallback import NotWanted, PeopleFallback
from workflows.mechanism.track import Track
from workflows.messages import PayerAnswered

VOID = "void the authorization"


class AuthorizationTrack(Track):
    async def obtain(self) -> None:
        """Until no line asks for anything more, somebody else pays, or therapy starts at risk.

        A line that is appealed waits for no other that is pended.
        """
        if not self._over():
            self.case.authorizing, wait, denial = True, PayerWait(*self.tools), Dispute(*self.tools)
            try:
                await all_of(
                    self._while_open(lambda: bool(at(self.case.lines, Step.SUBMIT)), self._submit),
                    self._while_open(wait.something_owed, lambda: wait.hear_next(self._over)),
                    self._while_open(denial.something_open, lambda: denial.go_on(self._over)),
                )
            finally:
                self.case.authorizing = False
                wait.stop()
        if not self.case.at_risk:
            self._forget_sending()
        why = "therapy starts at risk" if self.case.at_risk else "authorized"
        self.worklist.withdraw(*AUTHORIZATION_KINDS, why=why)
        self.worklist.drop(FindAssistance, why=why, about=ASSISTANCE)

    def _over(self) -> bool:
        return self.case.at_risk or all(line.settled for line in self.case.lines)

    async def _while_open(self, something_to_do: Callable[[], bool], do: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self.control.until(lambda: self._over() or something_to_do())
            if self._over():
                return
            await do()

    def _forget_sending(self) -> None:
        """Nothing is asked for any more, so what has not reached the payer need not."""
        sending, self.case.sending = self.case.sending, None
        if sending:
            self.effects.cancel_call(sending.contact_id)

    async def _submit(self) -> None:
        await self.need(BlockedStep.AUTHORIZATION, unless=self._over)
        if self._over():
            return
        if self.case.sending is None:
            if not (drafts := as_asked(self.case.lines)):
                return
            self.case.sending = Sending(self.case.new_key("submission"), drafts)
        contact_id, lines, plan = self.case.sending.contact_id, self.case.sending.lines, self.case.plan
        to_say: dict[str, Any] = {
            "payer": plan.payer,
            "phone": plan.phone,
            "fax": plan.fax,
            "portal": plan.portal,
            "lines": briefly(lines),
        }
        word: Submission | SubmitAuthorization | None
        if plan.authorization.electronic:
            word = await self._submit_electronically(contact_id, lines, to_say)
        else:
            word = await self.worklist.ask_unless(self._over, SubmitAuthorization, **to_say)
        if word is None:  # settled otherwise meanwhile
            return
        if isinstance(word, SubmitAuthorization):
            word = await self._told_by_people(contact_id, lines, word)
        self.case.sending = None
        self._submitted(lines, word)

    async def _submit_electronically(
        self, contact_id: str, lines: tuple[Line, ...], to_say: dict[str, Any]
    ) -> Submission | SubmitAuthorization | None:
        """Should people take over, the payer may have the request all the same: they ask it about our trace first."""
        first = lines[0]
        request = AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=contact_id,
            lines=lines,
            expedited=self.case.urgent,
            # A request that was denied cannot be updated: to try again is a new request.
            replaces=first.contact if first.certification is not Certification.INITIAL else None,
            appeal_level=self._appeal_level(lines),
        )
        self.case.payer_may_have[contact_id] = tuple(line.sequence for line in lines)
        self.effects.undo_with(VOID)
        with suppress(NotWanted):
            return await PeopleFallback(*self.tools).race(
                PayerActivities.submit_authorization,
                request,
                "submit prior authorization",
                SubmitAuthorization,
                key=contact_id,
                unless=self._over,
                trace=contact_id.replace("-", ""),
                **to_say,
            )
        return None

    def _appeal_level(self, lines: Iterable[Line]) -> int:
        return max((self.case.tried_for(line).appeals for line in lines if line.certification in APPEALS), default=0)

    async def _told_by_people(self, contact_id: str, lines: tuple[Line, ...], word: SubmitAuthorization) -> Submission:
        now = workflow.now()
        return Submission(
            contact_id=contact_id,
            answer=PayerAnswer(
                lines=word.lines, tracking=word.reference, information=word.information, received_at=now
            ),
            clock=await PayerClock(*self.tools).start(*answering(self._appeal_level(lines)), at=now, lines=lines),
            channel=Channel.PEOPLE,
            plan_version=self.case.plan.version,
        )

    def _submitted(self, lines: tuple[Line, ...], submission: Submission) -> None:
        """The payer has it: its answer, its clock, and the lines that this request now carries."""
        contact_id, clock, answer = submission.contact_id, submission.clock, submission.answer
        sequences = tuple(line.sequence for line in lines)
        request = PayerRequest(
            contact_id=contact_id,
            known=answer,
            clock=clock,
            channel=submission.channel,
            due_at=clock.due_at if clock else None,
            wanted=answer.information,
            ask_people_at=None,
        )
        request.ask_people_at = when_to_ask(request)
        self.case.requests[contact_id] = request
        self._superseded(contact_id, sequences)
        self._nothing_tried_yet(lines)
        self.case.lines = move(
            self.case.lines, LineState.SUBMITTED, of=STATES[Step.SUBMIT], only=sequences, contact=contact_id
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
        set_lines(self, apply(self.case.lines, answer, contact=contact_id), "payer", at=answer.received_at)

    def _nothing_tried_yet(self, lines: Iterable[Line]) -> None:
        """Against a new request, that is: what was refused before counts for an appeal alone."""
        for line in lines:
            self.case.refused_at.pop(line.sequence, None)
            if line.certification not in APPEALS:
                self.case.tried.pop(line.sequence, None)

    def _superseded(self, contact_id: str, sequences: Collection[int]) -> None:
        """What earlier requests asked for these lines need not be voided any more."""
        for earlier, asked in list(self.case.payer_may_have.items()):
            left = tuple(sequence for sequence in asked if earlier == contact_id or sequence not in sequences)
            if left:
                self.case.payer_may_have[earlier] = left
            else:
                del self.case.payer_may_have[earlier]

    def hear(self, answered: PayerAnswered) -> None:
        """The payer told us something by itself."""
        if answered.refused is None:
            self.case.notify(answered.contact_id)
        else:
            PayerWait(*self.tools).hear_foreign(answered.contact_id, answered.refused)

    async def listen(self) -> None:
        """Hear what the payer says when nobody waits for it, for as long as the workflow lives.

        An approval that turns into a denial is looked at by a person before the visit; what was voided stays void.
        """
        while True:
            await workflow.wait_condition(lambda: bool(self.case.notified) and not self.case.authorizing)
            if await PayerWait(*self.tools).hear_notified():
                self.control.request_start_again()

    async def read_again(self) -> None:
        """Answers that could not be read are read again when a person says so."""
        await PayerWait(*self.tools).read_again()

    async def void(self) -> None:
        """Cancel what the payer has; what it has decided or is deciding no longer counts."""
        self.case.requests.clear()
        self.case.sending = self.case.filing = None
        self.case.tried.clear()
        while self.case.payer_may_have:
            contact_id, sequences = list(self.case.payer_may_have.items())[-1]
            self.effects.cancel_call(contact_id)
            await self._void(contact_id, (line for line in self.case.lines if line.sequence in sequences))
            del self.case.payer_may_have[contact_id]

    async def void_lines(self, lines: Iterable[Line]) -> None:
        """Cancel what the payer has for lines that are no longer wanted, while others of their request go on."""
        for line in lines:
            if line.contact in self.case.payer_may_have:
                self._superseded("", [line.sequence])
                await self._void(line.contact, [line])

    async def _void(self, contact_id: str, lines: Iterable[Line]) -> None:
        unwanted = tuple(lines)
        self.journal.note("authorization.voided", contact=contact_id, lines=[line.sequence for line in unwanted])
        order = AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=self.case.key_for("void", contact_id, *(line.sequence for line in unwanted)),
            lines=tuple(line.model_copy(update={"certification": Certification.CANCEL}) for line in unwanted),
            replaces=contact_id,
        )
        config = options.payer(self.case.policy.payer.give_up_after)
        await self.effects.tell(PayerActivities.void_authorization, order, config, VOID, on_hold=True)
