"""FHIR: what the therapy is for, the principal diagnosis by its own mark."""

from typing import Any

import pytest

from firstdose.domain.referral.question import QuestionReason
from tests.unit.fhir_example import Change, Tree, asked, coded, referral, updated

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SEVERAL = QuestionReason.SEVERAL


def _condition(number: int, icd: str, **values: Any) -> Tree:
    return {"resourceType": "Condition", "id": f"c{number}", "code": coded(ICD, icd), **values}


@pytest.mark.parametrize(
    ("change", "more", "codes"),
    [
        (updated("sr1", reasonReference=[{"reference": "Condition/d2"}]), [], ["B95.62", "M86.161"]),
        (updated("sr1", reasonReference=None, reasonCode=[coded(ICD, "A41.9")]), [], ["A41.9", "M86.161", "B95.62"]),
        (updated("sr1"), [_condition(0, "A41.9", verificationStatus=coded(None, "refuted"))], ["M86.161", "B95.62"]),
        (updated("sr1"), [_condition(0, "A41.9", clinicalStatus=coded(None, "resolved"))], ["M86.161", "B95.62"]),
        (
            updated("sr1"),
            [_condition(0, "A41.9", code=coded("http://snomed.info/sct", "A41.9"))],
            ["M86.161", "B95.62"],
        ),
        (updated("sr1"), [_condition(0, "A41.9", code=coded(None, "A41.9"))], ["M86.161", "B95.62"]),
        (
            updated("sr1"),
            [_condition(0, "A41.9", verificationStatus=coded(None, "provisional"))],
            ["M86.161", "B95.62", "A41.9"],
        ),
        (
            updated("sr1", reasonReference=None),
            [
                {
                    "resourceType": "Encounter",
                    "diagnosis": [
                        {"rank": 2, "condition": {"reference": "Condition/d1"}},
                        {"rank": 1, "condition": {"reference": "Condition/d2"}},
                    ],
                }
            ],
            ["B95.62", "M86.161"],
        ),
        (
            updated("sr1", reasonReference=None),
            [
                {
                    "resourceType": "Claim",
                    "diagnosis": [
                        {"sequence": 1, "diagnosisReference": {"reference": "Condition/d1"}},
                        {
                            "sequence": 2,
                            "diagnosisReference": {"reference": "Condition/d2"},
                            "type": [coded("http://terminology.hl7.org/CodeSystem/ex-diagnosistype", "principal")],
                        },
                    ],
                }
            ],
            ["B95.62", "M86.161"],
        ),
    ],
)
def test_the_principal_diagnosis_by_its_own_mark(change: Change, more: list[Tree], codes: list[str]) -> None:
    told = referral(change, *more)
    assert (list(told.order.diagnoses), asked(told)) == (codes, [])


def test_the_reason_of_the_service_comes_before_that_of_the_drug_whichever_is_first() -> None:
    change = updated("mr1", reasonCode=[coded(ICD, "A41.9")])
    assert referral(change).order.diagnoses == ("M86.161", "A41.9", "B95.62")


def test_an_encounters_diagnosis_comes_before_the_problem_list() -> None:
    category = "http://terminology.hl7.org/CodeSystem/condition-category"

    def change(resources: dict[str, Tree]) -> None:
        resources["sr1"]["reasonReference"] = None
        resources["d1"]["category"] = [coded(category, "problem-list-item")]
        resources["d2"]["category"] = [coded(category, "encounter-diagnosis")]

    told = referral(change)
    assert (told.order.diagnoses, asked(told)) == (("B95.62", "M86.161"), [])

    def change_by_another_system(resources: dict[str, Tree]) -> None:
        change(resources)
        resources["d2"]["category"] = [coded("urn:local", "encounter-diagnosis")]
        resources["d1"]["category"] = [coded(category, "other")]

    assert asked(referral(change_by_another_system)) == [("order.diagnoses", SEVERAL)]


def test_diagnoses_of_which_none_is_marked_are_a_question_which_is_the_principal() -> None:
    assert asked(referral(updated("sr1", reasonReference=None))) == [("order.diagnoses", SEVERAL)]
