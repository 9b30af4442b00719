"""FHIR: documents, notes and signatures, kept whole and as they came."""

import pytest

from tests.unit.fhir_example import Tree, referral, updated


@pytest.mark.parametrize("data", ["U3lu\ndGhl dGlj", " U3ludGhldGlj ", "U3lu\r\ndGhldGlj\t"])
def test_base64_with_blanks_is_read_and_texts_are_not_changed(data: str) -> None:
    attachment = {"contentType": "text/plain; charset=utf-8", "title": "Note  with  blanks\nand a break", "data": data}
    (document,) = referral(updated("doc1", content=[{"attachment": attachment}])).documents
    assert document.data == "U3ludGhldGlj"
    assert (document.content_type, document.title) == (attachment["contentType"], attachment["title"])


def test_every_attachment_and_note_is_kept_and_a_replaced_document_is_not() -> None:
    def change(resources: dict[str, Tree]) -> None:
        resources["doc1"]["content"].append({"attachment": {"title": "Labs", "data": "TGFicw=="}})
        resources["sr1"]["note"].append({"text": "Lives on the third floor."})

    newer = {
        "resourceType": "DocumentReference",
        "id": "doc2",
        "content": [{"attachment": {"title": "New", "data": "TmV3"}}],
        "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/doc1"}}],
    }
    told = referral(change)
    assert [one.title for one in told.documents] == ["History and physical note", "Labs"]
    assert told.patient.history == "Type 2 diabetes. PICC placed without complication.\nLives on the third floor."
    assert [one.title for one in referral(change, newer).documents] == ["New"]


def test_a_signature_is_the_authors_and_of_this_order() -> None:
    stamp = {"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.8"}
    assert referral(updated("pv1", target=[{"reference": "MedicationRequest/mr9"}])).order.signed_on is None
    witness = updated("pv1", signature=[{"type": [stamp], "when": "2026-11-20T14:55:00Z"}])
    assert referral(witness).order.signed_on is None
    newer = {"resourceType": "Provenance", "id": "pv2", "signature": [{"when": "2026-11-21T09:00:00Z"}]}
    assert str(referral(lambda _: None, newer).order.signed_on) == "2026-11-21"
