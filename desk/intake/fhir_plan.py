"""From FHIR: the patient's coverages, and the documents that come with the referral."""

from desk.intake.codes import CLINICAL_NOTES, LOINC
from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, Resource, code_in, codings, dig, each, is_dead, text, wording
from desk.intake.fhir_people import day

OURS_BUSINESS = "urn:firstdose:line-of-business"
OURS_DOCUMENT = "urn:firstdose:document-kind"
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_BUSINESS = {(_ACT, "EHCPOL"): "employer"}
_RELATIONSHIPS = {"self": "self", "spouse": "spouse", "child": "child"}
_ORDER = ("primary", "secondary")
_NOTE_CATEGORY = ("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note")


def map_coverages(draft: Draft, bundle: Bundle) -> None:
    living = [coverage for coverage in bundle.every("Coverage") if not is_dead(coverage)]
    ranked = sorted(living, key=_rank)
    draft.put("coverages", None, "Coverage")
    for index, coverage in enumerate(ranked):
        _map_coverage(draft, bundle, coverage, f"coverages[{index}]", _ORDER[min(index, 1)])


def _rank(coverage: Resource) -> int:
    order = coverage.get("order")
    return order if isinstance(order, int) else len(_ORDER)


def _map_coverage(draft: Draft, bundle: Bundle, coverage: Resource, at: str, order: str) -> None:
    payer = bundle.resolve(coverage, "payor", 0)
    relationship = dig(coverage, "relationship", "coding", 0, "code")
    draft.put(f"{at}.order", order, "Coverage.order")
    draft.put(f"{at}.payer.id", dig(payer, "identifier", 0, "value"), "Coverage.payor.identifier")
    draft.put(f"{at}.payer.name", dig(payer, "name") or dig(coverage, "payor", 0, "display"), "Coverage.payor")
    draft.put(f"{at}.line_of_business", _line_of_business(coverage), "Coverage.type")
    draft.put(f"{at}.member_id", dig(coverage, "subscriberId") or _member_id(coverage), "Coverage.subscriberId")
    groups = [
        found for found in each(coverage, "class") if any(code == "group" for _, code in codings(found.get("type")))
    ]
    draft.put(f"{at}.group", dig(groups, 0, "value"), "Coverage.class")
    if relationship:
        draft.put(f"{at}.relationship", _RELATIONSHIPS.get(str(relationship), "other"), "Coverage.relationship")
    subscriber = bundle.resolve(coverage, "subscriber")
    if subscriber and relationship != "self":
        draft.put(f"{at}.subscriber.family_name", dig(subscriber, "name", 0, "family"), "Coverage.subscriber")
        draft.put(f"{at}.subscriber.given_name", dig(subscriber, "name", 0, "given", 0), "Coverage.subscriber")
        draft.put(f"{at}.subscriber.birth_date", day(dig(subscriber, "birthDate")), "Coverage.subscriber")
        draft.put(f"{at}.subscriber.sex", dig(subscriber, "gender"), "Coverage.subscriber")


def _line_of_business(coverage: Resource) -> str | None:
    kind = coverage.get("type")
    known = (_BUSINESS.get(pair) for pair in codings(kind))
    return code_in(kind, OURS_BUSINESS) or next((found for found in known if found), None)


def _member_id(coverage: Resource) -> object:
    numbers = [
        found for found in each(coverage, "identifier") if any(code == "MB" for _, code in codings(found.get("type")))
    ]
    return dig(numbers, 0, "value")


def map_documents(draft: Draft, bundle: Bundle) -> None:
    current = [reference for reference in bundle.every("DocumentReference") if not is_dead(reference)]
    draft.put("documents", None, "DocumentReference")
    for index, reference in enumerate(current):
        _map_document(draft, bundle, reference, f"documents[{index}]")


def _map_document(draft: Draft, bundle: Bundle, reference: Resource, at: str) -> None:
    attachment = dig(reference, "content", 0, "attachment")
    url = text(attachment, "url") or ""
    binary = bundle.resolve({"binary": {"reference": url}}, "binary")
    draft.put(f"{at}.kind", _document_kind(reference), "DocumentReference.type")
    draft.put(f"{at}.content_type", dig(attachment, "contentType"), "DocumentReference.content.attachment.contentType")
    title = dig(attachment, "title") or wording(reference.get("type"))
    draft.put(f"{at}.title", title, "DocumentReference.content.attachment.title")
    data = dig(attachment, "data") or dig(binary, "data")
    draft.put(f"{at}.data", data, "DocumentReference.content.attachment.data")
    if url.startswith("https://") and not data:
        draft.put(f"{at}.url", url, "DocumentReference.content.attachment.url")


def _document_kind(reference: Resource) -> str:
    ours = code_in(reference.get("type"), OURS_DOCUMENT)
    is_note = code_in(reference.get("type"), LOINC) in CLINICAL_NOTES or any(
        _NOTE_CATEGORY in codings(category) for category in each(reference, "category")
    )
    return ours or ("clinical_note" if is_note else "other")
