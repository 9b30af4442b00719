"""What a 278 response decides: each line by the review action (HCR01) in its own service loop, and by nothing else.

Never by an authorization number or a date, for denials and pends carry them too. What cannot be understood needs a
person; it is never an approval.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from firstdose.adapters.payers.awaiting_documents import awaiting_documents
from firstdose.adapters.payers.cancellation import NO_SUCH_REQUEST
from firstdose.adapters.payers.x12.answer_line import (
    ServiceLine,
    action_code,
    names_a_request,
    number_of,
    read_line,
    trace_numbers,
)
from firstdose.adapters.payers.x12.envelope import Transaction
from firstdose.adapters.payers.x12.hierarchy import EVENT, SERVICE, Level, levels
from firstdose.adapters.payers.x12.information import information_of
from firstdose.adapters.payers.x12.rejection import Rejection, rejections_at
from firstdose.adapters.payers.x12.remarks_278 import remarks_of_people, remarks_of_review
from firstdose.adapters.payers.x12.segments import Segment, UnreadableX12
from firstdose.adapters.payers.x12.values import short_text
from firstdose.domain.authorization.lines import Line, LineAnswer, LineState, PayerAnswer, state_of
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

_ADMINISTRATIVE_REFERENCE: Final = "NT"
_UNAUTHORIZING: Final = (LineState.DENIED, LineState.PENDED, LineState.VOID)


class ReviewEvent(NamedTuple):
    """One event of an answer and the services under it."""

    level: Level
    services: tuple[ServiceLine, ...]

    @property
    def traces(self) -> set[str]:
        """By which it may name our request: its own numbers, and its services' without the line's sequence."""
        lines = {trace for service in self.services for trace in trace_numbers(service.level)}
        return trace_numbers(self.level) | {trace.rpartition("-")[0] for trace in lines}

    @property
    def levels(self) -> list[Level]:
        return [self.level, *(service.level for service in self.services)]

    @property
    def segments(self) -> list[Segment]:
        return [one for level in self.levels for one in level.segments]

    @property
    def names_a_request(self) -> bool:
        return any(names_a_request(level) for level in self.levels)


def read_answer(transaction: Transaction, case: PayerCase) -> PayerAnswer:
    """Read the answer to a submission.

    Raises:
        Unreadable: it is no answer to this request.
        Unavailable: the payer's system is down, and it has not kept the request.
    """
    found = levels(transaction.segments)
    events = events_of(found)
    ours = naming_us(events, case)
    if not ours and not any(event.names_a_request for event in events):
        ours = events  # the direct answer to our call, which need not repeat our number
    if ours:
        return _one_answer([_answer(event, case) for event in ours], case)
    if events:
        raise UnreadableX12("an answer to another request")
    return _refused(rejections_at(found), case, remarks_of_people(found))


def read_inquiry(transaction: Transaction, case: PayerCase) -> PayerAnswer | None:
    """Read the answer to an inquiry, which may list other requests for the same patient: only ours counts.

    None if the payer has no such request.

    Raises:
        Unreadable: an event names no request at all, for it could be ours.
        Unavailable: the payer's system is down.
        Impossible: the payer refuses the inquiry.
    """
    found = levels(transaction.segments)
    events = events_of(found)
    if ours := naming_us(events, case):
        answers = [answer for event in ours if (answer := _inquired(event, case))]
        return _one_answer(answers, case) if answers else None
    refused = rejections_at(found)
    if refused:
        _raise_unless_absent(refused)
        return None
    if not events or not all(event.names_a_request for event in events):
        raise UnreadableX12("an event that names no request")
    return None


def _inquired(event: ReviewEvent, case: PayerCase) -> PayerAnswer | None:
    if not _decides(event) and (refused := rejections_at(event.level.lineage)):
        _raise_unless_absent(refused)
        return None
    return _answer(event, case)


def _raise_unless_absent(refused: Sequence[Rejection]) -> None:
    """An inquiry's rejection: either the payer has no such request, or there is no answer."""
    for rejection in refused:
        if rejection.payer_down:
            raise rejection.unavailable()
    if any(rejection.reason != NO_SUCH_REQUEST for rejection in refused):
        raise Impossible(ProblemCode.PAYER_REFUSED_REQUEST)


def events_of(found: Sequence[Level]) -> list[ReviewEvent]:
    return [
        ReviewEvent(level, tuple(ServiceLine(one) for one in found if one.code == SERVICE and one.parent is level))
        for level in found
        if level.code == EVENT
    ]


