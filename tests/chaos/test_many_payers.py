"""Many referrals over twenty payers, of which five misbehave: each ends as scripted, nothing is sent twice.

Eighty of them, and two hundred with --whole-matrix.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from firstdose.domain.payer.channel import Channel
from firstdose.domain.referral.source_message import MessageType
from firstdose.domain.work.work_item import WorkItemKind
from local.stack import LocalStack, StackOptions
from simulator.answers import script_of
from simulator.pace import DEMO_SPEED
from simulator.referrals import make_referral
from simulator.scenario import Scenario, Word, load_scenarios
from tests.chaos.test_restarts import audit_is_intact
from tests.whole_stack import POLICY, SEEDS, Outside, Sent, free_ports, named, outside, patiently, plan, with_plans

AT_ONCE: Final = 80
"""Under way at once: as many as simulated staff keep up with on a small machine."""
NEW_AT_ONCE: Final = 6
"""Sent between two looks: while a worker starts dozens at a time, all that are under way stand still."""
SLOWER: Final = 1 / 2
TWINS: Final = 6
LONG: Final = "PT10M"
LOOK_EVERY: Final = 1.0
WITHIN: Final = 400.0

MISBEHAVING: Final = {
    "busy": "too_many_requests",
    "dropping": "accepts_then_drops_connection",
    "upgrading": "html_with_200",
    "dripping": "dripping",
    "away": "dead_for_a_week",
}
"""Payers by what becomes of their requests."""
WELL: Final = tuple(f"well-{number}" for number in range(1, 12))
WELL_OVER_X12: Final = tuple(f"edi-{number}" for number in range(1, 5))
PAYERS: Final = (*MISBEHAVING, *WELL, *WELL_OVER_X12)
SCENARIOS: Final = (
    "denied_appealed_approved",
    "denied_and_closed",
    "mixed_lines",
    "pended_three_days",
    "two_answers_at_once",
    "unreachable_patient",
    "partial",
    "unknown_code",
    "approved",
    "no_auth_needed",
    "inactive_coverage",
    "member_not_found",
)
"""What becomes of the requests to payers that are well, what takes longest first."""
WITHOUT_AUTHORIZATION: Final = {"inactive_coverage", "member_not_found", "no_auth_needed"}
INSTEAD_OF_THE_PAYER: Final = {
    WorkItemKind.VERIFY_BENEFITS,
    WorkItemKind.SUBMIT_AUTHORIZATION,
    WorkItemKind.FOLLOW_UP_PAYER,
}
"""What people are asked to do when a payer cannot be reached."""


@dataclass
class Asked(Sent):
    """A referral, and the payer of its patient."""

    payer: str = ""

    @property
    def requests(self) -> int:
        """How many the payer must have got: one, and one more for an appeal."""
        if self.scenario.name in WITHOUT_AUTHORIZATION:
            return 0
        said = {word for step in self.scenario.payer.authorization for word in (step.answer, *step.lines.values())}
        appealed = script_of(self.scenario, WorkItemKind.REVIEW_DECISION)[0]["outcome"] == "appeal"
        return 2 if Word.DENY in said and appealed else 1


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[LocalStack]:
    policy, nurses = tmp_path / "policy.yaml", tmp_path / "nurses.yaml"
    policy.write_text(yaml.safe_dump(unhurried()))
    nurses.write_text(yaml.safe_dump(list(enough_nurses())))
    options = StackOptions(
        state=tmp_path / "state",
        ports=free_ports(),
        speed=DEMO_SPEED * SLOWER,
        policy=policy,
        imports={**with_plans(tmp_path, plans()), "nurses": nurses},
    )
    async with LocalStack(options, report=print) as running:
        yield running


def unhurried() -> dict[str, Any]:
    """The demo's policy with long times for people: they have a hundred referrals at once on a small machine."""
    policy: dict[str, Any] = yaml.safe_load(POLICY.read_text())
    policy["due_default"], policy["due"] = LONG, dict.fromkeys(policy["due"], LONG)
    policy["dispatch"] |= {"answer_within": LONG, "report_within": LONG}
    policy["escalation"]["apart"] = LONG
    policy["payer"] |= {"give_up_after": "PT20S", "inquire_every": "PT10S"}
    for rule in policy["clocks"]:
        rule |= {"standard": LONG, "expedited": LONG}
    return policy


