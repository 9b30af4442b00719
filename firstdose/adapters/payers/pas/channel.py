"""Payers that speak FHIR: Da Vinci PAS for authorizations, CDex for documents, plain FHIR for eligibility.

An answer to a submission that cannot be read leaves it in doubt whether the payer has the request: UnreadableAnswer is
Unavailable, so that the desk asks before it sends again.
"""

from collections.abc import Sequence
from dataclasses import replace

from firstdose.adapters.payers.cancellation import confirmed
from firstdose.adapters.payers.exchange import Unknown
from firstdose.adapters.payers.pas.answer import read_answer, read_inquiry
from firstdose.adapters.payers.pas.answer_match import SentRequest
from firstdose.adapters.payers.pas.documents import attachment
from firstdose.adapters.payers.pas.elements import UnreadableFhir
from firstdose.adapters.payers.pas.eligibility import eligibility_request, read_benefits
from firstdose.adapters.payers.pas.outcome import offers_operation, says_not_found
from firstdose.adapters.payers.pas.packet import address_of
from firstdose.adapters.payers.pas.request import CLAIM, inquiry, submission
from firstdose.adapters.payers.pas.subscribing import PasSubscribing
from firstdose.adapters.payers.pas.terminology import trace_identifier
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import Certification
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import (
    PayerCase,
    PayerEndpoint,
    Received,
    ReceivedAnswer,
    ReceivedBenefits,
    UnclearAnswer,
    UnreadableAnswer,
)
from firstdose.ports import PortError


class PasChannel(PasSubscribing):
    """Implements payer_ports.PayerChannel; one instance serves every payer."""

    async def verify_benefits(self, case: PayerCase) -> ReceivedBenefits:
        asked = eligibility_request(case, self._requestor)
        raw = await self._client.post(case.endpoint, "CoverageEligibilityRequest/$submit", asked)
        try:
            return read_benefits(raw, case)
        except UnreadableFhir:
            raise UnreadableAnswer(raw) from None

    async def submit(self, case: PayerCase) -> ReceivedAnswer:
        raw = await self._client.post(case.endpoint, "Claim/$submit", submission(case, self._requestor))
        try:
            received = read_answer(raw, _sequences(case), trust_outcome=_trusted(case), sent=self._sent(case))
        except UnreadableFhir:
            raise UnreadableAnswer(raw) from None
        return _answer_to_change(received, case)

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        try:
            raw = await self._client.post(case.endpoint, "Claim/$inquire", inquiry(case, self._requestor))
        except Unknown as unknown:
            if await self._has_none(case.endpoint, unknown):
                return None
            received = Received(raw=unknown.body, named=Named())
            raise UnclearAnswer(ProblemCode.INQUIRY_NOT_OFFERED, unknown.remarks, received) from None
        try:
            return read_inquiry(raw, self._sent(case), _sequences(case), trust_outcome=_trusted(case))
        except UnreadableFhir:
            raise UnreadableAnswer(raw) from None

    async def send_documents(self, case: PayerCase, kinds: Sequence[str]) -> None:
        await self._client.post(case.endpoint, "$submit-attachment", attachment(case, self._requestor, kinds))

    async def void(self, case: PayerCase) -> Received | None:
        """Cancel `case.previous_trace`; a payer that never had it is content, where it says so in an answer."""
        lines = tuple(line.model_copy(update={"certification": Certification.CANCEL}) for line in case.lines)
        return confirmed(await self.submit(case.model_copy(update={"lines": lines})))

    async def _has_none(self, endpoint: PayerEndpoint, unknown: Unknown) -> bool:
        """Whether it is our request that is not there, and not the operation: a gateway's 404 looks the same.

        Only a server that says that it offers the inquiry can mean the request.
        """
        if not says_not_found(unknown.body):
            return False
        try:
            statement = await self._client.get(endpoint, "metadata")
        except PortError:
            return False
        return offers_operation(statement, "Claim", "inquire")

    def _sent(self, case: PayerCase) -> SentRequest:
        system = trace_identifier(self._requestor.originator, case.trace)["system"]
        return SentRequest(case.trace, address_of(case.trace, CLAIM), case, system)


def _answer_to_change(received: ReceivedAnswer, case: PayerCase) -> ReceivedAnswer:
    """The direct answer to a cancellation or an update may name the request that is changed."""
    named = received.named
    if case.previous_trace not in named.requests | named.numbers:
        return received
    return received.model_copy(update={"named": replace(named, numbers=named.numbers | {case.trace})})


def _sequences(case: PayerCase) -> tuple[int, ...]:
    return tuple(line.sequence for line in case.lines)


def _trusted(case: PayerCase) -> bool:
    return case.endpoint.trust_outcome_when_no_review_action
