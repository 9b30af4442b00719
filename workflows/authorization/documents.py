"""What the payer wants to see before it decides: a person finds it, and it is sent; the payer may decide meanwhile."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import InformationRequest, Line, LineState, move
from firstdose.domain.authorization.steps import Step, at
from firstdose.domain.clock.rules import ClockPurpose
from firstdose.domain.payer.channel import Channel
from firstdose.domain.work.resolutions import AnswerInformationRequest
from firstdose.domain.work.work_item import WorkItemKind
from firstdose.ports import DocumentsReply
from workflows import options
from workflows.authorization.clock import PayerClock
from workflows.authorization.lines import briefly, set_lines
from workflows.mechanism.case import PayerRequest
from workflows.mechanism.track import Track

_ASKED = {LineState.INFO_REQUESTED}


class Documents(Track):
    def wanted(self, request: PayerRequest) -> tuple[Line, ...]:
        """The lines about which the payer waits for us."""
        return tuple(line for line in at(self.case.lines, Step.INFORM) if line.contact == request.contact_id)

    async def ask_for(self, request: PayerRequest) -> None:
        """Open the work item, once; it is due when the payer says, or its rule."""
        if self.worklist.asked(AnswerInformationRequest, about=request.contact_id):
            return
        lines = self.wanted(request)
        clock = await PayerClock(*self.tools).start(ClockPurpose.INFORMATION, at=workflow.now(), lines=lines)
        told = request.wanted or InformationRequest()
        ends = [end for end in (_end_of(told), clock.due_at if clock else None) if end]
        usual = self.case.policy.due_for(WorkItemKind.ANSWER_INFORMATION_REQUEST)
        self.worklist.open(
            AnswerInformationRequest,
            about=request.contact_id,
            due_in=min([usual, *(max(end - workflow.now(), timedelta()) for end in ends)]),
            wanted=told.wanted,
            control_number=told.control_number,
            due_on=told.due_on,
            send_by=min(ends, default=None),
            rule=clock.rule if clock else None,
            documents=self.case.outline.documents,
            tracking=request.known.tracking,
            lines=briefly(lines),
            **self._way(request),
        )

    def _way(self, request: PayerRequest) -> dict[str, Any]:
        """Only one channel carries documents; for the others the person sends them before the item is resolved."""
        plan = self.case.plan
        if request.channel is Channel.PAS:
            return {"send": "electronically"}
        return {"send": "by_hand", "payer": plan.payer, "phone": plan.phone, "fax": plan.fax, "portal": plan.portal}

    async def send(self, request: PayerRequest) -> None:
        """The person's answer: the documents go out and the wait goes on, or somebody must decide without them."""
        await self.control.ready()  # so that the answer is not taken and then lost to a new start
        answer = self.worklist.peek(AnswerInformationRequest, about=request.contact_id)
        if answer is None:
            return
        mine = [line.sequence for line in self.wanted(request)]
        if answer.outcome == "unobtainable":
            self.worklist.take(AnswerInformationRequest, about=request.contact_id)
            set_lines(self, move(self.case.lines, LineState.NEEDS_REVIEW, of=_ASKED, only=mine), "staff")
            return
        if request.channel is Channel.PAS:
            reply = DocumentsReply(
                referral_id=self.case.referral_id,
                key=request.contact_id,
                documents=answer.documents,
                information=request.wanted or InformationRequest(),
            )
            config = options.payer(self.case.policy.payer.give_up_after)
            await self.effects.tell(PayerActivities.send_documents, reply, config, "send documents to the payer")
        self.worklist.take(AnswerInformationRequest, about=request.contact_id)
        set_lines(self, move(self.case.lines, LineState.PENDED, of=_ASKED, only=mine), "staff")

    def withdraw_unless_wanted(self, request: PayerRequest) -> None:
        if not self.wanted(request):
            why = "the payer asks for it no more"
            self.worklist.withdraw(WorkItemKind.ANSWER_INFORMATION_REQUEST, why=why, about=request.contact_id)


def _end_of(told: InformationRequest) -> datetime | None:
    """The end of the payer's last day, where days end first."""
    return datetime.combine(told.due_on, time(23, 59), UTC) if told.due_on else None
