"""Facts that a FHIR bundle carries several times, as nothing, or told elsewhere: which of them the referral has."""

from typing import Any

import pytest

from firstdose.domain.referral.facts import missing_facts
from firstdose.domain.referral.question import QuestionReason
from tests.unit.fhir_example import Change, Tree, asked, coded, referral, updated

SEVERAL, NOT_IN_FORCE = QuestionReason.SEVERAL, QuestionReason.NOT_IN_FORCE


def _names(*names: Tree) -> Change:
    return updated("p1", name=list(names))


def _reverse_too(first: Tree, second: Tree) -> list[list[Tree]]:
    return [[first, second], [second, first]]


@pytest.mark.parametrize(
    ("taken", "other"),
    [
        ({"use": "official"}, {"use": "usual"}),
        ({"use": "usual"}, {}),
        ({}, {"use": "nickname"}),
        ({"use": "nickname"}, {"use": "temp"}),
        ({"use": "temp"}, {"use": "maiden"}),
        ({"use": "usual"}, {"use": "official", "period": {"end": "2026-10"}}),
        ({"use": "usual"}, {"use": "official", "period": {"start": "2026-12"}}),
        ({"use": "official", "period": {"start": "2026-11-21", "end": "2026-11-21"}}, {"use": "usual"}),
        ({"use": "official", "period": {"end": "2026-11"}}, {"use": "usual"}),
        ({"use": "official", "period": {"start": "2026"}}, {"use": "usual"}),
    ],
)
def test_the_name_that_is_taken(taken: Tree, other: Tree) -> None:
    for names in _reverse_too(taken | {"family": "Right"}, other | {"family": "Wrong"}):
        told = referral(_names(*names))
        assert (told.patient.family_name, asked(told)) == ("Right", [])


def test_equal_names_former_names_and_a_whole_text_are_asked_about() -> None:
    told = referral(_names({"use": "official", "family": "One"}, {"use": "official", "family": "Two"}))
    assert (told.patient.family_name, asked(told)) == (None, [("patient.family_name", SEVERAL)])
    told = referral(_names({"use": "maiden", "family": "Formerly"}))
    assert (told.patient.family_name, asked(told)) == (None, [("patient.family_name", NOT_IN_FORCE)])
    told = referral(_names({"text": "Avery Sample"}))
    assert asked(told) == [("patient.family_name", QuestionReason.NOT_UNDERSTOOD)]


@pytest.mark.parametrize(
    ("taken", "other"),
    [
        ({"use": "home"}, {"use": "temp"}),
        ({"use": "home"}, {}),
        ({}, {"use": "work"}),
        ({"use": "temp"}, {"use": "billing"}),
        ({"use": "work"}, {"use": "home", "type": "postal"}),
        ({"use": "temp"}, {"use": "old"}),
        ({"use": "temp", "period": {"start": "2026-11-20"}}, {"use": "home", "period": {"end": "2026-11-20"}}),
    ],
)
def test_the_address_for_visits(taken: Tree, other: Tree) -> None:
    for addresses in _reverse_too(taken | {"line": ["1 Right Road"]}, other | {"line": ["2 Wrong Way"]}):
        told = referral(updated("p1", address=addresses))
        assert (told.patient.address.line, asked(told)) == (("1 Right Road",), [])


def test_equal_and_former_addresses_are_asked_about() -> None:
    told = referral(updated("p1", address=[{"use": "home", "line": ["1 A"]}, {"use": "home", "line": ["2 B"]}]))
    assert asked(told) == [("patient.address", SEVERAL)]
    told = referral(updated("p1", address=[{"use": "old", "line": ["1 A"]}]))
    assert asked(told) == [("patient.address", NOT_IN_FORCE)]


def test_phones_in_the_order_to_call_them() -> None:
    points: list[Tree] = [
        {"value": "7", "use": "temp"},
        {"value": "6", "use": "work"},
        {"value": "5"},
        {"value": "4", "use": "home"},
        {"value": "3", "use": "mobile"},
        {"value": "2", "use": "home", "rank": 2},
        {"value": "1", "use": "work", "rank": 1},
        {"value": "0", "use": "old", "rank": 1},
        {"value": "8", "period": {"end": "2026-11-20"}},
    ]
    told = referral(updated("p1", telecom=[{"system": "phone"} | point for point in points]))
    assert told.patient.phones == ("1", "2", "3", "4", "5", "6", "7")
    assert told.patient.email is None
    assert referral(lambda _: None).patient.email == "avery.sample@example.org"


