"""What the payer wants to see before it decides: a person finds it, and it is sent; the payer may decide meanwhile."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import InformationRequest, LineState, move
from firstdose.domain.clock.rules import ClockPurpose
from firstdose.domain.payer.channel import Channel
from firstdose.domain.work.resolutions import AnswerInformationRequest
from firstdose.domain.work.work_item import WorkItemKind
from firstdose.ports import DocumentsReply
from workflows import options
from workflows.authorization.clock import PayerClock
from workflows.authorization.state import PayerRequest, shown
from workflows.mechanism.track import Track

_ASKED = {LineState.INFO_REQUESTED}


@dataclass
class Documents(Track):
    clock: PayerClock

    async def ask_for(self, request: PayerRequest) -> None:
        """Open the work item, once; it is due when the payer says, or its rule."""
        if self.worklist.asked(AnswerInformationRequest, about=request.contact_id):
            return
        lines = self.authorization.asked_about(request)
        clock = await self.clock.start(ClockPurpose.INFORMATION, at=workflow.now(), lines=lines)
        information = request.wanted or InformationRequest()
        ends = [end for end in (_end_of(information), clock.due_at if clock else None) if end]
        usual = self.case.policy.due_for(WorkItemKind.ANSWER_INFORMATION_REQUEST)
        self.worklist.open(
            AnswerInformationRequest,
            about=request.contact_id,
            contacts=[request.contact_id],
            due_in=min([usual, *(max(end - workflow.now(), timedelta()) for end in ends)]),
            wanted=information.wanted,
            control_number=information.control_number,
            due_on=information.due_on,
            send_by=min(ends, default=None),
            rule=clock.rule if clock else None,
            documents=self.case.outline.documents,
            tracking=request.known.tracking,
            lines=shown(lines),
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
        asked = [line.sequence for line in self.authorization.asked_about(request)]
        found = answer.outcome == "sent"
        if found and request.channel is Channel.PAS:
            reply = DocumentsReply(
                referral_id=self.case.referral_id,
                key=request.contact_id,
                documents=answer.documents,
                information=request.wanted or InformationRequest(),
            )
            config = options.payer(self.case.policy.payer.give_up_after)
            await self.effects.tell(PayerActivities.send_documents, reply, config, "send documents to the payer")
        self.worklist.take(AnswerInformationRequest, about=request.contact_id)
        state = LineState.PENDED if found else LineState.NEEDS_REVIEW
        lines = move(self.authorization.lines, state, of=_ASKED, only=asked)
        self.authorization.set_lines(lines, "staff", self.journal)


def _end_of(information: InformationRequest) -> datetime | None:
    """The end of the payer's last day, where days end first."""
    return datetime.combine(information.due_on, time(23, 59), UTC) if information.due_on else None
