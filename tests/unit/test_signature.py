"""A changed order needs a new signature, and what is not changed needs none."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.signature import with_its_signature
from firstdose.domain.referral.versions import keeping

TODAY = date(2026, 11, 21)
DATA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/examples/referral.json").read_text())["data"]
SIGNED = with_facts(Referral.read(DATA, today=TODAY), {"order.signed_on": "2026-11-02"}, today=TODAY)


def changed(facts: dict[str, object], known: Referral = SIGNED) -> Referral:
    return with_its_signature(known, with_facts(known, facts, today=TODAY))


@pytest.mark.parametrize(
    "facts",
    [
        {"order.drug": {"name": "Cefazolin"}},
        {"order.dose": "7 g"},
        {"order.route": "SC"},
        {"order.frequency": "q8h"},
        {"order.medications[1]": {"drug": {"name": "Cefazolin"}}},
        {"order.medications": []},
    ],
)
def test_another_order_is_not_signed(facts: dict[str, object]) -> None:
    assert changed(facts).order.signed_on is None


@pytest.mark.parametrize(
    "facts",
    [
        {"order.duration_days": 3},
        {"order.access_device": "port"},
        {"patient.weight_kg": 71.0},
        {"order.drug.rxnorm": "1664986"},
        {"order.frequency": "BID"},
        {"order.dose": "1250 mg"},
    ],
)
def test_the_same_order_stays_signed(facts: dict[str, object]) -> None:
    same = {"order.frequency": "q12h", "order.dose": "1.25 g"}
    assert changed(facts, with_facts(SIGNED, same, today=TODAY)).order.signed_on == date(2026, 11, 2)


@pytest.mark.parametrize(
    ("was", "now", "signed"),
    [
        ({"name": "Oritavancin", "hcpcs": "J3490"}, {"name": "Bezlotoxumab", "hcpcs": "J3490"}, False),
        ({"name": "Vancomycin", "hcpcs": "J3370"}, {"name": "VANCOMYCIN", "hcpcs": "J3371"}, True),
        ({"name": "Vancomycin", "rxnorm": "11124"}, {"name": "vancomycin HCl", "rxnorm": "11124"}, True),
        ({"hcpcs": "J3370"}, {"name": "Vancomycin", "hcpcs": "J3370"}, True),
        ({"hcpcs": "J3370"}, {"hcpcs": "J0696"}, False),
        ({}, {"name": "Vancomycin"}, True),
    ],
)
def test_a_drug_is_another_by_what_it_is(was: dict[str, str], now: dict[str, str], signed: bool) -> None:
    known = with_facts(SIGNED, {"order.drug": was}, today=TODAY)
    assert (changed({"order.drug": now}, known).order.signed_on is not None) is signed


def test_what_was_missing_is_filled_in_under_the_signature() -> None:
    known = with_facts(SIGNED, {"order.dose": None, "order.route": None, "order.frequency": None}, today=TODAY)
    told = changed({"order.dose": "1 g", "order.route": "IV", "order.frequency": "q12h"}, known)
    assert told.order.signed_on == date(2026, 11, 2)


def test_a_person_may_say_that_the_new_order_was_signed_on_the_same_day() -> None:
    facts: dict[str, object] = {"order.dose": "7 g", "order.signed_on": "2026-11-02"}
    new = with_its_signature(SIGNED, with_facts(SIGNED, facts, today=TODAY), newly_signed=True)
    assert new.order.signed_on == date(2026, 11, 2)


def test_a_later_signature_of_the_source_counts_and_the_former_one_told_again_does_not() -> None:
    unsigned = changed({"order.dose": "7 g"})
    again = with_facts(unsigned, {"order.signed_on": "2026-11-02"}, today=TODAY)
    assert with_its_signature(unsigned, keeping(unsigned, again)).order.signed_on is None
    later = with_facts(unsigned, {"order.signed_on": "2026-11-20"}, today=TODAY)
    assert with_its_signature(unsigned, keeping(unsigned, later)).order.signed_on == date(2026, 11, 20)
