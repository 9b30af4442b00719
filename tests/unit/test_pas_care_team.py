"""The prescriber in a PAS request: a role of a named person at the practice that refers."""

from datetime import date
from typing import Any

from firstdose.adapters.payers.pas.request import submission
from firstdose.domain.referral.referral import Referral
from tests.contract.cases import US, case, referral


def resources(told: Referral) -> dict[str, dict[str, Any]]:
    entries = submission(case(referral=told), US)["entry"]
    return {f"{one['resource']['resourceType']}/{one['resource']['id']}": one["resource"] for one in entries}


def claim(told: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return next(one for one in told.values() if one["resourceType"] == "Claim")


def changed(**changes: object) -> Referral:
    return Referral.read({**referral().model_dump(mode="json"), **changes}, today=date(2026, 11, 21))


def test_the_care_team_is_a_role_with_person_and_practice() -> None:
    sent = resources(changed(source={"organization": "Lakeside Clinic", "npi": "1234567893"}))
    member = claim(sent)["careTeam"][0]
    role = sent[member["provider"]["reference"]]
    person, practice = (sent[role[name]["reference"]] for name in ("practitioner", "organization"))
    assert (role["resourceType"], practice["name"], practice["active"]) == ("PractitionerRole", "Lakeside Clinic", True)
    assert (person["name"][0]["family"], person["name"][0]["given"]) == ("Tester", ["Morgan"])
    assert role["telecom"] == [{"system": "phone", "value": "+1-312-555-0150"}]
    assert {tuple(item["careTeamSequence"]) for item in claim(sent)["item"]} == {(1,)}


def test_what_is_not_known_of_the_prescriber_is_said_to_be_unknown() -> None:
    sent = resources(changed(prescriber={"npi": "1234567893"}))
    person = next(one for one in sent.values() if one["resourceType"] == "Practitioner")
    role = next(one for one in sent.values() if one["resourceType"] == "PractitionerRole")
    assert "extension" in person["name"][0]["_family"]
    assert "organization" not in role
    assert "extension" in role["telecom"][0]["_value"]


def test_without_a_prescriber_there_is_no_care_team() -> None:
    sent = claim(resources(changed(prescriber={})))
    assert "careTeam" not in sent
    assert not any("careTeamSequence" in item for item in sent["item"])
