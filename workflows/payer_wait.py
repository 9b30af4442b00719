"""Waiting for the payer: its notification, our inquiry or a person's word, whichever is first.

The wait is one activity that fails benignly until there is news, so a waiting day adds no event. When the payer's clock
runs out, a person is asked to follow up, and the wait goes on.
"""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ActivityError
from temporalio.workflow import ActivityHandle

from activities.payer import PayerActivities
from firstdose.domain.authorization import PayerAnswer
from firstdose.domain.resolutions import FollowUpPayer
from firstdose.domain.work_item import WorkItemKind
from firstdose.ports import DecisionWait
from workflows import options
from workflows.case import Request
from workflows.denial import assistance_found
from workflows.effects import problem_of
from workflows.track import Track

SHOWN_OF_CLOCK = {"rule", "version", "citation", "due_at"}


@dataclass
class PayerWait(Track):
    inquiry: ActivityHandle[PayerAnswer] | None = None

    async def for_word(self, request: Request) -> PayerAnswer | None:
        """The payer's next word on the request, or None when therapy starts without it."""
        if request.electronic:
            self.inquiry = self._inquire(request)
        self.case.waiting = True
        try:
            while not self._settled_otherwise():
                if answer := await self._next_word(request):
                    return answer
        finally:
            self.case.waiting = False
            if self.inquiry:
                self.inquiry.cancel()
                # Nobody awaits it any more; that it was cancelled is no error to be logged.
                self.inquiry.add_done_callback(lambda inquiry: inquiry.cancelled() or inquiry.exception())
        return None

    def _inquire(self, request: Request) -> ActivityHandle[PayerAnswer]:
        wait = DecisionWait(
            referral_id=self.case.referral_id,
            key=request.contact_id,
            every=self.case.policy.payer.inquire_every,
            known=request.known,
        )
        return workflow.start_activity_method(
            PayerActivities.await_decision,
            wait,
            **options.named(options.WAIT_FOR_DECISION, "wait for the payer's decision"),
        )

    async def _next_word(self, request: Request) -> PayerAnswer | None:
        """Whatever comes first; None if it was no news."""
        asked = request.ask_people_at
        left = asked - workflow.now() if asked else None
        rule = request.clock.rule if request.clock else "follow up"
        if not await self.control.until(self._something_came, timeout=left, summary=f"clock: {rule}"):
            self._ask_people(request)
            return None
        if self.worklist.answered(FollowUpPayer):
            return self._word_of_people(request)
        if self.inquiry and self.inquiry.done():
            return self._word_of_inquiry(request)
        if request.contact_id in self.case.notified:
            return await self._word_of_notification(request)
        return None

    def _settled_otherwise(self) -> bool:
        return self.case.at_risk or assistance_found(self.worklist)

    def _something_came(self) -> bool:
        return (
            self._settled_otherwise()
            or bool(self.case.notified)
            or self.worklist.answered(FollowUpPayer)
            or (self.inquiry is not None and self.inquiry.done())
        )

    def _ask_people(self, request: Request, problem: str | None = None) -> None:
        request.ask_people_at = None
        clock, plan = request.clock, self.case.plan
        self.worklist.open(
            FollowUpPayer,
            payer=plan.payer,
            phone=plan.phone,
            tracking=request.known.tracking,
            clock=clock.model_dump(mode="json", include=SHOWN_OF_CLOCK) if clock else None,
            problem=problem,
        )

    def _word_of_people(self, request: Request) -> PayerAnswer | None:
        answer = self.worklist.take(FollowUpPayer)
        if answer.outcome == "answered":
            return PayerAnswer(lines=answer.lines, tracking=request.known.tracking, received_at=workflow.now())
        request.ask_people_at = workflow.now() + self.case.policy.due_for(WorkItemKind.FOLLOW_UP_PAYER)
        return None

    def _word_of_inquiry(self, request: Request) -> PayerAnswer | None:
        inquiry, self.inquiry = self.inquiry, None
        try:
            return inquiry.result() if inquiry else None
        except ActivityError as failure:
            self.journal.note("activity.failed", step="wait for the payer's decision", problem=problem_of(failure))
            self._ask_people(request, problem_of(failure))
            return None

    async def _word_of_notification(self, request: Request) -> PayerAnswer | None:
        self.case.notified.clear()
        wanted = self.request(request.contact_id)
        answer = await self.effects.do(PayerActivities.read_answer, wanted, options.STORED, "read the payer's answer")
        return None if answer is None or answer.says_the_same(request.known) else answer
