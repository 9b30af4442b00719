"""Payers that speak FHIR: Da Vinci PAS for authorizations, CDex for documents, plain FHIR for eligibility.

An answer to a submission that cannot be read leaves it in doubt whether the payer has the request: UnreadableAnswer is
Unavailable, so that the desk asks before it sends again.
"""

from collections.abc import Sequence
from dataclasses import replace

from firstdose.adapters.payers.exchange import Unknown
from firstdose.adapters.payers.pas.answer import read_answer, read_inquiry
from firstdose.adapters.payers.pas.answer_match import SentRequest
from firstdose.adapters.payers.pas.documents import attachment
from firstdose.adapters.payers.pas.elements import UnreadableFhir
from firstdose.adapters.payers.pas.eligibility import eligibility_request, read_benefits
from firstdose.adapters.payers.pas.packet import address_of
from firstdose.adapters.payers.pas.request import CLAIM, inquiry, submission
from firstdose.adapters.payers.pas.subscribing import PasSubscribing
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import Certification
from firstdose.payer_ports import (
    PayerCase,
    Received,
    ReceivedAnswer,
    ReceivedBenefits,
    UnreadableAnswer,
)


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
            return read_answer(raw, _sequences(case), trust_outcome=_trusted(case), sent=_sent(case))
        except UnreadableFhir:
            raise UnreadableAnswer(raw) from None

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        try:
            raw = await self._client.post(case.endpoint, "Claim/$inquire", inquiry(case, self._requestor))
        except Unknown:
            return None
        try:
            return read_inquiry(raw, case.trace, _sequences(case), trust_outcome=_trusted(case))
        except UnreadableFhir:
            raise UnreadableAnswer(raw) from None

    async def send_documents(self, case: PayerCase, kinds: Sequence[str]) -> None:
        await self._client.post(case.endpoint, "$submit-attachment", attachment(case, self._requestor, kinds))

    async def void(self, case: PayerCase) -> Received | None:
        """Cancel `case.previous_trace`; a payer that never had it is content."""
        lines = tuple(line.model_copy(update={"certification": Certification.CANCEL}) for line in case.lines)
        cancelling = case.model_copy(update={"lines": lines})
        try:
            raw = await self._client.post(case.endpoint, "Claim/$submit", submission(cancelling, self._requestor))
        except Unknown:
            return None
        return _answer_to_cancellation(raw, case)


def _sent(case: PayerCase) -> SentRequest:
    return SentRequest(case.trace, address_of(case.trace, CLAIM))


def _answer_to_cancellation(raw: bytes, case: PayerCase) -> Received:
    """Any answer. It may name the request that is cancelled; an unreadable one names nobody."""
    try:
        named = read_answer(raw, sent=_sent(case)).named
    except UnreadableFhir:
        return Received(raw=raw, named=Named())
    if case.previous_trace in named.requests | named.numbers:
        named = replace(named, numbers=named.numbers | {case.trace})
    return Received(raw=raw, named=named)


def _sequences(case: PayerCase) -> tuple[int, ...]:
    return tuple(line.sequence for line in case.lines)


def _trusted(case: PayerCase) -> bool:
    return case.endpoint.trust_outcome_when_no_review_action
