"""FHIR R4: a Bundle that carries one referral. The whole mapping is in docs/intake.md.

Plain dictionaries and lenient readers: no library reads R4, and sources leave out what profiles require.
"""

from datetime import date

from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, Resource, dig, each, text
from desk.intake.fhir_order import map_order
from desk.intake.fhir_people import map_patient, map_prescriber, map_source
from desk.intake.fhir_plan import map_coverages, map_documents
from desk.intake.json_text import read_object
from desk.intake.message import ParsedMessage
from firstdose.domain.referral.source_message import CancelReason, MessageType

_ENDED = {"revoked", "entered-in-error", "cancelled", "stopped"}
_PRIORITIES = {"asap": "urgent"}


def read_fhir(body: bytes, *, today: date) -> ParsedMessage:
    """Always `referral.received`, also for a new version: the store knows the referral by its number.

    Raises Unparseable or Invalid.
    """
    bundle = Bundle(read_object(body))
    service, medication = bundle.first("ServiceRequest"), bundle.first("MedicationRequest")
    request = service or medication
    draft = Draft(today)
    draft.put("source_referral_id", _identifier(request, bundle.raw), "ServiceRequest.identifier")
    if text(request, "status") in _ENDED:
        patient = bundle.resolve(request, "subject") or bundle.first("Patient")
        return draft.cancelled(_reason(patient), text(request, "note", 0, "text"))
    priority = dig(service, "priority") or dig(medication, "priority")
    draft.put("urgency", _PRIORITIES.get(str(priority), priority), f"{request.get('resourceType')}.priority")
    map_patient(draft, bundle, request)
    map_source(draft, bundle)
    map_prescriber(draft, bundle, medication, service)
    map_coverages(draft, bundle)
    draft.put("patient.history", text(request, "note", 0, "text"), f"{request.get('resourceType')}.note")
    map_order(draft, bundle, medication, service)
    map_documents(draft, bundle)
    return draft.referred(MessageType.RECEIVED)


def _identifier(request: Resource, raw: Resource) -> object:
    own = (dig(identifier, "value") for identifier in each(request, "identifier"))
    return next((value for value in own if value), None) or dig(raw, "identifier", "value")


def _reason(patient: Resource) -> str:
    died = patient.get("deceasedBoolean") is True or patient.get("deceasedDateTime")
    return CancelReason.DECEASED if died else CancelReason.WITHDRAWN
