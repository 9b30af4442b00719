"""What rests on what, fact by fact as people know them: the results that are stale when it changes."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from firstdose.domain.care.gates import Gate, closed_gates
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.rests_on import MADE_ANEW, RESTS_ON, SettledResult, in_order, stale_after, why_again
from firstdose.domain.referral.versions import Change, compare
from firstdose.domain.work.change_review import OWNER_OF
from tests.unit.test_gates import OPEN, having

TODAY = date(2026, 11, 21)
DATA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/examples/referral.json").read_text())["data"]
EXAMPLE = Referral.read(DATA, today=TODAY)
V, L, A, G, T, N, C = (
    SettledResult.VERIFICATION,
    SettledResult.AUTHORIZATION,
    SettledResult.ASSESSMENT,
    SettledResult.AGREEMENT,
    SettledResult.THERAPY,
    SettledResult.VISIT,
    SettledResult.LICENSE,
)


@pytest.mark.parametrize(
    ("path", "value", "results"),
    [
        ("coverages[0].payer.id", "OTHER", {V, L, G}),
        ("coverages[0].payer", {"name": "Other"}, {V, L, G}),
        ("coverages[0].payer.name", "Its name in other words", set()),
        ("coverages[0].group", "G-2", {V, L, G}),
        ("coverages[0].line_of_business", "medicaid", {V, L, G}),
        ("coverages[0].member_id", "OTHER", {V}),
        ("coverages[0].relationship", "other", {V}),
        ("coverages[0].subscriber", {"family_name": "Other"}, {V}),
        ("coverages[1].member_id", "OTHER", {G}),
        ("patient.family_name", "Other", {V}),
        ("patient.given_name", "Other", {V}),
        ("patient.birth_date", "1960-01-02", {V}),
        ("order.medications[0].drug", {"name": "Other"}, {L, A, T, N}),
        ("order.medications[1]", {"drug": {"name": "Other"}}, {L, A, T, N}),
        ("order.dose", "7 g", {L, A, T}),
        ("order.route", "SC", {L, A, T}),
        ("order.frequency", "q6h", {L, T}),
        ("order.duration_days", 5, {L}),
        ("order.diagnoses", ["A419"], {L}),
        ("order.therapy", "iron", {L, N}),
        ("order.needs_nursing", False, {L, N}),
        ("order.site", "suite", {L, A, N}),
        ("order.signed_on", "2026-11-21", {T}),
        ("order.access_device", "port", {A, N}),
        ("order.requested_start", "2026-12-24", {N}),
        ("discharge_at", "2026-12-24T10:00:00Z", {N}),
        ("prescriber.npi", "1234567893", {L}),
        ("patient.allergies", [{"substance": "Vancomycin", "reaction": "anaphylaxis"}], {A, T}),
        ("patient.weight_kg", 41.5, {A, T}),
        ("patient.history", "Other.", {A}),
        ("patient.caregiver", {"name": "Other"}, {A}),
        ("patient.address.line", ["1 Other Street"], {A, N}),
        ("patient.address.state", "IN", {A, N, C}),
        ("patient.time_zone", "America/Denver", {N}),
        ("patient.contact_allowed", False, {C}),
        ("benefits_check_only", True, {C}),
        ("patient.phones", ["+1-312-555-0199"], set()),
        ("patient.sex", "other", set()),
        ("prescriber.phone", "+1-312-555-0199", set()),
        ("order.pump", "Other", set()),
        ("urgency", "stat", set()),
    ],
)
def test_a_changed_fact_makes_stale(path: str, value: object, results: set[SettledResult]) -> None:
    assert set(stale_after(compare(EXAMPLE, with_facts(EXAMPLE, {path: value}, today=TODAY)))) == results


def test_what_is_no_fact_of_the_referral_makes_stale() -> None:
    assert set(stale_after({Change.HOSPITAL_STAY})) == {A, T, N}
    assert set(stale_after({Change.AGE})) == {V, A}
    assert set(stale_after({Change.AMOUNTS})) == set(stale_after({Change.LINES})) == {G}
    assert set(stale_after({Change.WHO_PAYS})) == {G}


def test_several_changes_make_stale_what_each_of_them_does() -> None:
    together = stale_after({Change.PAYER, Change.DRUG, Change.WEIGHT})
    assert set(together) == {V, L, A, G, T, N}
    assert together[A] == {Change.DRUG, Change.WEIGHT}


def test_a_code_of_former_records_makes_stale_what_any_of_its_facts_does() -> None:
    assert set(stale_after({Change.COVERAGE})) == {V, L, G}
    assert set(stale_after({Change.ORDER})) == {L, A, T, N}
    assert set(stale_after({Change.PATIENT})) == {V, A, T}


def test_each_result_has_an_owner_and_is_made_anew_only_after_what_it_rests_on() -> None:
    assert set(RESTS_ON) == set(OWNER_OF) == set(MADE_ANEW) == set(SettledResult)
    assert all(MADE_ANEW[result] <= RESTS_ON[result] for result in SettledResult)


def test_the_reason_is_said_in_words_and_in_the_order_of_the_codes() -> None:
    changed = in_order({Change.WEIGHT, Change.BIRTH_DATE, Change.WEIGHT})
    assert changed == (Change.BIRTH_DATE, Change.WEIGHT)
    assert (
        why_again(V, changed) == "the verification is being looked at again because birth date changed, weight changed"
    )


@pytest.mark.parametrize("result", list(SettledResult))
def test_a_result_that_is_looked_at_again_closes_a_gate(result: SettledResult) -> None:
    assert closed_gates(OPEN) == ()
    (closed,) = closed_gates(having(under_review={result: (Change.ALLERGIES,)}))
    assert isinstance(closed.gate, Gate)
    assert closed.why == why_again(result, [Change.ALLERGIES])
