"""Which referrals may be one order that came twice."""

from datetime import date, timedelta
from typing import Any

import pytest

from firstdose.domain.referral.likeness import may_be_the_same_order, person_marks
from firstdose.domain.referral.referral import Referral

WEEK = timedelta(days=7)


def referral(*medications: dict[str, Any], start: str | None = None, **patient: Any) -> Referral:
    order = {"medications": [{"drug": drug} for drug in medications], "requested_start": start}
    return Referral.read({"source_referral_id": "R-1", "patient": patient, "order": order}, today=date(2026, 3, 2))


def covered(*member_ids: str) -> Referral:
    coverages = [{"member_id": each} for each in member_ids]
    return Referral.read({"source_referral_id": "R-1", "coverages": coverages}, today=date(2026, 3, 2))


BORN = {"birth_date": "1961-04-17"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sample", "SAMPLE"),
        ("Garcia-Lopez", "Garcia Lopez"),
        ("O'Sample", "OSample"),
        ("Müller", "Mueller"),
        ("Müller", "Muller"),
        ("Пример", "пример"),
    ],
)
def test_a_name_is_the_same_as_people_spell_it(one: str, other: str) -> None:
    assert person_marks(referral(**BORN, family_name=one)) & person_marks(referral(**BORN, family_name=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({**BORN, "family_name": "Sample"}, {"birth_date": "1961-04-18", "family_name": "Sample"}),
        ({**BORN, "family_name": "Sample"}, {**BORN, "family_name": "Example"}),
        ({**BORN, "family_name": "Пример"}, {**BORN, "family_name": "Образец"}),
    ],
)
def test_another_person(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not person_marks(referral(**one)) & person_marks(referral(**other))


@pytest.mark.parametrize("told", [{}, BORN, {"family_name": "Sample"}])
def test_half_of_it_tells_nobody(told: dict[str, Any]) -> None:
    assert person_marks(referral(**told)) == frozenset()


def test_any_member_id_will_do_however_it_is_printed() -> None:
    assert person_marks(covered("NSH-0012", "other")) & person_marks(covered("nsh 0012"))
    assert not person_marks(covered("NSH-0012")) & person_marks(covered("NSH-0013"))


CEFTRIAXONE = {"name": "Ceftriaxone", "hcpcs": "J0696", "ndc": "00409-7332-01"}


@pytest.mark.parametrize(
    ("drug", "same"),
    [
        ({"name": "ceftriaxone "}, True),
        ({"name": "Ceftriaxone sodium", "hcpcs": "J0696"}, True),
        ({"name": "Ceftriaxone", "ndc": "00781-3210-95"}, True),
        ({"ndc": "00409-7332-01"}, True),
        ({"name": "Vancomycin", "hcpcs": "J3370"}, False),
        ({}, False),
    ],
)
def test_a_drug_is_the_same_by_one_code_or_by_name(drug: dict[str, str], same: bool) -> None:
    assert may_be_the_same_order(referral(CEFTRIAXONE), referral(drug), within=WEEK) is same
    assert may_be_the_same_order(referral(drug), referral(CEFTRIAXONE), within=WEEK) is same


def test_one_drug_of_several_is_enough() -> None:
    both = referral({"name": "Vancomycin"}, CEFTRIAXONE)
    assert may_be_the_same_order(both, referral({"name": "Ceftriaxone"}), within=WEEK)


def test_without_a_drug_nothing_is_compared() -> None:
    assert not may_be_the_same_order(referral(), referral(), within=WEEK)


@pytest.mark.parametrize(
    ("start", "same"), [("2026-03-10", True), ("2026-03-17", True), ("2026-03-18", False), (None, True)]
)
def test_the_start_may_differ_by_some_days(start: str | None, same: bool) -> None:
    one, other = referral(CEFTRIAXONE, start="2026-03-10"), referral(CEFTRIAXONE, start=start)
    assert may_be_the_same_order(one, other, within=WEEK) is same
    assert may_be_the_same_order(other, one, within=WEEK) is same
