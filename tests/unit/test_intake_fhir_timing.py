"""FHIR's timing, dose and duration: written as people do where they are plain, and asked about where they are not."""

from typing import Any

import pytest

from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.question import QuestionReason
from tests.unit.fhir_example import Tree, asked, coded, referral

GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"


def _instructed(*instructions: Tree, **values: Any) -> Any:
    return referral(lambda resources: resources["mr1"].update(dosageInstruction=list(instructions), **values))


def _timed(timing: Tree, **instruction: Any) -> Any:
    return _instructed({"timing": timing, **instruction})


@pytest.mark.parametrize(
    ("timing", "code"),
    [
        ({"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}, "q8h"),
        ({"repeat": {"period": 8, "periodUnit": "h"}}, "q8h"),
        ({"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}, "q8h"),
        ({"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "q12h"),
        ({"repeat": {"frequency": 4, "period": 24, "periodUnit": "h"}}, "q6h"),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "when": ["MORN"]}}, "q24h"),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00"]}}, "q24h"),
        ({"repeat": {"frequency": 1, "period": 0.5, "periodUnit": "d"}}, "q12h"),
        ({"repeat": {"frequency": 1, "period": 2, "periodUnit": "wk"}}, "q336h"),
        ({"code": coded(GTS, "BID")}, "q12h"),
        ({"code": coded(GTS, "Q8H")}, "q8h"),
        ({"code": {"text": "every 6 hours"}}, "q6h"),
        ({"code": coded(GTS, "TID"), "repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}, "q8h"),
    ],
)
def test_a_plain_interval(timing: Tree, code: str) -> None:
    told = _timed(timing)
    assert frequency_code(told.order.frequency or "") == code
    assert not [one for one in told.open_questions if one.path == "order.frequency"]


@pytest.mark.parametrize(
    "timing",
    [
        {"repeat": {"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}},
        {"repeat": {"frequency": 1, "period": 4, "periodMax": 6, "periodUnit": "h"}},
        {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon", "fri"]}},
        {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "12:00:00", "18:00:00"]}},
        {"repeat": {"timeOfDay": ["08:00:00", "20:00:00"]}},
        {"code": coded("urn:local", "B7")},
    ],
)
def test_what_is_no_plain_interval_is_kept_and_asked_about(timing: Tree) -> None:
    told = _timed(timing)
    assert told.order.frequency
    assert ("order.frequency", QuestionReason.NOT_UNDERSTOOD) in asked(told)


def test_as_needed_is_no_plain_interval() -> None:
    timing = {"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}
    for needed in ({"asNeededBoolean": True}, {"asNeededCodeableConcept": {"text": "pain"}}):
        assert ("order.frequency", QuestionReason.NOT_UNDERSTOOD) in asked(_timed(timing, **needed))
    assert not asked(_timed(timing, asNeededBoolean=False))


def test_a_code_and_numbers_that_differ_are_a_question() -> None:
    told = _timed({"code": coded(GTS, "BID"), "repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}})
    assert told.order.frequency is None
    assert ("order.frequency", QuestionReason.SEVERAL) in asked(told)


def test_a_loading_dose_before_the_others_is_a_question_and_the_route_is_not() -> None:
    def dose(grams: int) -> Tree:
        return {"route": {"text": "IV"}, "doseAndRate": [{"doseQuantity": {"value": grams, "unit": "g"}}]}

    told = _instructed({"sequence": 1, **dose(2)}, {"sequence": 2, **dose(1)})
    assert asked(told) == [("order.dose", QuestionReason.SEVERAL)]
    assert told.order.route == "IV"


@pytest.mark.parametrize(
    "dose",
    [
        {"doseRange": {"low": {"value": 1, "unit": "g"}, "high": {"value": 2, "unit": "g"}}},
        {"doseQuantity": {"value": 1, "comparator": "<", "unit": "g"}},
        {"doseQuantity": {"value": 1}},
    ],
)
def test_a_dose_that_is_no_amount_is_a_question(dose: Tree) -> None:
    told = _instructed({"doseAndRate": [dose]})
    assert told.order.dose is None
    assert ("order.dose", QuestionReason.NOT_UNDERSTOOD) in asked(told)


def test_the_dose_that_was_ordered_not_the_calculated_one() -> None:
    kind = "http://terminology.hl7.org/CodeSystem/dose-rate-type"
    ordered = {"type": coded(kind, "ordered"), "doseQuantity": {"value": 15, "unit": "mg/kg"}}
    calculated = {"type": coded(kind, "calculated"), "doseQuantity": {"value": 1057.5, "unit": "mg"}}
    assert _instructed({"doseAndRate": [calculated, ordered]}).order.dose == "15 mg/kg"


@pytest.mark.parametrize(("value", "dose"), [(1250000, "1250000 units"), (0.75, "0.75 units"), (1.0, "1 units")])
def test_an_amount_is_written_out(value: float, dose: str) -> None:
    assert _instructed({"doseAndRate": [{"doseQuantity": {"value": value, "unit": "units"}}]}).order.dose == dose


@pytest.mark.parametrize(
    ("repeat", "dispense", "days"),
    [
        ({"count": 42, "frequency": 1, "period": 8, "periodUnit": "h"}, {}, 14),
        ({"boundsDuration": {"value": 336, "code": "h"}}, {}, None),
        ({"boundsDuration": {"value": 2, "code": "mo"}}, {}, None),
        ({"boundsRange": {"low": {"value": 2, "unit": "wk"}, "high": {"value": 6, "unit": "wk"}}}, {}, None),
        ({}, {"expectedSupplyDuration": {"value": 7, "code": "d"}, "numberOfRepeatsAllowed": 5}, None),
        ({"boundsDuration": {"value": 42, "code": "d"}}, {"expectedSupplyDuration": {"value": 7, "code": "d"}}, 42),
    ],
)
def test_how_long(repeat: Tree, dispense: Tree, days: int | None) -> None:
    told = _instructed({"timing": {"repeat": repeat}}, dispenseRequest=dispense)
    assert told.order.duration_days == days
    assert (("order.duration_days", QuestionReason.NOT_UNDERSTOOD) in asked(told)) is (days is None)


def test_each_drug_has_its_own_dose_route_time_and_reason() -> None:
    second = {
        "resourceType": "MedicationRequest",
        "id": "mr2",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "Cefepime"},
        "reasonCode": [coded("http://hl7.org/fhir/sid/icd-10-cm", "A41.9")],
        "dosageInstruction": [
            {
                "route": {"text": "IM"},
                "timing": {"repeat": {"period": 24, "periodUnit": "h", "boundsDuration": {"value": 7, "code": "d"}}},
                "doseAndRate": [{"doseQuantity": {"value": 2, "unit": "g"}}],
            }
        ],
    }
    first, other = referral(lambda _: None, second).order.medications
    assert (first.dose, first.route, first.frequency, first.duration_days) == ("1 g", "IV", "every 12 hours", 42)
    assert (other.dose, other.route, other.frequency, other.duration_days) == ("2 g", "IM", "every 24 hours", 7)
    assert (first.diagnoses, other.diagnoses) == ((), ("A41.9",))
