"""No place in a FHIR message decides: order of elements, dead twins and old versions anywhere change nothing."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from desk.intake.parse import parse
from firstdose.domain.referral.referral import Referral

TODAY = date(2026, 11, 28)
EXAMPLE = (Path(__file__).parents[2] / "docs/examples/referral.fhir.json").read_text()
NEW, OLD = {"lastUpdated": "2026-11-20T12:00:00Z"}, {"lastUpdated": "2026-11-19T12:00:00Z"}
HCPCS = "http://terminology.hl7.org/CodeSystem/HCPCS"
Tree = dict[str, Any]
Change = Callable[[Tree], object]


def _set(**values: Any) -> Change:
    return lambda resource: resource.update(values)


def _status(concept: str, code: str) -> Change:
    return _set(**{concept: {"coding": [{"code": code}]}})


DEATHS: dict[str, list[Change]] = {
    "ServiceRequest": [
        _set(status=status, identifier=[{"value": "DEAD"}])
        for status in ("revoked", "entered-in-error", "completed", "draft", "on-hold")
    ],
    "MedicationRequest": [
        *(
            _set(status=status)
            for status in ("stopped", "cancelled", "completed", "entered-in-error", "draft", "on-hold", "unknown")
        ),
        _set(doNotPerform=True),
        _set(intent="proposal"),
        _set(intent="plan"),
    ],
    "Coverage": [
        _set(status="cancelled", order=0),
        _set(status="entered-in-error", order=0),
        _set(period={"end": "2026-06"}, order=0),
        _set(period={"start": "2027"}, order=0),
    ],
    "Condition": [
        _status("verificationStatus", "entered-in-error"),
        _status("verificationStatus", "refuted"),
        _status("clinicalStatus", "resolved"),
    ],
    "AllergyIntolerance": [
        _status("verificationStatus", "refuted"),
        _status("verificationStatus", "entered-in-error"),
        _status("clinicalStatus", "inactive"),
    ],
    "Observation": [
        _set(status=status, effectiveDateTime="2026-11-27")
        for status in ("entered-in-error", "cancelled", "preliminary", "registered")
    ],
    "DocumentReference": [_set(status="superseded"), _set(status="entered-in-error")],
}
DISTURBED: dict[str, Change] = {
    "MedicationRequest": lambda one: one.update(
        medicationCodeableConcept={"text": "Wrong", "coding": [{"system": HCPCS, "code": "J0690"}]}
    ),
    "Coverage": lambda one: one.update(subscriberId="WRONG"),
    "Condition": lambda one: one.update(
        code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "A00.0"}]}
    ),
    "AllergyIntolerance": lambda one: one.update(code={"text": "Wrong"}),
    "Observation": lambda one: one.update(valueQuantity={"value": 170.5, "code": "kg"}),
    "DocumentReference": lambda one: one["content"][0]["attachment"].update(data="V3Jvbmc="),
    "ServiceRequest": lambda one: one.update(priority="stat", note=[{"text": "Wrong."}]),
    "Patient": lambda one: one.update(birthDate="1940-01-01", name=[{"family": "Wrong"}]),
    "Practitioner": lambda one: one.update(name=[{"family": "Wrong"}]),
}


def _base() -> Tree:
    """The example, with a second drug, a problem list, and more names, numbers and addresses."""
    bundle: Tree = json.loads(EXAMPLE)
    resources = {one["resource"]["id"]: one["resource"] for one in bundle["entry"]}
    for resource in resources.values():
        resource["meta"] = NEW
    second = deepcopy(resources["mr1"]) | {"id": "mr2"}
    second["medicationCodeableConcept"] = {"text": "Cefepime", "coding": [{"system": HCPCS, "code": "J0692"}]}
    second["dosageInstruction"][0]["timing"]["repeat"]["period"] = 24
    bundle["entry"].append({"fullUrl": "https://lakeside.example.org/fhir/MedicationRequest/mr2", "resource": second})
    patient = resources["p1"]
    patient["name"] += [{"use": "usual", "family": "Samply"}, {"use": "temp", "family": "Doe"}, {"family": "Other"}]
    patient["telecom"] += [
        {"system": "phone", "use": "work", "value": "+1-312-555-0100"},
        {"system": "phone", "use": "mobile", "value": "+1-312-555-0101"},
        {"system": "phone", "use": "home", "rank": 1, "value": "+1-312-555-0102"},
        {"system": "phone", "value": "+1-312-555-0103"},
    ]
    patient["address"] += [{"use": "work", "line": ["1 Work Way"]}, {"use": "billing", "line": ["PO Box 1"]}]
    return bundle


def _read(bundle: Tree) -> Referral:
    referral = parse("application/fhir+json", json.dumps(bundle).encode(), today=TODAY).referral
    assert referral is not None
    return referral


BASE = _base()
RIGHT = _read(BASE)


def _shuffle(node: Any, random: Random) -> None:
    """The lists whose order says nothing; given names and lines of an address stay."""
    for name, value in node.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict):
                _shuffle(child, random)
        if isinstance(value, list) and name in (
            "entry",
            "name",
            "telecom",
            "address",
            "coding",
            "identifier",
            "extension",
        ):
            random.shuffle(value)


def _add_dead(bundle: Tree, random: Random) -> None:
    entry = random.choice([one for one in BASE["entry"] if one["resource"]["resourceType"] in DEATHS])
    twin = deepcopy(entry["resource"])
    kind = twin["resourceType"]
    DISTURBED[kind](twin)
    random.choice(DEATHS[kind])(twin)
    twin["id"] = f"{random.choice('az')}{random.randrange(1000)}"
    bundle["entry"].insert(random.randrange(len(bundle["entry"])), {"resource": twin})


def _add_old_version(bundle: Tree, random: Random) -> None:
    entry = deepcopy(random.choice([one for one in BASE["entry"] if one["resource"]["resourceType"] in DISTURBED]))
    DISTURBED[entry["resource"]["resourceType"]](entry["resource"])
    entry["resource"]["meta"] = OLD
    bundle["entry"].insert(random.randrange(len(bundle["entry"])), entry)


def _add_former(bundle: Tree, random: Random) -> None:
    patient = next(
        one["resource"]
        for one in bundle["entry"]
        if one["resource"]["resourceType"] == "Patient" and one["resource"]["meta"] == NEW
    )
    former: Tree = random.choice(
        [{"use": "old"}, {"use": "official", "period": {"end": "2019-05-01"}}, {"period": {"start": "2099"}}]
    )
    patient["name"].insert(0, former | {"family": "Formerly"})
    patient["telecom"].insert(0, former | {"system": "phone", "rank": 1, "value": "+1-312-555-0199"})
    patient["address"].insert(0, former | {"line": ["9 Former Road"]})


@settings(deadline=None)
@given(
    st.randoms(use_true_random=False), st.lists(st.sampled_from([_add_dead, _add_old_version, _add_former]), max_size=8)
)
def test_order_dead_twins_and_old_versions_change_nothing(
    random: Random, additions: list[Callable[[Tree, Random], None]]
) -> None:
    bundle = deepcopy(BASE)
    for add in additions:
        add(bundle, random)
    _shuffle(bundle, random)
    assert _read(bundle).model_dump() == RIGHT.model_dump()


def test_each_kind_of_death_by_itself() -> None:
    for entry in BASE["entry"]:
        kind = entry["resource"]["resourceType"]
        for die in DEATHS.get(kind, ()):
            twin = deepcopy(entry["resource"]) | {"id": "a0"}
            DISTURBED[kind](twin)
            die(twin)
            bundle = BASE | {"entry": [{"resource": twin}, *BASE["entry"]]}
            assert _read(bundle).model_dump() == RIGHT.model_dump(), (kind, twin.get("status"))


def test_what_the_base_says() -> None:
    assert not RIGHT.open_questions
    assert [(one.drug.name, one.frequency) for one in RIGHT.order.medications] == [
        ("Vancomycin 1 g injection", "every 12 hours"),
        ("Cefepime", "every 24 hours"),
    ]
    assert (RIGHT.patient.family_name, RIGHT.order.diagnoses[0]) == ("Sample", "M86.161")
    assert RIGHT.patient.phones[:2] == ("+1-312-555-0102", "+1-312-555-0101")
    assert RIGHT.patient.address.line == ("1200 Example Street", "Apt 4")
