"""What we send to PAS payers: valid FHIR, complete as the guide asks, the same each time."""

from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters
from fhir.resources.R4B.subscription import Subscription

from firstdose.adapters.payers.pas.documents import attachment
from firstdose.adapters.payers.pas.eligibility import eligibility_request
from firstdose.adapters.payers.pas.request import inquiry, submission
from firstdose.adapters.payers.pas.subscription import subscription
from firstdose.domain.authorization.lines import Certification
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Referral
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible
from tests.contract.cases import NOTE, US, case, endpoint, lines, two_antibiotics

CERTIFICATION = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-certificationType"
LEVEL = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-levelOfServiceCode"


def claim(asked: PayerCase) -> dict[str, Any]:
    first: dict[str, Any] = submission(asked, US)["entry"][0]["resource"]
    return first


def codes(element: dict[str, Any], url: str) -> list[str]:
    found = [one for one in element.get("extension", []) if one["url"] == url]
    return [one["valueCodeableConcept"]["coding"][0]["code"] for one in found]


@pytest.mark.parametrize("certification", list(Certification))
def test_every_kind_of_request_is_valid_fhir(certification: Certification) -> None:
    asked = case(lines=lines(certification=certification), previous_trace="b" * 32)
    Bundle.model_validate(submission(asked, US))
    assert [codes(item, CERTIFICATION) for item in claim(asked)["item"]] == [[certification.value]] * 3


def test_inquiry_eligibility_attachment_and_subscription_are_valid_fhir() -> None:
    Bundle.model_validate(inquiry(case(), US))
    Bundle.model_validate(eligibility_request(case(), US))
    Parameters.model_validate(attachment(case(), US, ["clinical_note"]))
    Subscription.model_validate(subscription(endpoint(), US, "https://example.org/hook", "secret"))


def test_a_referral_with_little_in_it_still_makes_valid_fhir() -> None:
    little = Referral.model_validate({"source_referral_id": "R-1", "coverages": [{"member_id": "M-1"}]})
    Bundle.model_validate(submission(case(referral=little), US))


def test_without_a_coverage_there_is_nobody_to_ask() -> None:
    with pytest.raises(Impossible):
        submission(case(referral=Referral(source_referral_id="R-1")), US)


def test_the_bundle_is_complete() -> None:
    asked = case(trace="a" * 32)
    bundle = submission(asked, US)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert bundle["type"] == "collection"
    assert bundle["identifier"] == {"system": "urn:trnorg:9123456789", "value": "a" * 32}
    assert bundle["timestamp"] == "2026-11-21T12:00:00+00:00"
    assert bundle["entry"][0]["resource"]["resourceType"] == "Claim"
    assert len(set(urls)) == len(urls)
    assert bundle == submission(asked, US)


def test_every_reference_is_to_an_entry_and_of_the_form_type_and_id() -> None:
    bundle = submission(case(previous_trace="b" * 32), US)
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    named = {
        f"{US.base_url}/{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]
    }
    assert urls == named
    assert {f"{US.base_url}/{reference}" for reference in _references(bundle)} <= urls


def _references(element: object) -> list[str]:
    if isinstance(element, dict):
        own = [element["reference"]] if isinstance(element.get("reference"), str) else []
        return own + [one for value in element.values() for one in _references(value)]
    return [one for value in element for one in _references(value)] if isinstance(element, list) else []


def test_the_claim_says_who_what_and_for_whom() -> None:
    sent = claim(case())
    assert (sent["status"], sent["use"]) == ("active", "preauthorization")
    assert {"insurer", "provider", "patient", "created"} <= sent.keys()
    assert [one["focal"] for one in sent["insurance"]] == [True]
    assert [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in sent["diagnosis"]] == ["M86.161", "B95.62"]


def test_each_item_says_where_and_how_much() -> None:
    items = claim(case())["item"]
    assert [item["productOrService"]["coding"][0]["code"] for item in items] == ["J3370", "S9501", "99601"]
    assert [(item["quantity"]["value"], item["quantity"]["unit"]) for item in items] == [
        (42, "units"),
        (42, "days"),
        (6, "visits"),
    ]
    assert {item["locationCodeableConcept"]["coding"][0]["code"] for item in items} == {"12"}
    assert items[0]["productOrService"]["coding"][1]["code"] == "00000000010"
    assert items[2]["productOrService"]["coding"][0]["system"] == "http://www.ama-assn.org/go/cpt"