def naming_us(events: Sequence[ReviewEvent], case: PayerCase) -> list[ReviewEvent]:
    """Those that have our number."""
    return [event for event in events if case.trace.upper() in event.traces]


def _decides(event: ReviewEvent) -> bool:
    return any(one.tag == "HCR" for one in event.segments)


def _one_answer(answers: Sequence[PayerAnswer], case: PayerCase) -> PayerAnswer:
    """Several events under one trace number must agree."""
    remarks = tuple(remark for answer in answers for remark in answer.remarks)[:MOST_REMARKS]
    decisions = [answer.model_copy(update={"remarks": ()}) for answer in answers]
    if all(decision == decisions[0] for decision in decisions):
        return decisions[0].model_copy(update={"remarks": remarks})
    return _for_review(case, remarks)


def _answer(event: ReviewEvent, case: PayerCase) -> PayerAnswer:
    refused = rejections_at(event.level.lineage)
    if refused and not _decides(event):
        return _refused(refused, case, remarks_of_people([*event.level.lineage]))
    information = information_of(event.level, event.services, case)
    return PayerAnswer(
        lines=awaiting_documents(tuple(_line(line, event, case) for line in case.lines), information),
        tracking=_tracking(event),
        information=information,
        remarks=remarks_of_review(event.level, event.services, case),
    )


def _refused(refused: Sequence[Rejection], case: PayerCase, remarks: tuple[PayerRemark, ...]) -> PayerAnswer:
    """The request as a whole was not processed."""
    if not refused:
        raise UnreadableX12("neither a decision nor a rejection")
    down = [rejection for rejection in refused if rejection.payer_down]
    if any(rejection.held for rejection in down):
        waiting = tuple(LineAnswer(sequence=line.sequence, state=LineState.PENDED) for line in case.lines)
        return PayerAnswer(lines=waiting, remarks=remarks)
    if down:
        raise down[0].unavailable()
    return _for_review(case, remarks, refused[0].reason)


def _for_review(case: PayerCase, remarks: tuple[PayerRemark, ...], reason: str | None = None) -> PayerAnswer:
    return PayerAnswer(lines=tuple(_review(line, reason) for line in case.lines), remarks=remarks)


def _review(line: Line, reason: str | None = None) -> LineAnswer:
    return LineAnswer(sequence=line.sequence, state=LineState.NEEDS_REVIEW, reason_code=reason)


def _line(line: Line, event: ReviewEvent, case: PayerCase) -> LineAnswer:
    about = [service for service in event.services if service.is_of(line, case)]
    answers = [_line_answer(service, line, event, case) for service in about]
    if answers:
        return answers[0] if all(one == answers[0] for one in answers) else _review(line)
    if action_code(event.level):
        return _by_event(line, event, case)
    strangers = any(not any(service.is_of(each, case) for each in case.lines) for service in event.services)
    if strangers or not _decides(event):
        return _review(line)
    return LineAnswer(sequence=line.sequence, state=LineState.PENDED)  # the others have their answer, this one not yet


def _line_answer(service: ServiceLine, line: Line, event: ReviewEvent, case: PayerCase) -> LineAnswer:
    silent = action_code(service.level) is None and not rejections_at([service.level])
    if silent and action_code(event.level):
        return _by_event(line, event, case, service)
    return read_line(service, line, service.level, event.level)


def _by_event(line: Line, event: ReviewEvent, case: PayerCase, service: ServiceLine | None = None) -> LineAnswer:
    """The effect of the event's action on a line without its own action: it may deny or pend the line.

    It approves only at payers that are marked so (`trust_outcome_when_no_review_action`): the service that it repeats,
    or all of them where it repeats none.
    """
    trusted = case.endpoint.trust_outcome_when_no_review_action
    if trusted and (service or not event.services):
        return read_line(service or ServiceLine(event.level), line, event.level, event.level)
    state = state_of(action_code(event.level))
    reason = next((short_text(hcr.value(3), 20) for hcr in event.level.all("HCR")), None)
    if state not in _UNAUTHORIZING:
        state = LineState.NEEDS_REVIEW
    number = number_of(service.level if service else event.level, event.level, event.level)
    return LineAnswer(sequence=line.sequence, state=state, number=number, reason_code=reason)


def _tracking(event: ReviewEvent) -> str | None:
    values = (one.value(2) for one in event.segments if one.tag == "REF" and one.value(1) == _ADMINISTRATIVE_REFERENCE)
    return next((tracking for one in values if (tracking := short_text(one, 80))), None)
