"""What an order lacks for its units, who says them instead, and what another weight or dose makes of them."""

from datetime import date
from typing import Any

import pytest

from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.quantity.ordered_units import course_units, with_its_units
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.facts import BlockedStep, DeidentifiedFacts, missing_facts, outline
from firstdose.domain.referral.order import Site, TherapyKind
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.versions import Change, compare

TODAY = date(2026, 11, 28)
DRUG = {"name": "Ceftriaxone", "hcpcs": "J0696"}
COURSE: dict[str, Any] = {"drug": DRUG, "dose": "2 g", "frequency": "daily", "duration_days": 14}
BY_WEIGHT = {**COURSE, "drug": {"name": "Daptomycin", "hcpcs": "J0878"}, "dose": "6 mg/kg"}
VIALS = {**COURSE, "dose": "2 vials", "dose_quantity": {"value": 2, "unit": "vials"}}


def ordered(course: dict[str, Any], **patient: Any) -> Referral:
    order = {"therapy": TherapyKind.ANTI_INFECTIVE, **course}
    return Referral.read({"source_referral_id": "R-1", "order": order, "patient": patient}, today=TODAY)


def units(referral: Referral) -> list[int | None]:
    return [course_units(referral, one, TODAY) for one in referral.order.medications]


def asked_for(referral: Referral) -> set[str]:
    about_units = {"order.billing_units", "patient.weight_kg", "patient.height_cm"}
    return about_units & set(missing_facts(referral)[BlockedStep.AUTHORIZATION])


def test_the_payer_is_asked_for_what_will_be_given() -> None:
    drug, per_diem, nursing = lines_for(outline(ordered(COURSE), TODAY), Site.HOME)
    assert (drug.units, per_diem.units, nursing.units) == (112, 14, 2)
    assert asked_for(ordered(COURSE)) == set()


def test_an_outline_from_before_units_were_computed_asks_for_days() -> None:
    old = DeidentifiedFacts(therapy=TherapyKind.ANTI_INFECTIVE, hcpcs="J0696", frequency="q24h", duration_days=14)
    assert lines_for(old, Site.HOME)[0].units == 14


@pytest.mark.parametrize(
    ("referral", "asked"),
    [
        (ordered(BY_WEIGHT), {"patient.weight_kg"}),
        (ordered(BY_WEIGHT, weight_kg=70.0), set()),
        (ordered({**BY_WEIGHT, "dose": "400 mg/m2"}, weight_kg=70.0), {"patient.height_cm"}),
        (ordered({**BY_WEIGHT, "dose": "400 mg/m2"}, weight_kg=70.0, height_cm=175.0), set()),
        (ordered({**COURSE, "drug": {"name": "New", "hcpcs": "J9999"}}), {"order.billing_units"}),
        (ordered({**COURSE, "drug": {"name": "New"}}), set()),  # unlisted: one an administration
        (ordered(VIALS), {"order.billing_units"}),
        (ordered({**VIALS, "billing_units": 28}), set()),
        (ordered({**COURSE, "dose": None}), set()),  # the dose itself is asked for
        (ordered({**COURSE, "duration_days": None}), set()),
    ],
)
def test_what_does_not_add_up_is_asked(referral: Referral, asked: set[str]) -> None:
    assert asked_for(referral) == asked


def test_what_a_person_says_counts() -> None:
    assert units(ordered({**COURSE, "billing_units": 28})) == [28]
    assert units(ordered(VIALS)) == [None]
    second = {"medications": [COURSE, {**VIALS, "billing_units": 28}]}
    assert units(ordered(second)) == [112, 28]


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ({"order.dose": "3 vials"}, None),
        ({"order.frequency": "q12h"}, None),
        ({"order.duration_days": 7}, None),
        ({"order.drug": {"name": "Cefazolin", "hcpcs": "J0690"}}, None),
        ({"order.route": "IV"}, 28),
        ({"patient.weight_kg": 70.0}, 28),
    ],
)
def test_units_that_were_said_of_another_order_do_not_stay(facts: dict[str, Any], left: int | None) -> None:
    known = ordered({**VIALS, "billing_units": 28})
    new = with_its_units(known, with_facts(known, facts, today=TODAY))
    assert new.order.first.billing_units == left


def test_another_weight_changes_the_quantity_only_where_the_dose_goes_by_it() -> None:
    heavier = {"patient.weight_kg": 80.0}
    by_weight, plain = ordered(BY_WEIGHT, weight_kg=70.0), ordered(COURSE, weight_kg=70.0)
    assert compare(by_weight, with_facts(by_weight, heavier, today=TODAY)) == {Change.WEIGHT, Change.QUANTITY}
    assert compare(plain, with_facts(plain, heavier, today=TODAY)) == {Change.WEIGHT}
    said = with_facts(plain, {"order.billing_units": 100}, today=TODAY)
    assert compare(plain, said) == {Change.QUANTITY}
