"""What real payers say about a plan over FHIR and the simulated one can: a person's, with the payer's words."""

import pytest

from firstdose.payer_ports import UnclearAnswer
from tests.contract.cases import case, endpoint
from tests.contract.conftest import World


@pytest.mark.parametrize(
    ("scenario", "problem", "said"),
    [
        ("another-payer-named", "another_payer_named", ("another_payer", "Sunny Advantage HMO", None)),
        ("nursing-not-covered", "service_not_covered", ("not_covered", None, None)),
        ("no-days-left", "benefit_used_up", ("limit", "Days of home care", 0)),
        ("former-plan-answered", "several_plans_answered", ("plan", "Old plan", None)),
        ("pharmacy-unknown-to-payer", "eligibility_not_told", ("rejected", None, None)),
    ],
)
async def test_what_only_a_person_can_judge_over_fhir(
    world: World, scenario: str, problem: str, said: tuple[str, str | None, int | None]
) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), f"SIM-{scenario.upper()}-1")
    with pytest.raises(UnclearAnswer) as unclear:
        await world.pas.verify_benefits(asked)
    assert unclear.value.problem == problem
    assert said in [(one.kind.value, one.text, one.quantity) for one in unclear.value.remarks]
    assert unclear.value.received
    assert b"CoverageEligibilityResponse" in unclear.value.received.raw


async def test_the_service_that_is_not_covered_is_named(world: World) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), "SIM-NURSING-NOT-COVERED-1")
    with pytest.raises(UnclearAnswer) as unclear:
        await world.pas.verify_benefits(asked)
    assert [one.about for one in unclear.value.remarks if one.kind == "not_covered"] == [("99601",)]