def test_two_antibiotics_are_two_orders_with_items_of_their_own() -> None:
    bundle = submission(two_antibiotics(), US)
    entries = {entry["fullUrl"].removeprefix(f"{US.base_url}/"): entry["resource"] for entry in bundle["entry"]}
    items = next(one for one in entries.values() if one["resourceType"] == "Claim")["item"]
    assert [item["productOrService"]["coding"][0]["code"] for item in items] == [
        *("J0692", "S9502"),
        *("J0878", "S9500"),
        "99601",
    ]
    assert [item["servicedPeriod"]["end"] for item in items] == [*["2026-12-07"] * 2, *["2027-01-04"] * 3]
    assert [one["coding"][0]["code"] for one in items[3]["modifier"]] == ["SH"]
    ordered = [
        entries[each["valueReference"]["reference"]]
        for item in items
        for each in item["extension"]
        if each["url"].endswith("extension-requestedService")
    ]
    assert [one["medicationCodeableConcept"]["text"] for one in ordered] == ["Cefepime", "Daptomycin"]
    assert [one["dosageInstruction"][0]["text"] for one in ordered] == ["2 g IV every 8 hours", "500 mg IV daily"]
    assert "00000000020" in str(items[0])
    assert "00000000020" not in str(items[2])


def test_a_suite_has_its_modifier_and_place() -> None:
    items = claim(case(lines=lines(site=Site.SUITE)))["item"]
    assert items[1]["modifier"][0]["coding"][0]["code"] == "SS"
    assert items[1]["locationCodeableConcept"]["coding"][0]["code"] == "49"


def test_urgency_is_said_as_level_of_service() -> None:
    normal, urgent = claim(case()), claim(case(expedited=True))
    assert (codes(normal, LEVEL), codes(urgent, LEVEL)) == (["E"], ["U"])
    assert urgent["priority"]["coding"][0]["code"] == "stat"


def test_an_expedited_appeal_says_the_level_of_service_on_each_item() -> None:
    appeal = case(lines=lines(certification=Certification.APPEAL_EXPEDITED), expedited=True)
    assert [codes(item, LEVEL) for item in claim(appeal)["item"]] == [["U"]] * 3


def test_documents_go_inline_and_addresses_do_not() -> None:
    bundle = submission(case(), US)
    documents = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "DocumentReference"]
    assert [document["content"][0]["attachment"]["data"] for document in documents] == [NOTE]
    assert "lab.pdf" not in str(bundle)


def test_a_discharge_is_told() -> None:
    told = {one["category"]["coding"][0]["code"]: one for one in claim(case())["supportingInfo"]}
    assert told["dischargeDates"]["timingDate"] == "2026-11-23"


def test_an_update_names_what_it_updates() -> None:
    numbered = tuple(line.model_copy(update={"number": "AUTH1"}) for line in lines(certification=Certification.RENEWAL))
    sent = claim(case(lines=numbered, previous_trace="b" * 32))
    assert sent["related"][0]["claim"]["identifier"]["value"] == "b" * 32
    assert "AUTH1" in str(sent["item"][0]["extension"])
    assert sent["meta"]["profile"][0].endswith("profile-claim-update")


def test_a_cancelled_item_is_marked_so_that_nobody_reads_past_it() -> None:
    sent = claim(case(lines=lines(certification=Certification.CANCEL), previous_trace="b" * 32))
    assert all(item["modifierExtension"][0]["valueBoolean"] for item in sent["item"])


def test_the_filter_of_the_subscription_is_the_payers() -> None:
    named = {told: _filter_of(subscription_filter=told) for told in ("orgIdentifier", "Bundle?org-identifier={npi}")}
    assert named == {
        "orgIdentifier": "orgIdentifier=http://hl7.org/fhir/sid/us-npi|1234567893",
        "Bundle?org-identifier={npi}": "Bundle?org-identifier=1234567893",
    }


def _filter_of(subscription_filter: str) -> str:
    made: str = subscription(endpoint(subscription_filter=subscription_filter), US, "https://example.org/hook", "s")[
        "_criteria"
    ]["extension"][0]["valueString"]
    return made


def test_without_a_secret_of_its_own_a_subscription_asks_for_no_header() -> None:
    assert "header" in subscription(endpoint(), US, "https://example.org/hook", "s")["channel"]
    assert "header" not in subscription(endpoint(), US, "https://example.org/hook/s", None)["channel"]
