"""Payers that speak X12: 270/271 for eligibility, 278 for authorizations, through a clearinghouse.

An answer to a submission that cannot be read leaves it in doubt whether the payer has the request: UnreadableAnswer is
Unavailable, so that the desk asks before it sends again. Documents go by fax or portal: a 275 is not exchanged.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Never, TypeVar

from firstdose.adapters.payers.cancellation import confirmed
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.x12.acknowledgement import Verdict, acknowledged
from firstdose.adapters.payers.x12.answer_278 import read_answer, read_inquiry
from firstdose.adapters.payers.x12.answer_match import benefits_named_by, review_named_by
from firstdose.adapters.payers.x12.eligibility_270 import inquiry as eligibility_inquiry
from firstdose.adapters.payers.x12.eligibility_271 import read_benefits
from firstdose.adapters.payers.x12.envelope import (
    ELIGIBILITY,
    REVIEW,
    REVIEW_INQUIRY,
    ControlNumbers,
    InterchangeAddress,
    Transaction,
    TransactionType,
    read_interchange,
    write_interchange,
)
from firstdose.adapters.payers.x12.remarks_ack import remarks_of_acknowledgement
from firstdose.adapters.payers.x12.request_278 import inquiry, submission
from firstdose.adapters.payers.x12.segments import Segment, UnreadableX12, Unwritable
from firstdose.adapters.payers.x12.transport import Transport
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import Certification, LineAnswer, LineState, PayerAnswer
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import (
    PayerCase,
    Received,
    ReceivedAnswer,
    ReceivedBenefits,
    RefusedRequest,
    UnclearAnswer,
    UnreadableAnswer,
)
from firstdose.ports import Impossible, Unavailable

_ANSWERS = {ELIGIBILITY: "271", REVIEW: "278", REVIEW_INQUIRY: "278"}

T = TypeVar("T")


class _Reply(NamedTuple):
    """What came, and the transaction in it; None if our interchange was accepted and no answer came with it."""

    raw: bytes
    transaction: Transaction | None


class X12Channel:
    """Implements payer_ports.PayerChannel; one instance serves every payer."""

    def __init__(self, transport: Transport, requestor: Requestor, control_numbers: ControlNumbers) -> None:
        self._transport = transport
        self._requestor = requestor
        self._control_numbers = control_numbers

    async def verify_benefits(self, case: PayerCase) -> ReceivedBenefits:
        reply = await self._ask(ELIGIBILITY, case, eligibility_inquiry(case, self._requestor))
        if reply.transaction is None:
            raise Unavailable(ProblemCode.PAYER_ANSWERS_LATER)
        try:
            benefits = _read(read_benefits, reply.transaction, case, reply.raw)
        except UnclearAnswer as unclear:
            received = Received(raw=reply.raw, named=benefits_named_by(reply.transaction))
            raise UnclearAnswer(unclear.problem, unclear.remarks, received) from None
        return ReceivedBenefits(raw=reply.raw, named=benefits_named_by(reply.transaction), benefits=benefits)

    async def submit(self, case: PayerCase) -> ReceivedAnswer:
        reply = await self._ask(REVIEW, case, submission(case, self._requestor))
        if reply.transaction is None:
            return ReceivedAnswer(raw=reply.raw, named=Named(), answer=_awaited(case))
        answer = _read(read_answer, reply.transaction, case, reply.raw)
        return ReceivedAnswer(raw=reply.raw, named=review_named_by(reply.transaction, case), answer=answer)

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        reply = await self._ask(REVIEW_INQUIRY, case, inquiry(case, self._requestor))
        if reply.transaction is None:
            raise Unavailable(ProblemCode.PAYER_ANSWERS_LATER)
        answer = _read(read_inquiry, reply.transaction, case, reply.raw)
        if answer is None:
            return None
        return ReceivedAnswer(raw=reply.raw, named=review_named_by(reply.transaction, case), answer=answer)

    async def send_documents(self, case: PayerCase, kinds: Sequence[str]) -> Never:
        """People send them."""
        raise Impossible(ProblemCode.DOCUMENTS_NOT_ELECTRONIC)

    async def void(self, case: PayerCase) -> Received:
        """Cancel `case.previous_trace`; a payer that never had it is content."""
        lines = tuple(line.model_copy(update={"certification": Certification.CANCEL}) for line in case.lines)
        cancelling = case.model_copy(update={"lines": lines})
        return confirmed(await self.submit(cancelling))

    async def _ask(self, kind: TransactionType, case: PayerCase, body: Sequence[Segment]) -> _Reply:
        """Raises Impossible if our interchange is rejected, or cannot be written at all."""
        address, control = self._address(case), await self._control_numbers.next()
        try:
            interchange = write_interchange(kind, body, address, control, case.created_at)
        except Unwritable:
            raise Impossible(ProblemCode.VALUE_CANNOT_BE_SENT) from None
        raw = await self._transport.exchange(case.endpoint, kind, address, interchange)
        try:
            return _reply(raw, kind, control)
        except UnreadableX12:
            raise UnreadableAnswer(raw) from None

    def _address(self, case: PayerCase) -> InterchangeAddress:
        endpoint = case.endpoint
        receiver = endpoint.x12_receiver or endpoint.payer.upper()
        return InterchangeAddress(endpoint.x12_sender or self._requestor.npi, receiver[:15], endpoint.x12_test)


def _reply(raw: bytes, kind: TransactionType, control: int) -> _Reply:
    interchange = read_interchange(raw)
    verdict = acknowledged(interchange, control)
    if verdict is Verdict.REJECTED:
        raise RefusedRequest(raw, remarks_of_acknowledgement(interchange))
    answers = [one for one in interchange.transactions if one.code == _ANSWERS[kind]]
    if len(answers) > 1 or (not answers and verdict is None):
        raise UnreadableX12("not one answer")
    return _Reply(raw, answers[0] if answers else None)


def _read(reader: Callable[[Transaction, PayerCase], T], transaction: Transaction, case: PayerCase, raw: bytes) -> T:
    try:
        return reader(transaction, case)
    except UnreadableX12:
        raise UnreadableAnswer(raw) from None


def _awaited(case: PayerCase) -> PayerAnswer:
    """The payer has the request and has not answered yet."""
    return PayerAnswer(lines=tuple(LineAnswer(sequence=line.sequence, state=LineState.PENDED) for line in case.lines))
