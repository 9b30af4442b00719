"""Words for facts: what is in a vocabulary has one meaning, and what is not is kept, shown and asked about."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from firstdose.domain.referral.amounts import read_dose, read_duration, read_duration_text, same_dose
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.facts import BlockedStep, missing_facts, outline
from firstdose.domain.referral.frequency import frequency_code, hours_between
from firstdose.domain.referral.identifiers import Hcpcs, MemberId, Ndc, State, ZipCode
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.reading import read_referral
from firstdose.domain.referral.referral import Allergy, Referral, Sex
from firstdose.domain.referral.versions import keeping

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("code", "spellings"),
    [
        (
            "q24h",
            "q24h|daily|once a day|QD|Q.D.|QAM|one time a day|1x/day|every morning|q 1 day|24 hourly|7 times a week",
        ),
        ("q12h", "BID|twice a day|two times per day|2 times daily|q12|every twelve hours|12-hourly|2/day"),
        ("q8h", "TID|t.i.d.|3 times a day|three times daily|thrice daily|q8|q8h|Q8H|8 hourly|every 8 hrs|3 per 1 day"),
        ("q6h", "QID|four times a day|q 6 h|4x daily|Every 6 Hours"),
        ("q48h", "q48h|QOD|every other day|every 2 days|alternate days"),
        ("q72h", "q72h|every third day|q3d|every 72 hours"),
        ("q168h", "weekly|once a week|every week|q7d|QW|1 time per week"),
        ("q336h", "every 2 weeks|every other week|q2w|fortnightly"),
        ("q672h", "every 4 weeks|q4wk|every 28 days|every four weeks"),
        ("q1h", "hourly|every hour|q1h"),
        ("2/week", "twice weekly|2 times a week|2x/week"),
        ("weekdays", "on weekdays|Monday through Friday|M-F|every weekday"),
        ("continuous", "continuous|Continuously|continuous infusion|over 24 hours"),
        ("monthly", "monthly|once a month|every month"),
        ("once", "once|one time|x1|single dose"),
    ],
)
def test_spellings_of_a_frequency(code: str, spellings: str) -> None:
    assert {frequency_code(words) for words in spellings.split("|")} == {code}


@pytest.mark.parametrize(
    "words",
    [
        "q6-8h",
        "every 6 to 8 hours",
        "1-2 times daily",
        "up to 3 times a day",
        "5 times a day",
        "BID PRN",
        "as needed",
        "od",
        "biweekly",
        "2 day",
        "14 days",
        "day",
        "every 0 hours",
        "0 times a day",
        "8 times a week",
        "q5",
        "day 1, 8 and 15",
        "HD",
    ],
)
def test_what_is_no_single_frequency_has_no_code(words: str) -> None:
    assert (frequency_code(words), hours_between(words)) == (None, None)


@given(st.integers(1, 99), st.sampled_from(["h", "hours", "hrs"]), st.sampled_from(["q", "every ", "Q "]))
def test_any_interval_in_hours_is_itself(hours: int, unit: str, every: str) -> None:
    assert hours_between(f"{every}{hours} {unit}") == hours


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("1 g", (1, "g")),
        ("1000mg", (1000, "mg")),
        ("1,500 MG", (1500, "mg")),
        ("0.4 g/kg", (0.4, "g/kg")),
        ("0.375 mcg/kg/min", (0.375, "mcg/kg/min")),
        ("5 million units", (5_000_000, "units")),
        ("2 vials", (2, "vials")),
        ("1-2 g", None),
        ("1 to 2 g", None),
        ("0 mg", None),
        ("500", None),
        ("1 g IV", None),
        ("per protocol", None),
        ("1 g/", None),
    ],
)
def test_a_dose_is_one_amount(text: str, dose: tuple[float, str] | None) -> None:
    assert read_dose(text) == dose


def test_doses_are_compared_across_units() -> None:
    assert same_dose((1, "g"), (1000, "mg"))
    assert not same_dose((1, "g"), (1, "mg"))
    assert not same_dose((1, "mL"), (1, "mg"))
    assert same_dose((2, "vial"), (2, "vials"))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("6 weeks", (6, "weeks")),
        ("x 14 days", (14, "days")),
        ("10 doses", (10, "doses")),
        ("2 months", None),
        ("2-3 weeks", None),
        ("0 days", None),
    ],
)
def test_a_duration_is_days_weeks_or_doses(text: str, duration: tuple[int, str] | None) -> None:
    told = read_duration_text(text)
    assert (told and (told["value"], told["unit"])) == duration


@pytest.mark.parametrize(("value", "unit"), [("1.5", "wk"), ("many", "d"), ("-1", "d"), ("2", "mo"), ("2", None)])
def test_what_is_no_whole_duration_is_none(value: str, unit: str | None) -> None:
    assert read_duration(value, unit) is None


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        (State, "Illinois", "IL"),
        (State, "il", "IL"),
        (State, "Washington, D.C.", "DC"),
        (State, "AE", "AE"),
        (State, "north  carolina", "NC"),
        (ZipCode, "60601-", "60601"),
        (ZipCode, "60601 1234", "60601-1234"),
        (ZipCode, "60601 - 1234", "60601-1234"),
        (Hcpcs, "J1335-JW", "J1335"),
        (Hcpcs, "s9500 sh", "S9500"),
        (Hcpcs, "J1335JZ", "J1335"),
        (Ndc, "63323 0284 20", "63323028420"),
        (MemberId, "1EG4-TE5-MK73", "1EG4TE5MK73"),
        (MemberId, "1eg4 te5 mk73", "1EG4TE5MK73"),
        (MemberId, "W1234 56789 01", "W12345678901"),
        (MemberId, "AB-12-345", "AB-12-345"),
        (MemberId, "1SG4-TE5-MK73", "1SG4-TE5-MK73"),
    ],
)
def test_one_spelling(kind: Any, written: str, kept: str) -> None:
    assert TypeAdapter(kind).validate_python(written) == kept


@pytest.mark.parametrize(
    ("kind", "wrong"), [(State, "Ontario"), (State, "ZZ"), (ZipCode, "6060"), (ZipCode, "60601-12"), (Hcpcs, "J1335-")]
)
def test_other_words_are_refused(kind: Any, wrong: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(wrong)


@pytest.mark.parametrize(
    ("sex", "words"),
    [
        (Sex.FEMALE, "F|Female|woman|f"),
        (Sex.MALE, "M|Male|MAN"),
        (Sex.OTHER, "X|O|other|nonbinary"),
        (Sex.UNKNOWN, "U|unknown|UNK"),
    ],
)
def test_sex_in_words_and_codes(sex: Sex, words: str) -> None:
    assert {_read({"patient": {"sex": word}}).patient.sex for word in words.split("|")} == {sex}


@pytest.mark.parametrize(
    "words",
    [
        "none_known",
        "NKA",
        "NKDA",
        "N.K.D.A.",
        "No Known Allergies",
        "No known allergy",
        "No known drug allergies (NKDA)",
        "none known",
        "None",
        "denies allergies",
        "Patient denies any drug allergies",
        "No allergies",
        "no allergies known",
        "NKA/NKDA",
    ],
)
def test_none_known_in_its_spellings(words: str) -> None:
    assert _allergies([{"substance": words}]) == "none_known"
    assert _allergies(words) == "none_known"
    assert _allergies([{"substance": words}, {"substance": "Latex"}]) == (Allergy(substance="Latex"),)


def test_no_allergies_of_one_kind_is_not_that_there_are_none() -> None:
    told = _read({"patient": {"allergies": [{"substance": "No known food allergies"}]}})
    assert told.patient.allergies is None
    assert [(one.path, one.values) for one in told.questions] == [("patient.allergies", ("No known food allergies",))]
    beside = _read({"patient": {"allergies": [{"substance": "No known latex allergy"}, {"substance": "Sulfa"}]}})
    assert beside.patient.allergies == (Allergy(substance="Sulfa"),)


def test_an_empty_list_of_allergies_is_not_said() -> None:
    assert _allergies([]) is None


def test_an_ndc_of_ten_digits_alone_is_asked_about_in_every_format() -> None:
    for strict in (True, False):
        order = {"drug": {"name": "ertapenem", "ndc": "0409653301"}, "dose": "1 g", "duration_days": 14}
        told = _read({"order": order}, strict=strict)
        assert (told.order.drug.name, told.order.drug.ndc, told.order.duration_days) == ("ertapenem", None, 14)
        assert [(one.path, one.reason) for one in told.questions] == [("order.drug.ndc", QuestionReason.NOT_UNDERSTOOD)]


def test_one_odd_fact_leaves_the_rest_of_the_order() -> None:
    told = _read({"order": {"drug": {"name": "ertapenem"}, "duration_days": "soon", "route": "PO", "dose": "1 g"}})
    assert (told.order.drug.name, told.order.dose) == ("ertapenem", "1 g")
    assert {one.path for one in told.questions} == {"order.duration_days", "order.route"}


def test_an_order_without_a_medication_is_stored_without_one() -> None:
    told = _read({"order": {"therapy": "hydration"}})
    assert told.order.medications == ()
    assert Referral.model_validate(told.model_dump(mode="json")) == told


@pytest.mark.parametrize(("name", "words"), [("dose", "1-2 g"), ("frequency", "when it suits")])
def test_a_word_that_is_not_understood_is_kept_and_asked_about(name: str, words: str) -> None:
    told = _read({"order": {"medications": [{"dose": "1 g"}, {name: words}]}}, strict=True)
    assert getattr(told.order.medications[1], name) == words
    asked = [one for one in told.questions if one.path == f"order.medications[1].{name}"]
    assert [(one.reason, one.values) for one in asked] == [(QuestionReason.NOT_UNDERSTOOD, (words,))]
    assert f"order.medications[1].{name}" in missing_facts(told)[BlockedStep.AUTHORIZATION]


def test_dose_and_quantity_that_contradict_each_other_are_a_question() -> None:
    same = {"dose": "1 g", "dose_quantity": {"value": 1000.0, "unit": "mg"}}
    assert not _read({"order": {"medications": [same]}}).questions
    other = {"dose": "1 g", "dose_quantity": {"value": 10000.0, "unit": "mg"}}
    (asked,) = _read({"order": {"medications": [other]}}).questions
    assert (asked.path, asked.reason, asked.values) == ("order.dose", QuestionReason.SEVERAL, ("1 g", "10000 mg"))


def test_a_quantity_does_not_outlive_its_dose() -> None:
    known = _read({"order": {"dose": "1 g", "drug": {"name": "ertapenem"}}})
    for change in ("2 g", "2 vials of it"):
        amended = with_facts(known, {"order.dose": change}).order.first
        newer = keeping(known, _read({"order": {"dose": change, "drug": {"name": "ertapenem"}}})).order.first
        expected = read_dose(change)
        for told in (amended, newer):
            assert told.dose == change
            assert (told.dose_quantity and (told.dose_quantity.value, told.dose_quantity.unit)) == expected


@pytest.mark.parametrize(
    "address",
    [
        {"line": ["PSC 7 Box 42"], "city": "APO", "state": "AE", "postal_code": "09021"},
        {"line": ["P.O. Box 12"], "city": "Chicago", "state": "IL", "postal_code": "60601"},
    ],
)
def test_where_only_mail_goes_the_visit_has_no_door(address: dict[str, Any]) -> None:
    told = _read({"patient": {"address": address}}, strict=True)
    assert told.patient.address.state == address["state"]
    assert {f"patient.address.{name}" for name in ("line", "state", "postal_code")} <= set(
        missing_facts(told)[BlockedStep.DISPATCH]
    )
    assert outline(told).state is None
    home = with_facts(told, {"patient.address": {**address, "line": ["1 Example Street"], "state": "IL"}})
    assert not [path for path in missing_facts(home)[BlockedStep.DISPATCH] if "address" in path]


def _read(facts: dict[str, Any], *, strict: bool = False) -> Referral:
    return read_referral({"source_referral_id": "R-1", **facts}, today=TODAY, strict=strict)


def _allergies(told: object) -> object:
    return _read({"patient": {"allergies": told}}, strict=True).patient.allergies