def _weight(number: int, value: float, **values: Any) -> Tree:
    quantity = {"value": value, "unit": "kg"}
    observation = {"resourceType": "Observation", "id": f"w{number}", "status": "final", "valueQuantity": quantity}
    return {**observation, "code": coded("http://loinc.org", "29463-7"), **values}


@pytest.mark.parametrize(
    ("more", "kilograms"),
    [
        (_weight(2, 72, effectiveDateTime="2026-11-20"), 72),
        (_weight(2, 72, effectiveDateTime="2026-11-18"), 70.5),
        (_weight(2, 72, effectiveDateTime="2026-11"), 70.5),
        (_weight(2, 72, effectiveDateTime="2026-11-22"), 70.5),
        (_weight(2, 72, effectivePeriod={"start": "2026-11-20", "end": "2026-11-20"}), 72),
        (_weight(2, 72, effectiveDateTime="2026-11-20", status="amended"), 72),
        (_weight(2, 72, effectiveDateTime="2026-11-20", status="corrected"), 72),
        (_weight(2, 72, effectiveDateTime="2026-11-20", status="preliminary"), 70.5),
        (_weight(2, 72, effectiveDateTime="2026-11-20", status="entered-in-error"), 70.5),
        (_weight(2, 72, effectiveDateTime="2026-11-20", valueQuantity=None, dataAbsentReason={"text": "?"}), 70.5),
        (_weight(2, 72, effectiveDateTime="2026-11-20", code=coded("http://loinc.org", "8302-2")), 70.5),
        (_weight(2, 72, effectiveDateTime="2026-11-20", code=coded(None, "29463-7")), 70.5),
        (_weight(2, 72, effectiveDateTime="2026-11-20", code=coded("http://loinc.org", "8335-2")), 70.5),
    ],
)
def test_the_newest_weight_that_holds(more: Tree, kilograms: float) -> None:
    told = referral(lambda _: None, more)
    assert (told.patient.weight_kg, asked(told)) == (kilograms, [])


def test_weights_of_one_moment_and_of_components() -> None:
    told = referral(lambda _: None, _weight(2, 72, effectiveDateTime="2026-11-19"))
    assert (told.patient.weight_kg, asked(told)) == (None, [("patient.weight_kg", SEVERAL)])
    part = {"code": coded("http://loinc.org", "29463-7"), "valueQuantity": {"value": 71, "unit": "kg"}}
    panel = _weight(2, 0, code={"text": "vital signs"}, valueQuantity=None, component=[part])
    told = referral(lambda _: None, panel | {"effectiveDateTime": "2026-11-20"})
    assert told.patient.weight_kg == 71
    told = referral(updated("w1", status="preliminary"))
    assert asked(told) == [("patient.weight_kg", NOT_IN_FORCE)]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (_names({"use": "official", "family": "UNKNOWN"}), "patient.family_name"),
        (updated("p1", telecom=[{"system": "phone", "value": "(000) 000-0000"}]), "patient.phones"),
        (updated("p1", birthDate="1900-01-01"), "patient.birth_date"),
        (updated("p1", birthDate=None, _birthDate={"extension": [{"valueCode": "unknown"}]}), "patient.birth_date"),
        (updated("c1", subscriberId='""'), "coverages[0].member_id"),
        (
            updated(
                "mr1",
                medicationCodeableConcept={
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason",
                            "code": "unknown",
                            "display": "Unknown",
                        }
                    ]
                },
            ),
            "order.drug.name",
        ),
    ],
)
def test_nothing_is_missing_and_no_fact(change: Change, path: str) -> None:
    told = referral(change)
    assert asked(told) == []
    assert path in [one for paths in missing_facts(told).values() for one in paths]


