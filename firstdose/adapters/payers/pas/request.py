"""From a case to the PAS request Bundle: Claim/$submit (initial, revised, renewal, appeal, cancel) and Claim/$inquire.

Complete as Da Vinci PAS 2.2 asks. What a line is asked for is its `certification`.
"""

from collections.abc import Sequence

from firstdose.adapters.payers.pas.documents import document_reference, inline_documents
from firstdose.adapters.payers.pas.parties import Packet, Parties, practitioner
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import (
    HCPCS,
    HL7,
    ICD10CM,
    ITEM_TRACE,
    NDC,
    PAS,
    PLACE_OF_SERVICE,
    RXNORM,
    X12,
    Element,
    coding,
    concept,
    extension,
    service,
    trace_identifier,
)
from firstdose.domain.authorization.lines import Certification, Line, LineKind
from firstdose.domain.authorization.requested_period import requested_period
from firstdose.domain.referral.order import Medication, Order
from firstdose.payer_ports import PayerCase

CLAIM = "claim"
"""The name of the request itself among what is sent."""

_MOST_DIAGNOSES = 12  # the X12 278 has room for twelve
_HOME_HEALTH_CARE = "42"  # X12 1365
_HEALTH_SERVICES_REVIEW = "HS"  # X12 1525
_UNITS = {LineKind.DRUG: ("UN", "units"), LineKind.PER_DIEM: ("DA", "days"), LineKind.NURSING: ("VS", "visits")}


def submission(case: PayerCase, requestor: Requestor) -> Element:
    """The Bundle for Claim/$submit. Raises Impossible if the referral has no coverage."""
    packet = Packet(case)
    parties = Parties(case, requestor, packet)
    prescriber = packet.add("prescriber", practitioner(case.referral.prescriber))
    orders = [
        packet.add(f"order-{number}", _medication_request(ordered, parties, prescriber))
        for number, ordered in enumerate(case.referral.order.medications or (Medication(),), start=1)
    ]
    claim = {
        **_claim(case, requestor, parties, "profile-claim-update" if case.previous_trace else "profile-claim"),
        **_related(case, requestor),
        "careTeam": [
            {
                "extension": [extension("extension-careTeamClaimScope", valueBoolean=True)],
                "sequence": 1,
                "provider": prescriber,
            }
        ],
        **_supporting(case, parties, packet),
        "item": [_item(line, case, requestor, orders) for line in case.lines],
    }
    return packet.bundle(packet.add(CLAIM, claim), requestor, profile="profile-pas-request-bundle")


def inquiry(case: PayerCase, requestor: Requestor) -> Element:
    """The Bundle for Claim/$inquire: what has become of the request with this trace number?"""
    packet = Packet(case)
    parties = Parties(case, requestor, packet)
    claim = _claim(case, requestor, parties, "profile-claim-inquiry")
    return packet.bundle(packet.add(CLAIM, claim), requestor, profile="profile-pas-inquiry-request-bundle")


def _claim(case: PayerCase, requestor: Requestor, parties: Parties, profile: str) -> Element:
    diagnoses = case.referral.order.diagnoses[:_MOST_DIAGNOSES]
    coded = [
        {"sequence": number, "diagnosisCodeableConcept": concept(ICD10CM, code)}
        for number, code in enumerate(diagnoses, start=1)
    ]
    return {
        "resourceType": "Claim",
        "meta": {"profile": [f"{PAS}/StructureDefinition/{profile}"]},
        "extension": [_level_of_service(case)],
        "identifier": [trace_identifier(requestor.originator, case.trace)],
        "status": "active",
        "type": concept(f"{HL7}claim-type", "professional"),
        "use": "preauthorization",
        "patient": parties.patient,
        "created": case.created_at.isoformat(),
        "insurer": parties.insurer,
        "provider": parties.requestor,
        "priority": concept(f"{HL7}processpriority", "stat" if case.expedited else "normal"),
        **({"diagnosis": coded} if coded else {}),
        "insurance": [{"sequence": 1, "focal": True, "coverage": parties.coverage}],
    }


def _level_of_service(case: PayerCase) -> Element:
    """X12 UM06: what makes a request expedited for the payer; `priority` alone does not reach the 278."""
    return extension("extension-levelOfServiceCode", valueCodeableConcept=concept(f"{X12}1338", _urgency(case)))


def _urgency(case: PayerCase) -> str:
    return "U" if case.expedited else "E"


