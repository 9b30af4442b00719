"""FHIR R4: a Bundle that carries one referral. The whole mapping is in docs/intake.md.

Plain dictionaries and lenient readers: no library reads R4, and sources leave out what profiles require.
"""

from datetime import date

from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle
from desk.intake.fhir_clinical import map_allergies, map_weight
from desk.intake.fhir_coverages import map_coverages
from desk.intake.fhir_diagnoses import map_diagnoses
from desk.intake.fhir_documents import map_documents
from desk.intake.fhir_elements import Resource, candidate, codings, dig, each, text
from desk.intake.fhir_order import map_order
from desk.intake.fhir_patient import find_patient, map_patient
from desk.intake.fhir_prescriber import map_prescriber, map_source
from desk.intake.fhir_requests import Requests, Standing, find_requests
from desk.intake.json_text import read_object
from desk.intake.message import ParsedMessage
from firstdose.domain.referral.choice import in_order
from firstdose.domain.referral.source_message import CancelReason, MessageType

_PRIORITIES = {"asap": "urgent"}
_MOST_URGENT = ("stat", "urgent", "routine")
_IDENTIFIER_USES = {"official": 0, "usual": 1, "secondary": 3, "temp": 4}
_PLACER = ("http://terminology.hl7.org/CodeSystem/v2-0203", "PLAC")


def read_fhir(body: bytes, *, today: date) -> ParsedMessage:
    """Always `referral.received`, also for a new version: the store knows the referral by its number.

    Raises Unparseable or Invalid.
    """
    bundle = Bundle(read_object(body))
    requests, draft = find_requests(bundle, today), Draft(today)
    patient = find_patient(bundle, requests)
    draft.put("source_referral_id", _number(requests, bundle, today), f"{_kind(requests.main)}.identifier")
    if requests.main and requests.standing is Standing.WITHDRAWN:
        return draft.cancelled(_reason(patient), text(requests.main, "note", 0, "text"))
    draft.put("urgency", _urgency(requests), f"{_kind(requests.main)}.priority")
    draft.put("patient.history", _notes(requests), f"{_kind(requests.main)}.note")
    map_patient(draft, bundle, patient)
    map_weight(draft, bundle, patient)
    map_allergies(draft, bundle, patient)
    map_source(draft, bundle, requests)
    map_prescriber(draft, bundle, requests)
    map_order(draft, bundle, requests)
    map_diagnoses(draft, bundle, requests, patient)
    map_coverages(draft, bundle, requests, patient)
    map_documents(draft, bundle, patient)
    return draft.referred(MessageType.RECEIVED)


def _kind(request: Resource) -> str:
    return str(request.get("resourceType") or "ServiceRequest")


def _number(requests: Requests, bundle: Bundle, today: date) -> object:
    """The sender's own number of the request; several prescriptions without a ServiceRequest have a common one."""
    main = requests.main
    common = dig(main, "requisition", "value") or dig(main, "groupIdentifier", "value")
    of_message = dig(bundle.raw, "identifier", "value")
    several = len(requests.medications) > 1 and not requests.service
    told = [common, of_message, _identifier(main, today)] if several else [_identifier(main, today), common, of_message]
    return next((number for number in told if number), None)


def _identifier(request: Resource, today: date) -> object:
    """Equal ones are taken by their systems, so that the same request always has the same number."""
    told = [one for one in each(request, "identifier") if one.get("value")]
    told.sort(key=lambda one: (text(one, "system") or "", str(one["value"])))
    fitting = [candidate(one["value"], one, fit=_fit(one), affirmed=one.get("use") != "old") for one in told]
    return next(iter(in_order(fitting, today)), None)


def _fit(identifier: Resource) -> int:
    placer = _PLACER in codings(identifier.get("type"))
    return _IDENTIFIER_USES.get(str(identifier.get("use")), 0 if placer else 2)


def _urgency(requests: Requests) -> object:
    """The ServiceRequest's own, else the most urgent of the prescriptions."""
    own = dig(requests.service, "priority")
    told = [str(one["priority"]) for one in requests.medications if one.get("priority")]
    spoken = [_PRIORITIES.get(one, one) for one in sorted(told)]
    most = next((one for one in _MOST_URGENT if one in spoken), next(iter(spoken), None))
    return _PRIORITIES.get(str(own), own) or most


def _notes(requests: Requests) -> str:
    told = [text(note, "text") for request in requests.in_force for note in each(request, "note")]
    return "\n".join(dict.fromkeys(one for one in told if one))


def _reason(patient: Resource) -> str:
    died = patient.get("deceasedBoolean") is True or patient.get("deceasedDateTime")
    return CancelReason.DECEASED if died else CancelReason.WITHDRAWN
