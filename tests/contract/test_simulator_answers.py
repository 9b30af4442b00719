"""Each answer code that a payer may give, as the simulated payer puts it on the wire and as our channels read it."""

import re
from typing import Any

import orjson
import pytest

from firstdose.domain.authorization.lines import LineKind, LineState
from firstdose.domain.payer.remark import RemarkKind
from firstdose.payer_ports import ReceivedAnswer
from tests.contract.cases import case, endpoint
from tests.contract.conftest import World

S = LineState
ANSWERS = {
    "approved": ({"A1"}, {S.APPROVED}),
    "partial": ({"A2"}, {S.PARTIAL}),
    "partial_without_units": ({"A2"}, {S.NEEDS_REVIEW}),
    "denied_and_closed": ({"A3"}, {S.DENIED}),
    "pended_three_days": ({"A4"}, {S.PENDED}),
    "information_requested": ({"A4"}, {S.PENDED}),
    "modified": ({"A6"}, {S.MODIFIED}),
    "cancelled_by_payer": ({"C"}, {S.VOID}),
    "contact_payer": ({"CT"}, {S.NEEDS_REVIEW}),
    "not_required_after_all": ({"NA"}, {S.NOT_REQUIRED}),
    "unknown_code": ({"PENDEDCODE"}, {S.NEEDS_REVIEW}),
    "exchanged_drug": ({"A6"}, {S.MODIFIED}),
    "mixed_lines": ({"A1", "A3"}, {S.APPROVED, S.DENIED}),
}
"""By scenario: the review action codes (X12 306) on the wire, and what each line may be to us."""
OF_ONE_CHANNEL = {"partial_without_units", "contact_payer", "unknown_code"}
"""Whose X12 answer has other codes."""


@pytest.mark.parametrize("scenario", ANSWERS)
async def test_over_fhir(world: World, scenario: str) -> None:
    codes, states = ANSWERS[scenario]
    received = await world.pas.submit(case(endpoint(f"{world.url}/fhir/northstar"), member(scenario)))
    assert {code for item in response(received)["item"] for code in review_actions(item)} == codes
    assert {line.state for line in received.answer.lines} <= states


@pytest.mark.parametrize("scenario", sorted(ANSWERS.keys() - OF_ONE_CHANNEL))
async def test_over_x12(world: World, scenario: str) -> None:
    codes, states = ANSWERS[scenario]
    received = await world.x12.submit(case(endpoint(x12_url=f"{world.url}/x12/northstar"), member(scenario)))
    services = received.raw.decode().partition("*SS*")[2]
    assert set(re.findall(r"HCR\*(\w+)", services)) == codes
    assert {line.state for line in received.answer.lines} <= states


async def test_a_part_says_how_much_or_does_not(world: World) -> None:
    told, untold = [
        response(await world.pas.submit(case(endpoint(f"{world.url}/fhir/northstar"), member(scenario))))
        for scenario in ("partial", "partial_without_units")
    ]
    assert all(details(item) for item in told["item"])
    assert not any(details(item) for item in untold["item"])


async def test_a_modification_keeps_what_was_asked_for_and_adds_what_is_authorized(world: World) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), member("modified"))
    answer = response(await world.pas.submit(asked))
    assert [added["itemSequence"] for added in answer["addItem"]] == [[line.sequence] for line in asked.lines]
    assert [added["quantity"]["value"] for added in answer["addItem"]] == [line.units // 2 for line in asked.lines]
    assert {code for added in answer["addItem"] for code in review_actions(added)} == {"A1"}


async def test_another_drug_instead_is_seen_beside_ours(world: World) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), member("exchanged_drug"))
    remarks = (await world.pas.submit(asked)).answer.remarks
    (drug,) = [line for line in asked.lines if line.kind is LineKind.DRUG]
    exchanged = [(one.line, one.about) for one in remarks if one.kind is RemarkKind.EXCHANGED]
    assert exchanged == [(drug.sequence, ("J0690",))]
    assert "The formulary prefers cefazolin." in [one.text for one in remarks]


async def test_a_processing_error_is_told_with_what_to_do(world: World) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), member("processing_error"))
    answer = (await world.pas.submit(asked)).answer
    assert {line.state for line in answer.lines} == {S.NEEDS_REVIEW}
    rejected = [(one.code, one.follow_up, one.text) for one in answer.remarks if one.kind is RemarkKind.REJECTED]
    assert rejected == [("57", "C", "Service date is missing")]


async def test_an_answer_names_its_patient(world: World) -> None:
    received = await world.pas.submit(case(endpoint(f"{world.url}/fhir/northstar"), member("approved")))
    assert members(received) == {member("approved")}


def member(scenario: str) -> str:
    return f"SIM-{scenario.upper().replace('_', '-')}-1"


def response(received: ReceivedAnswer) -> dict[str, Any]:
    """The ClaimResponse, read without the product."""
    return next(one for one in resources(received.raw) if one["resourceType"] == "ClaimResponse")


def members(received: ReceivedAnswer) -> set[str]:
    """The member ids of the patients that it is about."""
    patients = [one for one in resources(received.raw) if one["resourceType"] == "Patient"]
    return {identifier["value"] for patient in patients for identifier in patient["identifier"]}


def resources(raw: bytes) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in orjson.loads(raw)["entry"]]


def review_actions(item: dict[str, Any]) -> list[str]:
    return [
        part["valueCodeableConcept"]["coding"][0]["code"]
        for adjudication in item["adjudication"]
        for extension in adjudication["extension"]
        for part in extension["extension"]
        if part["url"].endswith("reviewActionCode")
    ]


def details(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [extension for extension in item["extension"] if extension["url"].endswith("itemAuthorizedDetail")]
