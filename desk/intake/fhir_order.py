"""From FHIR: what is ordered, by MedicationRequest (a drug and its dose each) and ServiceRequest (the therapy)."""

from collections.abc import Iterator

from desk.intake.codes import SNOMED
from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle
from desk.intake.fhir_days import moment_of, put_day
from desk.intake.fhir_diagnoses import reasons_of
from desk.intake.fhir_dosage import map_dosage
from desk.intake.fhir_elements import Resource, as_sent, code_candidates, codings, dig, each, text, wording
from desk.intake.fhir_requests import OURS_THERAPY, Requests, Standing
from firstdose.domain.referral.choice import Candidate
from firstdose.domain.referral.question import QuestionReason

OURS = "urn:firstdose:"
NDC = "http://hl7.org/fhir/sid/ndc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
HCPCS = (
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "http://terminology.hl7.org/CodeSystem/HCPCS",
    "urn:oid:2.16.840.1.113883.6.285",
)
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
_SITES = {
    (PLACE_OF_SERVICE, "12"): "home",
    (PLACE_OF_SERVICE, "49"): "suite",
    ("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "PTRES"): "home",
    (SNOMED, "264362003"): "home",
}
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
"""What FHIR has no element for: on any request, url `urn:firstdose:` and this name."""
_AUTHORS = {"1.2.840.10065.1.12.1.1", "1.2.840.10065.1.12.1.2"}
"""Types of signature (ASTM E1762): the author's, the coauthor's. A witness or a transcriptionist signs no order."""


def map_order(draft: Draft, bundle: Bundle, requests: Requests) -> None:
    service = requests.service
    _map_therapy(draft, requests)
    _map_site(draft, service)
    starts = dig(service, "occurrenceDateTime") or dig(service, "occurrencePeriod", "start")
    put_day(draft, "order.requested_start", starts, "ServiceRequest.occurrence")
    for index, medication in enumerate(requests.medications):
        _map_medication(draft, bundle, medication, f"order.medications[{index}]")
    if requests.others and not requests.medications:
        shown = (_outline(bundle, one) for one in requests.others)
        draft.ask("order.drug.name", QuestionReason.NOT_IN_FORCE, shown)
    _map_extensions(draft, requests)
    if not _told(requests, "signed-on"):
        signed = draft.pick("order.signed_on", _signatures(bundle, requests))
        put_day(draft, "order.signed_on", signed, "Provenance.signature.when")


def _map_therapy(draft: Draft, requests: Requests) -> None:
    """Only in our own coding system: to guess a therapy from a drug would choose the billing codes by chance."""
    told = [
        Candidate(code.value, fit=0 if request is requests.service else 1)
        for request in (requests.in_force if requests.standing is Standing.IN_FORCE else [])
        for concept in [*each(request, "category"), request.get("code")]
        for code in code_candidates(concept, OURS_THERAPY)
    ]
    draft.put_best("order.therapy", told, "ServiceRequest.category")
    if requests.main and requests.standing is not Standing.IN_FORCE and requests.service:
        shown = [text(requests.service, "status") or text(requests.service, "intent")]
        draft.ask("order.therapy", QuestionReason.NOT_IN_FORCE, filter(None, shown))


def _map_site(draft: Draft, service: Resource) -> None:
    told = [concept for concept in each(service, "locationCode") if as_sent(concept)]
    known = [_SITES[pair] for concept in told for pair in codings(concept) if pair in _SITES]
    draft.put_best("order.site", map(Candidate, known), "ServiceRequest.locationCode")
    if told and not known:
        draft.ask("order.site", QuestionReason.NOT_UNDERSTOOD, map(as_sent, told))


def _signatures(bundle: Bundle, requests: Requests) -> Iterator[Candidate[str]]:
    """When the order was signed, the last time. `authoredOn` is when it was written, which is no signature."""
    for provenance in bundle.every("Provenance"):
        targets = bundle.resolve_each(provenance, "target")
        ours = not targets or any(one is request for one in targets for request in requests.in_force)
        for signature in each(provenance, "signature"):
            if (when := text(signature, "when")) and ours and _is_authors(signature):
                yield Candidate(when[:10], stated=moment_of(when))
    when = text(bundle.raw, "signature", "when")
    if when:
        yield Candidate(when[:10], fit=1, stated=moment_of(when))


def _is_authors(signature: Resource) -> bool:
    types = {text(one, "code") for one in each(signature, "type")}
    return not types or bool(types & _AUTHORS)


def _map_medication(draft: Draft, bundle: Bundle, medication: Resource, at: str) -> None:
    origin = "MedicationRequest.medication"
    draft.put(f"{at}.drug", {}, origin)
    concept = _concept(bundle, medication)
    draft.put(f"{at}.drug.name", _name(bundle, medication), origin)
    for name, systems in (("hcpcs", HCPCS), ("ndc", (NDC,)), ("rxnorm", (RXNORM,))):
        draft.put_best(f"{at}.drug.{name}", code_candidates(concept, *systems), origin)
    if not _name(bundle, medication) and (told := as_sent(concept)):
        draft.ask(f"{at}.drug.name", QuestionReason.NOT_UNDERSTOOD, [told])
    map_dosage(draft, medication, at)
    draft.put(f"{at}.diagnoses", reasons_of(bundle, medication), "MedicationRequest.reasonCode")


def _concept(bundle: Bundle, medication: Resource) -> object:
    return medication.get("medicationCodeableConcept") or bundle.resolve(medication, "medicationReference").get("code")


def _name(bundle: Bundle, medication: Resource) -> str | None:
    """Of the drug, or of the parts that it is mixed of."""
    parts = each(bundle.resolve(medication, "medicationReference"), "ingredient")
    mixed = [told for part in parts if (told := wording(part.get("itemCodeableConcept")))]
    shown = text(medication, "medicationReference", "display")
    return wording(_concept(bundle, medication)) or shown or " + ".join(mixed) or None


def _outline(bundle: Bundle, medication: Resource) -> str:
    """For the question about an order that is not in force: its status, the drug and its instruction."""
    status = "do not perform" if medication.get("doNotPerform") is True else text(medication, "status")
    sig = text(medication, "dosageInstruction", 0, "text")
    return ", ".join(part for part in (status, _name(bundle, medication), sig) if part)


def _told(requests: Requests, name: str) -> list[tuple[Resource, Resource]]:
    return [
        (request, extension)
        for request in requests.in_force or [requests.main]
        for extension in each(request, "extension")
        if text(extension, "url") == f"{OURS}{name}"
    ]


def _map_extensions(draft: Draft, requests: Requests) -> None:
    """The ServiceRequest's before those of the drugs."""
    for name, (path, element) in EXTENSIONS.items():
        told = _told(requests, name)
        origin = f"{told[0][0]['resourceType']}.extension({OURS}{name})" if told else name
        said = [
            Candidate(one[element], fit=0 if request is requests.service else 1)
            for request, one in told
            if one.get(element) is not None
        ]
        draft.put_best(path, said, origin)
