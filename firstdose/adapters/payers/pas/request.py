"""From a case to the PAS request Bundle: Claim/$submit (initial, revised, renewal, appeal, cancel) and Claim/$inquire.

As Da Vinci PAS 2.2.1 asks: tests/pas_guide.py lists what that is, and where the guide says it.
"""

from collections.abc import Sequence
from typing import Final

from firstdose.adapters.payers.pas.care_team import CareTeam, care_team
from firstdose.adapters.payers.pas.documents import document_information, document_reference, inline_documents
from firstdose.adapters.payers.pas.items import (
    INFO_CHANGED,
    certification_type,
    changed_item,
    item,
    level_of_service,
)
from firstdose.adapters.payers.pas.packet import EntryName, Packet
from firstdose.adapters.payers.pas.parties import Parties
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import (
    HCPCS,
    HL7,
    ICD10CM,
    NDC,
    PAS,
    RXNORM,
    Element,
    claims,
    coding,
    concept,
    extension,
    trace_identifier,
)
from firstdose.domain.authorization.lines import Certification, Line, LineKind
from firstdose.domain.referral.order import Medication
from firstdose.payer_ports import PayerCase

CLAIM: Final = EntryName("Claim", "claim")
"""The request itself among what is sent."""

_MOST_DIAGNOSES: Final = 12  # the X12 278 has room for twelve


def submission(case: PayerCase, requestor: Requestor) -> Element:
    """The Bundle for Claim/$submit. Raises Impossible if the referral has no coverage."""
    packet = Packet(case, requestor)
    parties = Parties(case, requestor, packet)
    team = care_team(case.referral, packet)
    orders = [
        packet.add(f"order-{number}", _medication_request(ordered, parties, team))
        for number, ordered in enumerate(case.referral.order.medications or (Medication(),), start=1)
    ]
    make = item if case.previous_trace is None else changed_item
    items = [_ordered(line, make(line, case, requestor), orders) for line in case.lines]
    claim = {
        **_claim(case, requestor, parties, "profile-claim-update" if case.previous_trace else "profile-claim"),
        **_related(case, requestor, parties, packet, team),
        **_supporting(case, parties, packet),
        **_staffed(items, team),
    }
    if case.previous_trace and all(line.certification is Certification.CANCEL for line in case.lines):
        claim["extension"].append(certification_type(Certification.CANCEL))
    return packet.bundle(packet.add(CLAIM.name, claim), profile="profile-pas-request-bundle")


def inquiry(case: PayerCase, requestor: Requestor) -> Element:
    """The Bundle for Claim/$inquire: what has become of the request with this trace number?"""
    packet = Packet(case, requestor)
    parties = Parties(case, requestor, packet)
    claim = _claim(case, requestor, parties, "profile-claim-inquiry")
    return packet.bundle(packet.add(CLAIM.name, claim), profile="profile-pas-inquiry-request-bundle")


def _claim(case: PayerCase, requestor: Requestor, parties: Parties, profile: str) -> Element:
    diagnoses = case.referral.order.diagnoses[:_MOST_DIAGNOSES]
    coded = [
        {"sequence": number, "diagnosisCodeableConcept": concept(ICD10CM, code)}
        for number, code in enumerate(diagnoses, start=1)
    ]
    return {
        "resourceType": "Claim",
        **claims(profile),
        "extension": [level_of_service(case)],
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


def _staffed(items: list[Element], team: CareTeam | None) -> Element:
    if team is None:
        return {"item": items}
    return {"careTeam": [team.member], "item": [{**each, "careTeamSequence": [1]} for each in items]}


def _related(case: PayerCase, requestor: Requestor, parties: Parties, packet: Packet, team: CareTeam | None) -> Element:
    """PAS wants the request that is changed referred to, and in the Bundle."""
    if case.previous_trace is None:
        return {}
    told = _prior(case, case.previous_trace, requestor, parties, team)
    prior = packet.add(CLAIM.name, told, trace=case.previous_trace)
    claim = {**prior, "identifier": trace_identifier(requestor.originator, case.previous_trace)}
    return {"related": [{"claim": claim, "relationship": concept(f"{HL7}ex-relatedclaimrelationship", "prior")}]}


def _prior(case: PayerCase, trace: str, requestor: Requestor, parties: Parties, team: CareTeam | None) -> Element:
    """The request that this one changes, as its lines are known now: payers know it by number and address."""
    asked = {"certification": Certification.INITIAL, "number": None}
    prior = case.model_copy(
        update={
            "trace": trace,
            "lines": tuple(line.model_copy(update=asked) for line in case.lines),
            "created_at": case.previous_created_at or case.created_at,
        }
    )
    return {
        **_claim(prior, requestor, parties, "profile-claim"),
        **_staffed([item(line, prior, requestor) for line in prior.lines], team),
    }


def _ordered(line: Line, made: Element, orders: Sequence[Element]) -> Element:
    """With the order that a drug's item is for."""
    if line.kind is LineKind.DRUG and line.medication < len(orders):
        order = extension("extension-requestedService", valueReference=orders[line.medication])
        made["extension"].append(order)
    return made


def _medication_request(ordered: Medication, parties: Parties, team: CareTeam | None) -> Element:
    drug = ordered.drug
    codes = [(RXNORM, drug.rxnorm), (NDC, drug.ndc), (HCPCS, drug.hcpcs)]
    coded = [coding(system, code) for system, code in codes if code]
    text = " ".join(each for each in (ordered.dose, ordered.route, ordered.frequency) if each)
    return {
        "resourceType": "MedicationRequest",
        **claims("profile-medicationrequest"),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {**({"coding": coded} if coded else {}), "text": drug.name or "unlisted drug"},
        "subject": parties.patient,
        **({"requester": team.practitioner} if team else {}),
        **({"dosageInstruction": [{"text": text}]} if text else {}),
    }


def _supporting(case: PayerCase, parties: Parties, packet: Packet) -> Element:
    """Documents with their contents, and the discharge when the start hangs on it; all are new in an update."""
    found: list[Element] = []
    for number, document in enumerate(inline_documents(case), start=1):
        reference = packet.add(f"document-{number}", document_reference(document, parties.patient))
        about = {"extension": [document_information(document)]}
        found.append({**about, "category": _category("additionalInformation"), "valueReference": reference})
    if case.referral.discharge_at is not None:
        discharge = case.referral.discharge_at.date().isoformat()
        found.append({"category": _category("dischargeDates"), "timingDate": discharge})
    if case.previous_trace is not None:
        for info in found:
            info["extension"] = [*info.get("extension", []), extension(INFO_CHANGED, valueCode="added")]
    numbered = [{"sequence": number, **info} for number, info in enumerate(found, start=1)]
    return {"supportingInfo": numbered} if numbered else {}


def _category(code: str) -> Element:
    return concept(f"{PAS}/CodeSystem/PASTempCodes", code)