def _related(case: PayerCase, requestor: Requestor) -> Element:
    if case.previous_trace is None:
        return {}
    previous = {"type": "Claim", "identifier": trace_identifier(requestor.originator, case.previous_trace)}
    return {
        "related": [{"relationship": concept(f"{HL7}ex-relatedclaimrelationship", "prior"), "claim": previous}],
    }


def _item(line: Line, case: PayerCase, requestor: Requestor, orders: Sequence[Element]) -> Element:
    """`sequence` is the stable key of the line, kept over updates and answers."""
    cancelled = line.certification is Certification.CANCEL
    code, unit = _UNITS[line.kind]
    marks = [extension("modifierextension-infoCancelled", valueBoolean=True)]
    return {
        "extension": list(_item_extensions(line, case, requestor, orders)),
        **({"modifierExtension": marks} if cancelled else {}),
        "sequence": line.sequence,
        "careTeamSequence": [1],
        "category": concept(f"{X12}1365", _HOME_HEALTH_CARE),
        "productOrService": _product(line, case),
        **({"modifier": [concept(HCPCS, modifier) for modifier in line.modifiers]} if line.modifiers else {}),
        **_serviced(case.referral.order, line),
        "locationCodeableConcept": concept(PLACE_OF_SERVICE, line.place_of_service),
        "quantity": {"value": line.units, "unit": unit, "system": f"{X12}355", "code": code},
    }


def _item_extensions(line: Line, case: PayerCase, requestor: Requestor, orders: Sequence[Element]) -> list[Element]:
    trace = trace_identifier(requestor.originator, f"{case.trace}-{line.sequence}")
    found = [
        extension(ITEM_TRACE, valueIdentifier=trace),
        extension(
            "extension-serviceItemRequestType", valueCodeableConcept=concept(f"{X12}1525", _HEALTH_SERVICES_REVIEW)
        ),
        extension("extension-certificationType", valueCodeableConcept=concept(f"{X12}1322", line.certification.value)),
    ]
    if line.certification is Certification.APPEAL_EXPEDITED:  # PAS invariant ImmediateLevelOfCare
        found.append(_level_of_service(case))
    if line.certification in (Certification.REVISED, Certification.CANCEL):
        found.append(extension("extension-infoChanged", valueCode="changed"))
    if line.number:
        found.append(extension("extension-authorizationNumber", valueString=line.number))
    if line.kind is LineKind.DRUG and line.medication < len(orders):
        found.append(extension("extension-requestedService", valueReference=orders[line.medication]))
    return found


def _product(line: Line, case: PayerCase) -> Element:
    product = service(line.code)
    ndc = case.referral.order.medication(line.medication).drug.ndc
    if line.kind is LineKind.DRUG and ndc:
        product["coding"].append(coding(NDC, ndc))
    return product


def _serviced(order: Order, line: Line) -> Element:
    period = requested_period(order, line)
    if period is None:
        return {}
    return {"servicedPeriod": {"start": period.first.isoformat(), "end": period.last.isoformat()}}


def _medication_request(ordered: Medication, parties: Parties, prescriber: Element) -> Element:
    drug = ordered.drug
    codes = [(RXNORM, drug.rxnorm), (NDC, drug.ndc), (HCPCS, drug.hcpcs)]
    medication = {
        **(
            {"coding": [coding(system, code) for system, code in codes if code]}
            if any(code for _, code in codes)
            else {}
        ),
        "text": drug.name or "unlisted drug",
    }
    text = " ".join(each for each in (ordered.dose, ordered.route, ordered.frequency) if each)
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": medication,
        "subject": parties.patient,
        "requester": prescriber,
        **({"dosageInstruction": [{"text": text}]} if text else {}),
    }


def _supporting(case: PayerCase, parties: Parties, packet: Packet) -> Element:
    """Documents with their contents, and the discharge when the start hangs on it."""
    found: list[Element] = []
    for number, document in enumerate(inline_documents(case), start=1):
        reference = packet.add(f"document-{number}", document_reference(document, parties.patient))
        found.append({"category": _category("additionalInformation"), "valueReference": reference})
    if case.referral.discharge_at is not None:
        discharge = case.referral.discharge_at.date().isoformat()
        found.append({"category": _category("dischargeDates"), "timingDate": discharge})
    numbered = [{"sequence": number, **info} for number, info in enumerate(found, start=1)]
    return {"supportingInfo": numbered} if numbered else {}


def _category(code: str) -> Element:
    return concept(f"{PAS}/CodeSystem/PASTempCodes", code)
