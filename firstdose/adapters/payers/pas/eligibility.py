"""FHIR CoverageEligibilityRequest and CoverageEligibilityResponse, to and from the benefits of a plan.

There is no Da Vinci guide for it: plain R4, sent as a collection like a PAS request so that nothing is looked up.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from firstdose.adapters.payers.pas.answer_match import SentRequest, named_by
from firstdose.adapters.payers.pas.coverage_told import problem_of, remarks_of_benefits, status_of
from firstdose.adapters.payers.pas.elements import (
    UnreadableFhir,
    codes,
    has,
    identifiers,
    money,
    parse,
    part,
    parts,
    resources,
    unwrapped,
    whole,
)
from firstdose.adapters.payers.pas.packet import EntryName, Packet, address_of
from firstdose.adapters.payers.pas.parties import Parties
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import Element, service, trace_identifier
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerCase, Received, ReceivedBenefits, UnclearAnswer
from firstdose.ports import Unavailable

REQUEST: Final = EntryName("CoverageEligibilityRequest", "request")
"""The question itself among what is sent."""

# X12 AAA03 reject reasons, as payers of eligibility use them.
_PAYER_DOWN: Final = "42"
_PERSON_NOT_FOUND: Final = frozenset({"58", "64", "65", "67", "71", "72", "73", "75"})


def eligibility_request(case: PayerCase, requestor: Requestor) -> Element:
    """The Bundle that asks for coverage, benefits and which of the case's lines need authorization."""
    packet = Packet(case, requestor)
    parties = Parties(case, requestor, packet)
    asked = {
        "resourceType": "CoverageEligibilityRequest",
        "identifier": [trace_identifier(requestor.originator, case.trace)],
        "status": "active",
        "purpose": ["validation", "benefits", "auth-requirements"],
        "patient": parties.patient,
        "servicedDate": case.day_of_service.isoformat(),
        "created": case.created_at.isoformat(),
        "provider": parties.requestor,
        "insurer": parties.insurer,
        "insurance": [{"focal": True, "coverage": parties.coverage}],
        **({"item": [{"productOrService": service(line.code)} for line in case.lines]} if case.lines else {}),
    }
    return packet.bundle(packet.add(REQUEST.name, asked))


def read_benefits(raw: bytes, case: PayerCase) -> ReceivedBenefits:
    """Read the payer's answer.

    A line needs authorization unless the payer says in so many words that its code does not.

    Raises:
        Unreadable: it is no CoverageEligibilityResponse.
        Unavailable: the payer's own system is down.
        UnclearAnswer: the payer refuses, does not say whether the plan is in force on the day of service, or says
            what only a person can judge.
    """
    bundle = unwrapped(parse(raw))
    response = next(resources(bundle, "CoverageEligibilityResponse"), None)
    if response is None:
        raise UnreadableFhir("no CoverageEligibilityResponse")
    named = named_by(bundle, response, SentRequest(case.trace, address_of(case.trace, REQUEST)))
    remarks = remarks_of_benefits(bundle, response, case)
    read = _benefits_in(bundle, response, case)
    if isinstance(read, ProblemCode):
        raise UnclearAnswer(read, remarks, Received(raw=raw, named=named))
    return ReceivedBenefits(raw=raw, named=named, benefits=read.model_copy(update={"remarks": remarks}))


def _benefits_in(bundle: Element, response: Element, case: PayerCase) -> Benefits | ProblemCode:
    """The benefits; else why a person must look."""
    errors = {code for error in parts(response, "error") for code in codes(part(error, "code"))}
    if _PAYER_DOWN in errors:
        raise Unavailable(ProblemCode.PAYER_SYSTEM_DOWN)
    if errors and errors <= _PERSON_NOT_FOUND:
        reference = next(identifiers(response), None)
        return Benefits(status=CoverageStatus.NOT_FOUND, reference=reference, channel=Channel.PAS)
    if has(response, "error"):
        return ProblemCode.ELIGIBILITY_NOT_TOLD
    status = status_of(response, case.day_of_service)
    problem = problem_of(bundle, response, case) or status
    return problem if isinstance(problem, ProblemCode) else _benefits_told(response, case, problem)


def _benefits_told(response: Element, case: PayerCase, status: CoverageStatus) -> Benefits:
    items = [item for insurance in parts(response, "insurance") for item in parts(insurance, "item")]
    return Benefits(
        status=status,
        in_network=_in_network(items),
        deductible_remaining=_remaining(items, "deductible"),
        out_of_pocket_remaining=_remaining(items, "out-of-pocket"),
        copay=next((money(part(benefit, "allowedMoney").get("value")) for benefit in _benefits(items, "copay")), None),
        coinsurance_percent=_percent(items),
        needs_authorization=_needing(items, case),
        reference=next(identifiers(response), None),
        channel=Channel.PAS,
    )


def _needing(items: list[Element], case: PayerCase) -> frozenset[LineKind]:
    values = [(set(codes(part(item, "productOrService"))), item.get("authorizationRequired")) for item in items]
    free = set()
    for line in case.lines:
        about = [required for named, required in values if line.code in named]
        if about and all(required is False for required in about):
            free.add(line.kind)
    return frozenset(LineKind) - free


def _in_network(items: list[Element]) -> bool | None:
    values = {code for item in items for code in codes(part(item, "network"))}
    return None if len(values & {"in", "out"}) != 1 else "in" in values


def _benefits(items: list[Element], kind: str) -> Iterator[Element]:
    for item in items:
        for benefit in parts(item, "benefit"):
            if kind in codes(part(benefit, "type")):
                yield benefit


def _remaining(items: list[Element], kind: str) -> Decimal | None:
    for benefit in _benefits(items, kind):
        allowed = money(part(benefit, "allowedMoney").get("value"))
        if allowed is not None:
            return max(Decimal(0), allowed - (money(part(benefit, "usedMoney").get("value")) or Decimal(0)))
    return None


def _percent(items: list[Element]) -> int | None:
    for benefit in _benefits(items, "copay-percent"):
        percent = whole(benefit.get("allowedUnsignedInt"))
        return percent if percent is not None and percent <= 100 else None
    return None