def enough_nurses() -> Iterator[dict[str, Any]]:
    """So many that each visit has one of its own: the payers are to be the only ones who misbehave."""
    for nurse in yaml.safe_load(SEEDS["nurses"].read_text()):
        for twin in range(TWINS):
            yield {**nurse, "id": f"{nurse['id']}-{twin}"}


def plans() -> Iterator[dict[str, Any]]:
    for payer in PAYERS:
        yield plan(payer, Channel.X12 if payer in WELL_OVER_X12 else Channel.PAS, timeout=2)


@pytest.mark.parametrize("referrals", [80, pytest.param(200, marks=pytest.mark.whole_matrix)])
async def test_each_of_many_payers_gets_each_request_once_and_each_referral_ends(
    stack: LocalStack, referrals: int
) -> None:
    async with outside(stack.state.path) as world:
        sent = await sent_and_ended(world, referrals)
        assert [str(one) for one in sent if not one.as_expected] == []
        seen = await world.recorder()
        assert set(seen["submissions"].values()) == {1}, "a request was delivered twice"
        told = [await requests_of(world, one, seen["by_payer"]) for one in sent]
        assert set(seen["submissions"]) == set().union(*told), "a payer got what no referral asked for"
        assert await audit_is_intact(stack)


def cases(referrals: int) -> Iterator[tuple[int, str, Scenario]]:
    """The payers in turn, so that each bad one's referrals lie among the good ones'."""
    known = load_scenarios()
    well = referrals * (len(PAYERS) - len(MISBEHAVING)) // len(PAYERS)
    played = (SCENARIOS[number * len(SCENARIOS) // well] for number in range(well))
    for number, payer in enumerate(islice(cycle(PAYERS), referrals), start=1):
        yield number, payer, known[MISBEHAVING.get(payer) or next(played)]


async def sent_and_ended(world: Outside, referrals: int) -> list[Asked]:
    sent: list[Asked] = []
    left = cases(referrals)
    async with asyncio.timeout(WITHIN):
        while len(sent) < referrals or not all(one.ended for one in sent):
            under_way = sum(not one.ended for one in sent)
            sent.extend([await refer(world, *one) for one in islice(left, min(NEW_AT_ONCE, AT_ONCE - under_way))])
            world.sent = list(sent)
            await world.look()
            await asyncio.sleep(LOOK_EVERY)
    return sent


async def refer(world: Outside, number: int, payer: str, scenario: Scenario) -> Asked:
    told = make_referral(scenario, number, plan=named(payer))
    sending = patiently(lambda: world.source.send(MessageType.RECEIVED, told, f"message-{number}"))
    return Asked(await sending, scenario, scenario.expect, payer=payer)


async def requests_of(world: Outside, one: Asked, delivered: dict[str, dict[str, int]]) -> set[str]:
    """The traces that the referral's payer got, each meant by the referral. Payers that are well got every one."""
    happened = await world.timeline(one)
    begun = [entry["details"] for entry in happened if entry["what"] == "payer_contact.begun"]
    assert {each["payer"] for each in begun} == {one.payer}
    purposes = Counter(each["purpose"] for each in begun)
    assert purposes["authorization"] == one.requests, one
    meant = {each["contact"].replace("-", "") for each in begun if each["purpose"] != "eligibility"}
    traces = meant & set(delivered.get(one.payer, {}))
    if one.payer not in MISBEHAVING:
        assert traces == meant, one
        opened = {entry["details"]["kind"] for entry in happened if entry["what"] == "work_item.opened"}
        assert not opened & INSTEAD_OF_THE_PAYER, f"held up: {one}"
    return traces