def test_a_placeholder_does_not_win_over_a_fact() -> None:
    told = referral(_names({"use": "official", "family": "UNKNOWN"}, {"use": "usual", "family": "Sample"}))
    assert told.patient.family_name == "Sample"
    told = referral(updated("p1", address=[{"use": "home", "city": "Unknown"}, {"use": "temp", "line": ["1 A"]}]))
    assert told.patient.address.line == ("1 A",)


@pytest.mark.parametrize(
    ("system", "told"),
    [("http://terminology.hl7.org/CodeSystem/HCPCS", "J0690"), ("urn:local", None), (None, None)],
)
def test_a_drugs_code_counts_with_its_system_only(system: str | None, told: str | None) -> None:
    concept = {"text": "Cefazolin", **coded(system, "J0690")}
    assert referral(updated("mr1", medicationCodeableConcept=concept)).order.drug.hcpcs == told


def test_two_codes_of_one_system_are_a_question_unless_a_person_selected_one() -> None:
    system = "http://terminology.hl7.org/CodeSystem/HCPCS"
    codes: list[Tree] = [{"system": system, "code": "J0690"}, {"system": system, "code": "J3370"}]
    told = referral(updated("mr1", medicationCodeableConcept={"text": "Drug", "coding": codes}))
    assert (told.order.drug.hcpcs, asked(told)) == (None, [("order.drug.hcpcs", SEVERAL)])
    codes[1]["userSelected"] = True
    assert (
        referral(updated("mr1", medicationCodeableConcept={"text": "Drug", "coding": codes})).order.drug.hcpcs
        == "J3370"
    )


@pytest.mark.parametrize(
    ("change", "allergies"),
    [
        (updated("a1", code=coded("http://snomed.info/sct", "716186003")), "none_known"),
        (updated("a1", code={"text": "No Known Allergies"}), "none_known"),
        (updated("a1", verificationStatus={"text": "Entered in error"}), None),
        (updated("a1", clinicalStatus=coded(None, "inactive")), None),
    ],
)
def test_allergies(change: Change, allergies: str | None) -> None:
    assert referral(change).patient.allergies == allergies


def test_none_known_by_an_empty_list_or_beside_a_mistake() -> None:
    nil = coded("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown")
    listed = {"resourceType": "List", "code": coded("http://loinc.org", "48765-2"), "emptyReason": nil}
    assert referral(updated("a1", verificationStatus=coded(None, "refuted")), listed).patient.allergies == "none_known"
    assert referral(lambda _: None, listed).patient.allergies != "none_known"
    other = listed | {"code": coded("http://loinc.org", "10160-0")}
    assert referral(updated("a1", verificationStatus=coded(None, "refuted")), other).patient.allergies is None
    assert referral(updated("a1", code=coded("urn:local", "716186003"))).patient.allergies is None


def test_an_allergys_substance_and_reactions_wherever_they_are_told() -> None:
    signs = [{"text": "Hives"}, {"text": "Rash"}]
    change = updated("a1", code=None, reaction=[{"substance": {"text": "Cefazolin"}, "manifestation": signs}])
    told = referral(change).patient.allergies
    assert isinstance(told, tuple)
    assert [(one.substance, one.reaction) for one in told] == [("Cefazolin", "Hives, Rash")]
    bare = referral(updated("a1", reaction=[])).patient.allergies
    assert isinstance(bare, tuple)
    assert [(one.substance, one.reaction) for one in bare] == [("Penicillin", None)]


def test_contact_time_zone_and_a_second_person() -> None:
    def change(resources: dict[str, Tree]) -> None:
        zone = {"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "America/Chicago"}
        resources["p1"]["extension"] = [zone, {"url": "urn:firstdose:contact-allowed", "valueBoolean": False}]
        resources["p1"]["contact"].append({"name": {"text": "Zoe Friend"}})

    told = referral(change)
    assert (told.patient.time_zone, told.contact_allowed) == ("America/Chicago", False)
    assert told.patient.caregiver is not None
    assert told.patient.alternate_contact is not None
    assert (told.patient.caregiver.name, told.patient.alternate_contact.name) == ("Jordan Sample", "Zoe Friend")
