"""A referral's documents as payers take them: inline in a request, or later through CDex `$submit-attachment`."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from firstdose.adapters.payers.pas.identifiers import member_id, payer_id
from firstdose.adapters.payers.pas.identifiers import npi as npi_identifier
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import (
    LOINC,
    X12,
    Element,
    claims,
    concept,
    extension,
    trace_identifier,
)
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Document, DocumentKind
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

_LOINC: Final = {
    DocumentKind.CLINICAL_NOTE: "11506-3",
    DocumentKind.LAB_RESULT: "11502-2",
    DocumentKind.SIGNED_ORDER: "57833-6",
    DocumentKind.INSURANCE_CARD: "64290-0",
}
_NOTE: Final = "34109-9"
_REPORT_TYPE: Final = {  # X12 755, in PWK01
    DocumentKind.CLINICAL_NOTE: "09",
    DocumentKind.LETTER_OF_MEDICAL_NECESSITY: "03",
    DocumentKind.LAB_RESULT: "LA",
    DocumentKind.SIGNED_ORDER: "B3",
    DocumentKind.INSURANCE_CARD: "77",
}
_MEDICAL_RECORD: Final = "M1"
_CATEGORY: Final = concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note")
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_UNTYPED: Final = "application/octet-stream"


def inline_documents(case: PayerCase) -> Iterator[Document]:
    """The documents that can be sent: payers take contents, not addresses (PAS: `attachment.url` 0..0)."""
    return (document for document in case.referral.documents if document.data is not None)


def document_information(document: Document) -> Element:
    """What PAS wants to know of a document in the request itself: its type, as the 278 says it."""
    code = _REPORT_TYPE.get(document.kind, _MEDICAL_RECORD)
    report = {"url": "reportTypeCode", "valueCodeableConcept": concept(f"{X12}755", code)}
    return extension("extension-documentInformation", extension=[report])


def document_reference(document: Document, patient: Element) -> Element:
    return {
        "resourceType": "DocumentReference",
        **claims("profile-documentreference"),
        "status": "current",
        "type": {**concept(LOINC, _LOINC.get(document.kind, _NOTE)), "text": document.kind.value},
        "category": [_CATEGORY],
        "subject": patient,
        "content": [
            {
                "attachment": {
                    "contentType": _media_type(document),
                    "data": document.data,
                    **({"title": document.title} if document.title else {}),
                }
            }
        ],
    }


def _media_type(document: Document) -> str:
    """Sources write other things too, such as `PDF`."""
    told, _, _ = (document.content_type or "").lower().partition(";")
    return told.strip() if _MEDIA_TYPE.fullmatch(told.strip()) else _UNTYPED


def attachment(case: PayerCase, requestor: Requestor, kinds: Sequence[str]) -> Element:
    """Parameters for `$submit-attachment`: all documents of these kinds. Raises Impossible if there is none to send."""
    documents = [document for document in inline_documents(case) if document.kind.value in kinds]
    if not documents or case.referral.primary is None:
        raise Impossible(ProblemCode.NO_DOCUMENT_TO_SEND)
    coverage = case.referral.coverages[case.referral.primary]
    member = member_id(coverage, case, requestor)
    us = npi_identifier(requestor.npi)
    parameters: list[Element] = [
        {"name": "TrackingId", "valueIdentifier": trace_identifier(requestor.originator, case.trace)},
        {"name": "AttachTo", "valueCode": "preauthorization"},
        {"name": "PayerId", "valueIdentifier": payer_id(case, requestor)},
        {"name": "OrganizationId", "valueIdentifier": us},
        {"name": "ProviderId", "valueIdentifier": us},
        *([{"name": "MemberId", "valueIdentifier": member}] if coverage.member_id else []),
        *(_part(document, member) for document in documents),
        {"name": "Final", "valueBoolean": True},
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def _part(document: Document, member: Element) -> Element:
    reference = document_reference(document, {"type": "Patient", "identifier": member})
    return {
        "name": "Attachment",
        "part": [
            {"name": "Code", "valueCodeableConcept": reference["type"]},
            {"name": "Content", "resource": reference},
        ],
    }
