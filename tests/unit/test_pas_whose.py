"""Whom and which request a FHIR answer names, in the ways that payers write it."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from firstdose.adapters.payers.pas.answer import read_answer, read_inquiry
from firstdose.adapters.payers.pas.answer_match import SentRequest, named_by
from firstdose.adapters.payers.pas.elements import UnreadableFhir
from firstdose.adapters.payers.pas.eligibility import REQUEST, read_benefits
from firstdose.adapters.payers.pas.notification import read_notification
from firstdose.adapters.payers.pas.packet import address_of
from firstdose.adapters.payers.pas.request import CLAIM, submission
from firstdose.domain.authorization.answer_match import Ours, Whose, whose_answer
from tests.contract.cases import US, case
from tests.unit.test_pas_answer import ANYTHING, PAS, item
from tests.unit.test_pas_notification import history, status

TRACE = "0123456789abcdef0123456789abcdef"
ASKED = case(trace=TRACE, member_id="W123")
OURS = Ours.of(TRACE, ASKED.referral)
MB = {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]}}
BY_TRACE: dict[str, Any] = {"request": {"identifier": {"value": TRACE}}}
ANOTHERS = "f" * 32


def member(number: str, **said: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{**MB, "value": number}], **said}


def entry(resource: dict[str, Any], url: str | None = None) -> dict[str, Any]:
    return {"resource": resource, **({"fullUrl": url} if url else {})}


def answer(*entries: dict[str, Any], **response: Any) -> dict[str, Any]:
    said = {"resourceType": "ClaimResponse", "item": [item(1, "A1")], **response}
    return {"resourceType": "Bundle", "type": "collection", "entry": [entry(said), *entries]}


def whose(bundle: dict[str, Any]) -> Whose:
    sent = SentRequest(TRACE, address_of(TRACE, CLAIM))
    return whose_answer(read_answer(orjson.dumps(bundle), sent=sent).named, OURS)


def traced(number: str) -> dict[str, Any]:
    trace = {"url": f"{PAS}extension-itemTraceNumber", "valueIdentifier": {"value": number}}
    return {"item": [{**item(1, "A1"), "extension": [trace]}]}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({}, Whose.SILENT),
        (BY_TRACE, Whose.OURS),
        ({"request": {"identifier": {"value": TRACE.upper()}}}, Whose.OURS),
        ({"request": {"identifier": {"value": ANOTHERS}}}, Whose.ANOTHER_REQUEST),
        ({"request": {"reference": address_of(TRACE, CLAIM)}}, Whose.OURS),
        ({"request": {"reference": address_of(ANOTHERS, CLAIM)}}, Whose.SILENT),
        ({"request": {"reference": "Claim/77"}}, Whose.SILENT),
        ({"request": {"display": TRACE}}, Whose.SILENT),
        ({"request": {"reference": "#c", "identifier": {"value": ANOTHERS}}}, Whose.ANOTHER_REQUEST),
        ({"request": "Claim/77"}, Whose.SILENT),
        ({"identifier": [{"value": TRACE}]}, Whose.OURS),
        ({"identifier": [{"value": "PAYER-77"}]}, Whose.SILENT),
        ({"identifier": [{"value": TRACE}], "request": {"identifier": {"value": ANOTHERS}}}, Whose.OURS),
        (traced(f"{TRACE}-1"), Whose.OURS),
        (traced(TRACE), Whose.OURS),
        (traced("PAYER-1"), Whose.SILENT),
    ],
)
def test_the_request_in_any_way_that_the_guide_allows(response: dict[str, Any], expected: Whose) -> None:
    assert whose(answer(**response)) is expected


OWN = {"identifier": [{"value": "PAYER-77"}]}
ANOTHER_OF_OURS = {"identifier": [{"system": f"urn:trnorg:{US.originator}", "value": ANOTHERS}]}
OF_LINE_1 = {"item": [item(1, "A1")]}


def inquired(*responses: dict[str, Any], **changes: Any) -> bool | None:
    """Whether an answer to our inquiry is ours; None if it cannot be told."""
    asked = ASKED.model_copy(update=changes)
    sent = SentRequest(TRACE, address_of(TRACE, CLAIM), asked, f"urn:trnorg:{US.originator}")
    entries = [entry({"resourceType": "ClaimResponse", **OF_LINE_1, **said}) for said in responses]
    try:
        return read_inquiry(orjson.dumps({"resourceType": "Bundle", "entry": entries}), sent, (1,)) is not None
    except UnreadableFhir:
        return None


@pytest.mark.parametrize(
    ("responses", "ours"),
    [
        ([], False),
        ([BY_TRACE], True),
        ([{"request": {"reference": f"https://payer/fhir/Claim/{TRACE}/_history/3"}}], True),
        ([{"request": {"reference": f"urn:uuid:{TRACE}"}}], True),
        ([{"request": {"identifier": {"value": ANOTHERS}}}], False),
        ([ANOTHER_OF_OURS], False),
        ([{}], True),
        ([OWN], True),
        ([{**OWN, "request": {"reference": "Claim/77"}}], True),
        ([OWN, ANOTHER_OF_OURS], True),
        ([OWN, OWN], None),
        ([OWN, BY_TRACE], True),
        ([{**OWN, "created": "2026-11-02"}], False),
        ([{**OWN, "item": [item(4, "A1")]}], None),
        ([{**OWN, "item": []}], None),
    ],
)
def test_an_inquiry_is_answered_in_as_many_ways(responses: list[dict[str, Any]], ours: bool | None) -> None:
    assert inquired(*responses) is ours


def test_of_a_request_that_changes_another_a_nameless_answer_may_be_the_others() -> None:
    assert inquired(OWN, previous_trace=ANOTHERS) is None


def test_a_notification_may_name_our_request_by_its_address_alone() -> None:
    told = orjson.loads(history(status("event-notification")))
    told["entry"] += answer(request={"reference": address_of(TRACE, CLAIM)})["entry"]
    (one,) = read_notification(orjson.dumps(told)).told
    assert one.traces == (TRACE,)
    assert whose_answer(one.received(trace=TRACE).named, OURS) is Whose.OURS


@pytest.mark.parametrize(("number", "expected"), [(TRACE, Whose.OURS), (ANOTHERS, Whose.ANOTHER_REQUEST)])
def test_the_request_itself_may_come_along(number: str, expected: Whose) -> None:
    claim = {"resourceType": "Claim", "id": "77", "identifier": [{"value": number}]}
    by_id = {"request": {"reference": "Claim/77"}}
    assert whose(answer(entry(claim), **by_id)) is expected
    assert whose(answer(entry(claim, "urn:uuid:7"), request={"reference": "urn:uuid:7"})) is expected
    assert whose(answer(contained=[claim], request={"reference": "#77"})) is expected
    assert whose(answer(entry(claim), request={"reference": "Claim/78"})) is Whose.SILENT


def test_the_request_has_the_address_under_which_we_send_it() -> None:
    assert submission(ASKED, US)["entry"][0]["fullUrl"] == f"{US.base_url}/{address_of(TRACE, CLAIM)}"


JORDAN = {"name": [{"family": "Sample", "given": ["Jordan"]}], "birthDate": "1959-09-02"}
AVERY = {"name": [{"family": "Sample", "given": ["Avery"]}], "birthDate": "1961-04-17"}
BOTH = (entry(member("W124", id="a")), entry(member("W123", id="b")))
COVERAGE = {"resourceType": "Coverage", "beneficiary": {"reference": "Patient/p"}}


@pytest.mark.parametrize(
    ("entries", "response", "another"),
    [
        # one patient
        ([entry(member("W123"))], {}, False),
        ([entry(member("w 1-2-3"))], {}, False),
        ([entry(member("W124"))], {}, True),
        ([entry(member("W124", **AVERY))], {}, False),
        ([entry(member("W123", **JORDAN))], {}, True),
        ([entry({"resourceType": "Patient", **JORDAN})], {}, True),
        ([entry({"resourceType": "Patient", **AVERY})], {}, False),
        ([entry({"resourceType": "Patient", "birthDate": "1959"})], {}, True),
        ([entry({"resourceType": "Patient", "birthDate": "1961-04-17T00:00:00Z"})], {}, False),
        ([entry({"resourceType": "Patient", "name": [{"text": "Avery Sample"}]})], {}, False),
        ([entry({"resourceType": "Patient", "name": [{"text": "Jordan Other"}]})], {}, True),
        ([entry({"resourceType": "Patient", "identifier": [{"value": "W124"}]})], {}, False),
        ([entry({"resourceType": "Patient", "name": [{"text": "Jordan Sample"}]})], {}, True),
        ([entry({"resourceType": "Patient", "name": [{"family": "Sample", "text": "Mr. Sample"}]})], {}, False),
        ([entry({"resourceType": "Patient", "name": [{"given": ["Avery"], "text": "Mr. Sampler"}]})], {}, False),
        ([entry({"resourceType": "Patient", "birthDate": ""})], {}, False),
        ([entry({"resourceType": "Patient", "birthDate": 1959})], {}, False),
        ([entry({"resourceType": "Patient"})], {}, False),
        # several
        ([entry(member("W124")), entry(member("W123"))], {}, False),
        ([entry(member("W124")), entry(member("W125"))], {}, True),
        ([*BOTH], {"patient": {"reference": "Patient/a"}}, True),
        (
            [*BOTH],
            {"patient": {"reference": "Patient/b"}},
            False,
        ),
        ([entry(member("W124"), "urn:a"), entry(member("W123"), "urn:b")], {"patient": {"reference": "urn:a"}}, True),
        ([entry(member("W124"), "urn:a"), entry(member("W123"), "urn:b")], {"patient": {"reference": "urn:b"}}, False),
        (
            [entry(member("W124"), "https://x/Patient/a"), entry(member("W123"))],
            {"patient": {"reference": "Patient/a/_history/2"}},
            True,
        ),
        ([entry(member("W124", id="a")), entry(member("W123"))], {"patient": {"reference": "Practitioner/a"}}, False),
        ([entry(member("W124")), entry(member("W123"))], {"patient": {"reference": "Patient/gone"}}, False),
        # contained, by number, by plan
        ([], {"contained": [member("W124", id="p")], "patient": {"reference": "#p"}}, True),
        ([], {"contained": [member("W123", id="p")], "patient": {"reference": "#p"}}, False),
        ([entry(member("W124"))], {"contained": [member("W123", id="p")], "patient": {"reference": "#p"}}, False),
        ([], {"contained": [entry["resource"] for entry in BOTH], "patient": {"reference": "#a"}}, True),
        ([], {"contained": [entry["resource"] for entry in BOTH], "patient": {"reference": "#b"}}, False),
        ([entry(member("W123"))], {"contained": [member("W124", id="p")], "patient": {"reference": "#p"}}, True),
        ([], {"patient": {"identifier": {**MB, "value": "W124"}}}, True),
        ([], {"patient": {"identifier": {**MB, "value": "W123"}}}, False),
        ([], {"patient": {"identifier": {"value": "W124"}}}, False),
        ([entry(member("W123"))], {"patient": {"identifier": {**MB, "value": "W124"}}}, True),
        ([entry({**COVERAGE, "subscriberId": "W124"})], {}, True),
        ([entry({**COVERAGE, "subscriberId": "W123"})], {}, False),
        ([entry({**COVERAGE, "identifier": [{**MB, "value": "W124"}]})], {}, True),
        ([entry({"resourceType": "Patient", "id": "p"}), entry({**COVERAGE, "subscriberId": "W124"})], {}, True),
        ([entry({"resourceType": "Patient", "id": "q"}), entry({**COVERAGE, "subscriberId": "W124"})], {}, False),
    ],
)
def test_the_patient_however_it_is_told(entries: list[dict[str, Any]], response: dict[str, Any], another: bool) -> None:
    assert whose(answer(*entries, **BY_TRACE, **response)) is (Whose.ANOTHER_PATIENT if another else Whose.OURS)


@pytest.mark.parametrize(("number", "expected"), [("W123", Whose.OURS), ("W124", Whose.ANOTHER_PATIENT)])
@pytest.mark.parametrize("shape", ["nested", "inlined", "flattened"])
def test_a_notification_names_them_in_each_shape(shape: str, number: str, expected: Whose) -> None:
    bundle = answer(entry(member(number, id="p"), "urn:p"), **BY_TRACE, patient={"reference": "urn:p"})
    inlined = {"resource": {"resourceType": "Subscription", "id": "1"}} if shape == "inlined" else {}
    told = orjson.loads(history(status("event-notification", **inlined)))
    told["entry"] += bundle["entry"] if shape == "flattened" else [entry(bundle)]
    (one,) = read_notification(orjson.dumps(told)).told
    assert whose_answer(one.received().named, OURS) is expected


def test_of_several_answers_that_come_flattened_each_has_its_own_patient() -> None:
    told = orjson.loads(history(status("event-notification")))
    for number in ("W123", "W124"):
        about = {"patient": {"reference": f"Patient/{number}"}}
        told["entry"] += answer(entry(member(number, id=number)), **BY_TRACE, **about)["entry"]
    received = [one.received().named for one in read_notification(orjson.dumps(told)).told]
    assert [whose_answer(named, OURS) for named in received] == [Whose.OURS, Whose.ANOTHER_PATIENT]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({}, Whose.SILENT),
        (BY_TRACE, Whose.OURS),
        ({"request": {"reference": address_of(TRACE, REQUEST)}}, Whose.OURS),
        ({"contained": [member("W124", id="p")], "patient": {"reference": "#p"}}, Whose.ANOTHER_PATIENT),
        ({"request": {"identifier": {"value": ANOTHERS}}}, Whose.ANOTHER_REQUEST),
    ],
)
def test_benefits_too(response: dict[str, Any], expected: Whose) -> None:
    told = {"resourceType": "CoverageEligibilityResponse", "insurance": [{"inforce": True}], **response}
    assert whose_answer(read_benefits(orjson.dumps(told), ASKED).named, OURS) is expected


@given(response=ANYTHING, patient=ANYTHING, request=ANYTHING)
def test_anything_is_read(response: object, patient: object, request: object) -> None:
    said = response if isinstance(response, dict) else {}
    about = {"resourceType": "Patient", **(patient if isinstance(patient, dict) else {"name": patient})}
    told = {**said, "request": request, "patient": patient}
    assert whose_answer(named_by(answer(entry(about), **told), told), OURS) in Whose
