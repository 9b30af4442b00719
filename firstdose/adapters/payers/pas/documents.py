"""A referral's documents as payers take them: inline in a request, or later through CDex `$submit-attachment`."""

from collections.abc import Iterator, Sequence

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import LOINC, NPI, Element, concept, trace_identifier
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Document, DocumentKind
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

_LOINC = {
    DocumentKind.CLINICAL_NOTE: "11506-3",
    DocumentKind.LAB_RESULT: "11502-2",
    DocumentKind.SIGNED_ORDER: "57833-6",
    DocumentKind.INSURANCE_CARD: "64290-0",
}
_NOTE = "34109-9"
_UNTYPED = "application/octet-stream"


def inline_documents(case: PayerCase) -> Iterator[Document]:
    """The documents that can be sent: payers take contents, not addresses (PAS: `attachment.url` 0..0)."""
    return (document for document in case.referral.documents if document.data is not None)


def document_reference(document: Document, patient: Element) -> Element:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {**concept(LOINC, _LOINC.get(document.kind, _NOTE)), "text": document.kind.value},
        "subject": patient,
        "content": [
            {
                "attachment": {
                    "contentType": document.content_type or _UNTYPED,
                    "data": document.data,
                    **({"title": document.title} if document.title else {}),
                }
            }
        ],
    }


def attachment(case: PayerCase, requestor: Requestor, kinds: Sequence[str]) -> Element:
    """Parameters for `$submit-attachment`: all documents of these kinds. Raises Impossible if there is none to send."""
    documents = [document for document in inline_documents(case) if document.kind.value in kinds]
    if not documents or case.referral.primary is None:
        raise Impossible(ProblemCode.NO_DOCUMENT_TO_SEND)
    member = case.referral.coverages[case.referral.primary].member_id
    us = {"system": NPI, "value": requestor.npi}
    parameters: list[Element] = [
        {"name": "TrackingId", "valueIdentifier": trace_identifier(requestor.originator, case.trace)},
        {"name": "AttachTo", "valueCode": "preauthorization"},
        {"name": "PayerId", "valueIdentifier": {"value": case.endpoint.payer}},
        {"name": "OrganizationId", "valueIdentifier": us},
        {"name": "ProviderId", "valueIdentifier": us},
        *([{"name": "MemberId", "valueIdentifier": {"value": member}}] if member else []),
        *(_part(document, member) for document in documents),
        {"name": "Final", "valueBoolean": True},
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def _part(document: Document, member: str | None) -> Element:
    reference = document_reference(document, {"identifier": {"value": member}} if member else {})
    if not member:
        del reference["subject"]
    return {
        "name": "Attachment",
        "part": [
            {"name": "Code", "valueCodeableConcept": reference["type"]},
            {"name": "Content", "resource": reference},
        ],
    }
