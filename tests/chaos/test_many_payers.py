"""Two hundred referrals over twenty payers, five of which misbehave: each ends as scripted, and nothing is sent twice."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from firstdose.adapters.policy_file import read_policy
from firstdose.domain.referral_message import MessageType
from local.children import Child
from local.demo_state import faster
from local.stack import LocalStack, StackOptions
from simulator.pace import DEMO_SPEED
from simulator.referrals import make_referral
from simulator.scenario import Scenario, Word, load_scenarios
from tests.whole_stack import POLICY, SEEDS, Outside, Sent, free_ports, outside, patiently

REFERRALS_EACH: Final = 10
SPEED: Final = 1.0
LOOK_EVERY: Final = 1.0
AT_ONCE: Final = 8

MISBEHAVING: Final = {
    "erring": "server_errors_then_ok",
    "dropping": "accepts_then_drops_connection",
    "upgrading": "html_with_200",
    "dripping": "dripping",
    "away": "outage",
}
"""Payers by what becomes of each request."""
GOOD: Final = (
    "approved",
    "pended_three_days",
    "mixed_lines",
    "denied_appealed_approved",
    "denied_and_closed",
    "unknown_code",
    "unreachable_patient",
    "no_auth_needed",
    "partial",
    "modified",
)
"""What becomes of a good payer's first request, of the second, …"""
WELL_OVER_FHIR: Final = tuple(f"well-{number:02}" for number in range(11))
WELL_OVER_X12: Final = tuple(f"edi-{number:02}" for number in range(4))
PAYERS: Final = (*MISBEHAVING, *WELL_OVER_FHIR, *WELL_OVER_X12)


def plan(payer: str) -> dict[str, Any]:
    """As `firstdose payers import` takes it."""
    x12 = payer in WELL_OVER_X12
    ways = "x12" if x12 else "pas"
    return {
        "id": payer,
        "name": f"{payer} (simulated)",
        "line_of_business": "commercial",
        "regime": "plan",
        "eligibility": ways,
        "authorization": ways,
        "phone": "+1-217-555-0110",
        "timeout": 2,
        **({"x12_url": f"${{payer_url}}/x12/{payer}"} if x12 else {"base_url": f"${{payer_url}}/fhir/{payer}"}),
    }


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[LocalStack]:
    policy, plans = tmp_path / "policy.yaml", tmp_path / "payers.yaml"
    policy.write_text(yaml.safe_dump(faster(read_policy(POLICY), SPEED)))
    plans.write_text(yaml.safe_dump([plan(payer) for payer in PAYERS]))
    options = StackOptions(
        state=tmp_path / "state",
        ports=free_ports(),
        speed=DEMO_SPEED * SPEED,
        policy=policy,
        imports={**SEEDS, "payers": plans},
    )
    async with LocalStack(options, report=print) as running:
        yield running


async def test_two_hundred_referrals_over_twenty_payers_end_as_scripted(stack: LocalStack) -> None:
    async with outside(stack.state.path) as world:
        await refer_all(world)
        await until_all_have_ended(world, within=300)


async def refer_all(world: Outside) -> None:
    """The payers in turn, so that the bad ones' referrals lie among the good ones'."""
    places = asyncio.Semaphore(AT_ONCE)

    async def refer(number: int, payer: str, scenario: Scenario) -> Sent:
        chosen = {"id": payer, "name": f"{payer} (simulated)", "line_of_business": "commercial"}
        told = make_referral(scenario, number, plan=chosen)
        async with places:
            send = lambda: world.source.send(MessageType.RECEIVED, told, f"message-{number}")  # noqa: E731
            return Sent(await patiently(send), scenario, scenario.expect)

    world.sent.extend(await asyncio.gather(*(refer(*one) for one in cases())))


def cases() -> Iterator[tuple[int, str, Scenario]]:
    known = load_scenarios()
    number = 0
    for turn in range(REFERRALS_EACH):
        for payer in PAYERS:
            number += 1
            yield number, payer, known[MISBEHAVING.get(payer) or GOOD[turn % len(GOOD)]]


async def until_all_have_ended(world: Outside, *, within: float) -> None:
    begun = asyncio.get_running_loop().time()
    while not all(sent.ended for sent in world.sent):
        left = "\n  ".join(str(sent) for sent in world.sent if not sent.ended)
        now = asyncio.get_running_loop().time() - begun
        print(
            f"{now:.0f} s: {Counter((s.row.stage, s.row.authorization) if s.row else None for s in world.sent)}",
            flush=True,
        )
        assert now < within, f"after {within} s not at their end:\n  {left}"
        await asyncio.sleep(LOOK_EVERY)
        await world.look()
    print("ended after", asyncio.get_running_loop().time() - begun)
    assert [str(sent) for sent in world.sent if not sent.as_expected] == []
