"""People are no channel behind the port: they answer work items. What they hear makes of the lines what a wire would.

The wires are the simulated payer's over real HTTP; the people answer the items of a real workflow.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.answers import apply
from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.authorization.lines import Line, LineState, PayerAnswer, move
from firstdose.domain.payer.channel import Plan
from firstdose.domain.payer.coverage import Benefits, Paying, judge_lines
from firstdose.domain.referral.order import Site
from firstdose.domain.work.judging.provenance import PROVENANCE
from firstdose.domain.work.resolutions import Refused, check
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.payer_ports import PayerCase, PayerChannel
from tests.contract.cases import case, endpoint
from tests.contract.conftest import World
from tests.process.outside import OUTLINE, Outside
from tests.process.server import time_skipping
from tests.process.story import Script, Story

PLAN = Plan(payer="acme", phone="+1-312-555-0110")
VERIFIED: Script = {K.VERIFY_BENEFITS: [{"outcome": "answered", "benefits": {"status": "active"}}]}
ON_THEIR_WAY = {LineState.DRAFT, LineState.SUBMITTED}


@pytest.fixture(scope="module")
async def env(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """One for all, for no story here lets time skip."""
    async with time_skipping(keyring) as environment:
        yield environment


@pytest.fixture(params=["pas", "x12"])
def wire(request: pytest.FixtureRequest, world: World) -> PayerChannel:
    return world.pas if request.param == "pas" else world.x12


def asking(world: World, scenario: str) -> PayerCase:
    reached = endpoint(f"{world.url}/fhir/northstar", x12_url=f"{world.url}/x12/northstar")
    return case(reached, f"SIM-{scenario.upper().replace('_', '-')}-1")


@asynccontextmanager
async def told(env: WorkflowEnvironment, script: Script, until: Callable[[Story], bool]) -> AsyncIterator[Story]:
    """A referral to a plan that people reach, so far as staff answer it; the patient is not reached meanwhile."""
    async with Story(env, Outside(plan=PLAN), {K.CONTACT_PATIENT: [None], **script}) as story:
        await story.until(lambda: until(story))
        yield story
        await story.handle.terminate()


def heard(story: Story) -> bool:
    states = {line.state for line in story.outside.standing.lines}
    return bool(states) and not states & ON_THEIR_WAY


def said(answer: PayerAnswer) -> dict[str, Any]:
    """The same words as staff write them down."""
    return answer.model_dump(mode="json", include={"lines", "information"}, exclude_none=True)


def verified(benefits: Benefits) -> dict[str, Any]:
    """As staff write it down: where it comes from is not for them to say."""
    return benefits.model_dump(mode="json", exclude={*PROVENANCE, "remarks"})


def submitted() -> tuple[Line, ...]:
    return move(lines_for(OUTLINE, Site.HOME), LineState.SUBMITTED, of=LineState)


@pytest.mark.parametrize("by", ["the one who submitted it", "the one who followed it up"])
@pytest.mark.parametrize(
    "scenario",
    [
        "approved",
        "pended_three_days",
        "information_requested",
        "denied_and_closed",
        "mixed_lines",
        "partial",
        "modified",
        "unknown_code",
    ],
)
async def test_the_same_words_make_the_same_of_the_lines(
    world: World, wire: PayerChannel, env: WorkflowEnvironment, scenario: str, by: str
) -> None:
    answer = (await wire.submit(asking(world, scenario))).answer
    answered = {"outcome": "answered", **said(answer)}
    script: Script = {K.SUBMIT_AUTHORIZATION: [answered]}
    if by == "the one who followed it up":
        script = {K.SUBMIT_AUTHORIZATION: [{"outcome": "submitted"}], K.FOLLOW_UP_PAYER: [answered]}

    async with told(env, {**VERIFIED, **script}, heard) as story:
        found = story.outside.standing.lines
    assert tuple(line.model_copy(update={"contact": None}) for line in found) == apply(submitted(), answer)


@pytest.mark.parametrize("scenario", ["approved", "no_auth_needed"])
async def test_the_same_benefits_ask_for_the_same_authorization(
    world: World, wire: PayerChannel, env: WorkflowEnvironment, scenario: str
) -> None:
    benefits = (await wire.verify_benefits(asking(world, scenario))).benefits
    script: Script = {K.VERIFY_BENEFITS: [{"outcome": "answered", "benefits": verified(benefits)}]}
    async with told(env, script, lambda story: bool(story.outside.standing.lines)) as story:
        found = story.outside.standing.lines
    assert found == judge_lines(lines_for(OUTLINE, Site.HOME), benefits, Paying.PLAN, PLAN)


@pytest.mark.parametrize("scenario", ["inactive_coverage", "member_not_found"])
async def test_the_same_lack_of_coverage_asks_people_the_same(
    world: World, wire: PayerChannel, env: WorkflowEnvironment, scenario: str
) -> None:
    benefits = (await wire.verify_benefits(asking(world, scenario))).benefits
    script: Script = {K.VERIFY_BENEFITS: [{"outcome": "answered", "benefits": verified(benefits)}]}
    async with told(env, script, lambda story: bool(story.asked(K.RESOLVE_COVERAGE))) as story:
        (item,) = story.asked(K.RESOLVE_COVERAGE)
    assert item.asks["status"] == benefits.status


@pytest.mark.parametrize("kind", [K.SUBMIT_AUTHORIZATION, K.FOLLOW_UP_PAYER])
@pytest.mark.parametrize("state", ["A1", "APPROVED", "certified in total", None])
def test_a_word_that_is_no_state_is_refused(kind: K, state: str | None) -> None:
    with pytest.raises(Refused, match=r"lines\.0\.state"):
        check(kind, {"outcome": "answered", "lines": [{"sequence": 1, "state": state}]})
