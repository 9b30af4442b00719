"""What real payers say in X12 and the simulated one can: understood, or a person's with the payer's words."""

import pytest

from firstdose.domain.authorization.lines import LineState
from firstdose.payer_ports import UnclearAnswer
from tests.contract.cases import case, endpoint
from tests.contract.conftest import World


@pytest.mark.parametrize("scenario", ["number-at-event", "number-in-reference"])
async def test_the_number_at_the_event_is_every_lines(world: World, scenario: str) -> None:
    asked = case(endpoint(f"{world.url}/x12/northstar"), f"SIM-{scenario.upper()}-1")
    lines = (await world.x12.submit(asked)).answer.lines
    assert {line.state for line in lines} == {LineState.APPROVED}
    assert {line.number for line in lines} == {f"AUTH{asked.trace[:8]}".upper()}


@pytest.mark.parametrize(
    ("scenario", "problem", "said"),
    [
        ("another-payer-named", "another_payer_named", ("another_payer", "R", "SUNNY ADVANTAGE HMO")),
        ("nursing-not-covered", "service_not_covered", ("not_covered", "I", None)),
        ("no-days-left", "benefit_used_up", ("limit", "F", None)),
        ("former-plan-answered", "several_plans_answered", ("plan", "6", "OLD PLAN")),
        ("pharmacy-unknown-to-payer", "eligibility_not_told", ("rejected", "43", None)),
    ],
)
async def test_what_only_a_person_can_judge(
    world: World, scenario: str, problem: str, said: tuple[str, str, str | None]
) -> None:
    asked = case(endpoint(f"{world.url}/x12/northstar"), f"SIM-{scenario.upper()}-1")
    with pytest.raises(UnclearAnswer) as unclear:
        await world.x12.verify_benefits(asked)
    assert unclear.value.problem == problem
    assert said in [(one.kind.value, one.code, one.text) for one in unclear.value.remarks]
    assert unclear.value.received
    assert b"*271*" in unclear.value.received.raw
