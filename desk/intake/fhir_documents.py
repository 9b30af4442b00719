"""From FHIR: the documents that come with the referral."""

from collections.abc import Iterator

from desk.intake.codes import CLINICAL_NOTES, LOINC
from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, is_about
from desk.intake.fhir_elements import Resource, code_in, codings, each, text, wording
from desk.intake.fhir_status import is_affirmed

OURS_DOCUMENT = "urn:firstdose:document-kind"
_NOTE_CATEGORY = ("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note")
_AT = "DocumentReference.content.attachment"


def map_documents(draft: Draft, bundle: Bundle, patient: Resource) -> None:
    draft.put("documents", None, "DocumentReference")
    documents = [
        document
        for reference in _current(bundle)
        if is_about(bundle, reference, patient)
        for document in _documents(bundle, reference)
    ]
    for index, document in enumerate(one for i, one in enumerate(documents) if one not in documents[:i]):
        for name, (value, origin) in document.items():
            draft.put(f"documents[{index}].{name}", value, origin)


def _current(bundle: Bundle) -> list[Resource]:
    """Without those that another one replaces."""
    living = [one for one in bundle.every("DocumentReference") if is_affirmed(one)]
    replaced = [
        bundle.resolve(relation, "target")
        for one in living
        for relation in each(one, "relatesTo")
        if relation.get("code") == "replaces"
    ]
    return [one for one in living if not any(one is old for old in replaced)]


def _documents(bundle: Bundle, reference: Resource) -> Iterator[dict[str, tuple[object, str]]]:
    """Each attachment is one."""
    for content in each(reference, "content") or [{}]:
        attachment = content.get("attachment")
        url = text(attachment, "url") or ""
        binary = bundle.resolve({"binary": {"reference": url}}, "binary") if url else {}
        data = text(attachment, "data") or text(binary, "data")
        content_type = text(attachment, "contentType") or text(binary, "contentType")
        document: dict[str, tuple[object, str]] = {
            "kind": (_kind(reference), "DocumentReference.type"),
            "content_type": (content_type, f"{_AT}.contentType"),
            "title": (text(attachment, "title") or wording(reference.get("type")), f"{_AT}.title"),
            "data": ("".join(data.split()) if data else None, f"{_AT}.data"),
        }
        if url.startswith("https://") and not data:
            document["url"] = (url, f"{_AT}.url")
        yield document


def _kind(reference: Resource) -> str:
    ours = code_in(reference.get("type"), OURS_DOCUMENT)
    told = codings(reference.get("type"))
    is_note = any(system == LOINC and code in CLINICAL_NOTES for system, code in told) or any(
        _NOTE_CATEGORY in codings(category) for category in each(reference, "category")
    )
    return ours or ("clinical_note" if is_note else "other")
