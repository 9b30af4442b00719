"""Synthetic referrals: what the simulated source sends can be read, and the local stack knows what it speaks of."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

import local
from firstdose.adapters.postgres.payers.rows import PayerRow
from firstdose.adapters.postgres.staff.nurse_rows import NurseRow
from firstdose.adapters.postgres.staff.stock import LotRow
from firstdose.domain.payer.channel import Channel, SiteOfCare
from firstdose.domain.policy import Policy
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.facts import missing_facts
from firstdose.domain.referral.referral import LineOfBusiness, Referral
from local.demo import SCENARIOS
from simulator.plans import PLANS, for_the_demo, made_up_plans
from simulator.referrals import make_referral, usual_facts
from simulator.scenario import Scenario, load_scenarios, scenario_of

TODAY = datetime.now(UTC).date()
COMPLETE = load_scenarios()["approved"]
LACKING = load_scenarios()["missing_facts"]
MANY = range(1, 71)
"""More than any list of the cast is long, and all its combinations of place and payer."""


def read(scenario: Scenario, number: int, **changes: Any) -> Referral:
    return Referral.read(make_referral(scenario, number, **changes), today=TODAY)


def missing(referral: Referral) -> list[str]:
    return [path for paths in missing_facts(referral).values() for path in paths]


@pytest.mark.parametrize("scenario", load_scenarios().values(), ids=lambda scenario: scenario.name)
def test_each_scenario_makes_referrals_that_lead_back_to_it(scenario: Scenario) -> None:
    referral = read(scenario, 7)
    assert scenario_of(referral.coverages[0].member_id) == scenario
    assert bool(missing(referral)) == (scenario is LACKING)


def test_a_referral_is_the_same_again_and_its_neighbor_another() -> None:
    assert make_referral(COMPLETE, 3, run="A") == make_referral(COMPLETE, 3, run="A")
    assert make_referral(COMPLETE, 3, seed=1)["patient"] != make_referral(COMPLETE, 3, seed=2)["patient"]
    told = [read(COMPLETE, number, run=run) for run in ("A", "B") for number in MANY]
    assert len({referral.source_referral_id for referral in told}) == 2 * len(MANY)


def test_whatever_is_missing_can_be_supplied() -> None:
    for number in MANY:
        referral = read(LACKING, number)
        known = usual_facts(referral.coverages[0].member_id or "")
        assert not missing(with_facts(referral, {path: known[path] for path in missing(referral)}, today=TODAY))


def test_even_for_a_referral_that_says_nothing_at_all() -> None:
    known = usual_facts("")
    assert known["coverages[1].member_id"] == known["coverages[0].member_id"]
    least = Referral.read({"source_referral_id": "1"}, today=TODAY)
    assert not missing(with_facts(least, {path: known[path] for path in missing(least)}, today=TODAY))


def seed(name: str) -> list[dict[str, Any]]:
    text = (Path(local.__file__).parent / "seed" / f"{name}.yaml").read_text()
    rows: list[dict[str, Any]] = yaml.safe_load(text.replace("${payer_url}", "http://127.0.0.1:1"))
    return rows


def test_the_local_stack_knows_their_payers_and_has_their_drugs_and_nurses() -> None:
    payers = {row.id: row for row in map(PayerRow.model_validate, seed("payers"))}
    drugs = {row.hcpcs for row in map(LotRow.model_validate, seed("stock"))}
    nurses = [NurseRow.model_validate(row) for row in seed("nurses")]
    for referral in (read(COMPLETE, number) for number in MANY):
        coverage = referral.coverages[0]
        payer = payers[coverage.payer.id or ""]
        assert (payer.name, payer.line_of_business) == (coverage.payer.name, coverage.line_of_business)
        assert referral.order.drug.hcpcs in drugs
        state, therapy = referral.patient.address.state, referral.order.therapy
        assert state in Policy().licensed_states
        assert any(state in nurse.states and therapy in nurse.skills for nurse in nurses)


def test_the_demo_shows_scenarios_that_say_how_they_end() -> None:
    assert len(set(SCENARIOS)) == 10
    for name in SCENARIOS:
        expected = load_scenarios()[name].expect
        assert expected.closing is not None
        assert expected.stage is not None


def test_there_are_made_up_plans_of_every_kind() -> None:
    plans = made_up_plans(payer_url="http://127.0.0.1:1")
    rows = [PayerRow.model_validate(plan) for plan in plans]
    assert len({row.id for row in rows}) == len({row.name for row in rows}) == PLANS
    assert all("synthetic" in row.name for row in rows)
    assert {row.line_of_business for row in rows} == set(LineOfBusiness)
    assert {row.authorization[0] for row in rows} == set(Channel)
    assert {row.site_of_care for row in rows} == set(SiteOfCare)
    assert made_up_plans(payer_url="http://127.0.0.1:1") == plans


def test_a_referral_may_have_a_made_up_plan() -> None:
    plans = for_the_demo(made_up_plans(payer_url="http://127.0.0.1:1"))
    assert len(plans) > 100
    for number, plan in enumerate(plans[:20], start=1):
        referral = read(COMPLETE, number, plan=plan)
        coverage = referral.coverages[0]
        assert (coverage.payer.id, coverage.line_of_business) == (plan["id"], plan["line_of_business"])
        assert scenario_of(coverage.member_id) == COMPLETE
