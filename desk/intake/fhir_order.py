"""From FHIR: what is ordered, by MedicationRequest (drug and dose) and ServiceRequest (the therapy at home)."""

from datetime import date

from desk.intake.codes import SNOMED
from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, Resource, code_in, codings, dig, each, is_dead, text, wording
from desk.intake.fhir_people import day
from desk.intake.units import days

OURS_THERAPY = "urn:firstdose:therapy"
OURS = "urn:firstdose:"
ICD10CM = ("http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90")
NDC = "http://hl7.org/fhir/sid/ndc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
HCPCS = (
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "http://terminology.hl7.org/CodeSystem/HCPCS",
    "urn:oid:2.16.840.1.113883.6.285",
)
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
_ROUTES = {(SNOMED, "47625008"): "IV", (SNOMED, "34206005"): "SC", (SNOMED, "78421000"): "IM"}
_ROUTE_WORDS = {
    "iv": "IV",
    "intravenous": "IV",
    "sc": "SC",
    "subq": "SC",
    "subcutaneous": "SC",
    "im": "IM",
    "intramuscular": "IM",
}
_SITES = {(PLACE_OF_SERVICE, "12"): "home", (PLACE_OF_SERVICE, "49"): "suite"}
_PERIODS = {"h": "hours", "d": "days", "wk": "weeks"}
EXTENSIONS = {
    "benefits-check-only": ("benefits_check_only", "valueBoolean"),
    "discharge-at": ("discharge_at", "valueDateTime"),
    "access-device": ("order.access_device", "valueString"),
    "pump": ("order.pump", "valueString"),
    "first-dose-given": ("order.first_dose_given", "valueBoolean"),
    "needs-nursing": ("order.needs_nursing", "valueBoolean"),
    "anaphylaxis-kit-ordered": ("order.anaphylaxis_kit_ordered", "valueBoolean"),
    "signed-on": ("order.signed_on", "valueDate"),
}
"""What FHIR has no element for: on either request, url `urn:firstdose:` and this name."""


def map_order(draft: Draft, bundle: Bundle, medication: Resource, service: Resource) -> None:
    draft.put("order.therapy", _therapy(service, medication), "ServiceRequest.category")
    draft.put("order.diagnoses", _diagnoses(bundle, service, medication), "Condition.code")
    draft.put("order.site", _site(service), "ServiceRequest.locationCode")
    starts = dig(service, "occurrenceDateTime") or dig(service, "occurrencePeriod", "start")
    draft.put("order.requested_start", day(starts), "ServiceRequest.occurrence")
    draft.put("order.signed_on", day(_signature(bundle)), "Provenance.signature.when")
    _map_drug(draft, bundle, medication)
    _map_dosage(draft, medication)
    for request in (service, medication):
        _map_extensions(draft, request)


def _therapy(*requests: Resource) -> str | None:
    """Only in our own coding system: to guess a therapy from a drug would choose the billing codes by chance."""
    concepts = [concept for request in requests for concept in [*each(request, "category"), request.get("code")]]
    return next((code for code in (code_in(concept, OURS_THERAPY) for concept in concepts) if code), None)


def _diagnoses(bundle: Bundle, *requests: Resource) -> list[str]:
    reasons = [concept for request in requests for concept in each(request, "reasonCode")]
    reasons += [condition.get("code", {}) for condition in bundle.every("Condition") if not is_dead(condition)]
    codes = (code for reason in reasons for system, code in codings(reason) if system in ICD10CM)
    return list(dict.fromkeys(codes))


def _site(service: Resource) -> str | None:
    places = (_SITES.get(pair) for concept in each(service, "locationCode") for pair in codings(concept))
    return next((site for site in places if site), None)


def _signature(bundle: Bundle) -> object:
    """When the order was signed. `authoredOn` is when it was written, which is no signature."""
    signed = [dig(provenance, "signature", 0, "when") for provenance in bundle.every("Provenance")]
    return next((when for when in signed if when), None) or dig(bundle.raw, "signature", "when")


def _map_drug(draft: Draft, bundle: Bundle, medication: Resource) -> None:
    concept = medication.get("medicationCodeableConcept") or bundle.resolve(medication, "medicationReference").get(
        "code"
    )
    at = "MedicationRequest.medication"
    draft.put("order.drug.name", wording(concept), at)
    draft.put("order.drug.hcpcs", code_in(concept, *HCPCS), at)
    draft.put("order.drug.ndc", code_in(concept, NDC), at)
    draft.put("order.drug.rxnorm", code_in(concept, RXNORM), at)


def _map_dosage(draft: Draft, medication: Resource) -> None:
    dosage = dig(medication, "dosageInstruction", 0)
    at = "MedicationRequest.dosageInstruction"
    quantity = dig(dosage, "doseAndRate", 0, "doseQuantity")
    draft.put("order.dose", _amount(quantity) or text(dosage, "text"), f"{at}.doseAndRate")
    draft.put("order.route", _route(dig(dosage, "route")), f"{at}.route")
    draft.put("order.frequency", _frequency(dig(dosage, "timing")), f"{at}.timing")
    draft.put(
        "order.duration_days", _duration(medication, dig(dosage, "timing", "repeat")), f"{at}.timing.repeat.bounds"
    )


def _amount(quantity: object) -> str | None:
    value = dig(quantity, "value")
    unit = text(quantity, "unit") or text(quantity, "code")
    return f"{value:g} {unit}" if isinstance(value, int | float) and unit else None


def _route(concept: object) -> str | None:
    """None when the code is not one that we know: then a person asks."""
    coded = next((route for route in (_ROUTES.get(pair) for pair in codings(concept)) if route), None)
    return coded or _ROUTE_WORDS.get((wording(concept) or "").lower())


def _frequency(timing: object) -> str | None:
    repeat = dig(timing, "repeat")
    times, period, unit = dig(repeat, "frequency"), dig(repeat, "period"), _PERIODS.get(str(dig(repeat, "periodUnit")))
    if times == 1 and isinstance(period, int | float) and unit:
        return f"every {period:g} {unit}"
    return wording(dig(timing, "code")) or text(timing, "code", "coding", 0, "code")


def _duration(medication: Resource, repeat: object) -> object:
    for quantity in (dig(repeat, "boundsDuration"), dig(medication, "dispenseRequest", "expectedSupplyDuration")):
        length = days(dig(quantity, "value"), text(quantity, "code") or text(quantity, "unit"))
        if length is not None:
            return length
    return _days_between(dig(repeat, "boundsPeriod", "start"), dig(repeat, "boundsPeriod", "end"))


def _days_between(start: object, end: object) -> int | None:
    """Both days count."""
    try:
        return (date.fromisoformat(str(end)[:10]) - date.fromisoformat(str(start)[:10])).days + 1
    except ValueError:
        return None


def _map_extensions(draft: Draft, request: Resource) -> None:
    for extension in each(request, "extension"):
        name = (text(extension, "url") or "").removeprefix(OURS)
        if name in EXTENSIONS and text(extension, "url") != name:
            path, element = EXTENSIONS[name]
            draft.put(path, extension.get(element), f"{request['resourceType']}.extension({OURS}{name})")
