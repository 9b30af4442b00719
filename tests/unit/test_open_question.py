"""What people read of an open question."""

from datetime import date

import pytest

from firstdose.domain.referral.fact_names import fact_name
from firstdose.domain.referral.facts import missing_facts
from firstdose.domain.referral.open_question import open_questions
from firstdose.domain.referral.question import QuestionReason, question
from firstdose.domain.referral.referral import Referral

EMPTY = Referral.read({"source_referral_id": "R-1"}, today=date(2026, 3, 2))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("patient.weight_kg", "weight in kg of the patient"),
        ("patient.address.postal_code", "ZIP code of the address of the patient"),
        ("coverages", "coverage"),
        ("coverages[0].member_id", "member ID of coverage 1"),
        ("coverages[1].payer.name", "name of the payer of coverage 2"),
        ("order.dose", "dose of the order"),
        ("order.medications[0].dose", "dose of the order"),
        ("order.medications[1].dose", "dose of medication 2"),
        ("order.medications[1].drug.name", "name of the drug of medication 2"),
        ("prescriber.npi", "NPI of the prescriber"),
        ("documents.clinical_note", "clinical note"),
        ("source.phone", "phone of the referral source"),
        ("urgency", "urgency"),
        ("No path!", "No path!"),
    ],
)
def test_a_fact_has_a_name(path: str, name: str) -> None:
    assert fact_name(path) == name


def test_every_fact_that_may_be_missing_is_named_in_words() -> None:
    names = [fact_name(path) for paths in missing_facts(EMPTY).values() for path in paths]
    assert not any("_" in name or "." in name or "[" in name for name in names)


@pytest.mark.parametrize("reason", QuestionReason)
def test_every_reason_is_said_in_words(reason: QuestionReason) -> None:
    asked = EMPTY.model_copy(update={"questions": (question("order.dose", reason, ["1 or 2 g"]),)})
    (shown,) = open_questions(asked)
    assert (shown.values, shown.meaning.endswith(".")) == (("1 or 2 g",), True)


def test_only_open_ones_about_what_is_asked_for() -> None:
    dose, site, done = (question(path, QuestionReason.SEVERAL, ["a"]) for path in ("order.dose", "order.site", "order"))
    asked = EMPTY.model_copy(update={"questions": (dose, site, done.model_copy(update={"answered": True}))})
    assert [one.path for one in open_questions(asked)] == ["order.dose", "order.site"]
    assert [one.path for one in open_questions(asked, ["order.medications[0].dose"])] == ["order.dose"]
    assert open_questions(asked, ["patient.phones"]) == ()
    assert "1 or" not in repr(open_questions(asked))
