"""Two hundred referrals over twenty payers, of which five misbehave: each ends as scripted, nothing is sent twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from firstdose.domain.referral_message import MessageType
from firstdose.domain.work_item import WorkItemKind
from local.stack import LocalStack, StackOptions
from simulator.pace import DEMO_SPEED
from simulator.referrals import make_referral
from simulator.scenario import Scenario, Word, load_scenarios
from tests.chaos.test_restarts import audit_is_intact
from tests.whole_stack import POLICY, SEEDS, Outside, Sent, free_ports, outside, patiently

REFERRALS: Final = 200
AT_ONCE: Final = 100
"""Under way at once: as many as simulated staff keep up with on a small machine."""
SLOWER: Final = 1 / 2
TWINS: Final = 6
LONG: Final = "PT10M"
LOOK_EVERY: Final = 1.0
WITHIN: Final = 400.0

MISBEHAVING: Final = {
    "erring": "server_errors_then_ok",
    "dropping": "accepts_then_drops_connection",
    "upgrading": "html_with_200",
    "dripping": "dripping",
    "away": "outage",
}
"""Payers by what becomes of their requests."""
WELL: Final = tuple(f"well-{number}" for number in range(1, 12))
WELL_OVER_X12: Final = tuple(f"edi-{number}" for number in range(1, 5))
PAYERS: Final = (*MISBEHAVING, *WELL, *WELL_OVER_X12)
SCENARIOS: Final = (
    "approved",
    "inactive_coverage",
    "pended_three_days",
    "unreachable_patient",
    "denied_and_closed",
    "partial",
    "member_not_found",
    "denied_appealed_approved",
    "unknown_code",
    "no_auth_needed",
)
"""What becomes of the first request to each payer that is well, of the second, …"""
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
        return 2 if self.scenario.payer.authorization[0].answer is Word.DENY else 1


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[LocalStack]:
    policy, plans, nurses = (tmp_path / f"{name}.yaml" for name in ("policy", "payers", "nurses"))
    policy.write_text(yaml.safe_dump(unhurried()))
    plans.write_text(yaml.safe_dump([plan(payer) for payer in PAYERS]))
    nurses.write_text(yaml.safe_dump(list(enough_nurses())))
    options = StackOptions(
        state=tmp_path / "state",
        ports=free_ports(),
        speed=DEMO_SPEED * SLOWER,
        policy=policy,
        imports={**SEEDS, "payers": plans, "nurses": nurses},
    )
    async with LocalStack(options, report=print) as running:
        yield running


def unhurried() -> dict[str, Any]:
    """The demo's policy with long times for people: they have a hundred referrals at once on a small machine."""
    policy: dict[str, Any] = yaml.safe_load(POLICY.read_text())
    policy["due_default"], policy["due"] = LONG, dict.fromkeys(policy["due"], LONG)
    policy["dispatch"] |= {"answer_within": LONG, "report_within": LONG}
    policy["escalation"]["apart"] = LONG
    policy["payer"]["give_up_after"] = "PT20S"
    for rule in policy["clocks"]:
        rule |= {"standard": LONG, "expedited": LONG}
    return policy


def enough_nurses() -> Iterator[dict[str, Any]]:
    """So many that each visit has one of its own: the payers are to be the only ones who misbehave."""
    for nurse in yaml.safe_load(SEEDS["nurses"].read_text()):
        for twin in range(TWINS):
            yield {**nurse, "id": f"{nurse['id']}-{twin}"}


def plan(payer: str) -> dict[str, Any]:
    """As `firstdose payers import` takes it."""
    channel, address = ("x12", "x12_url") if payer in WELL_OVER_X12 else ("pas", "base_url")
    path = "x12" if channel == "x12" else "fhir"
    return {
        **named(payer),
        "regime": "plan",
        "eligibility": channel,
        "authorization": channel,
        address: f"${{payer_url}}/{path}/{payer}",
        "phone": "+1-217-555-0110",
        "timeout": 2,
    }


def named(payer: str) -> dict[str, str]:
    return {"id": payer, "name": f"{payer} (simulated)", "line_of_business": "commercial"}


async def test_each_of_many_payers_gets_each_request_once_and_each_referral_ends(stack: LocalStack) -> None:
    async with outside(stack.state.path) as world:
        sent = await sent_and_ended(world)
        assert len(sent) == REFERRALS
        assert [str(one) for one in sent if not one.as_expected] == []
        seen = await world.recorder()
        assert set(seen["submissions"].values()) == {1}, "a request was delivered twice"
        told = [await requests_of(world, one, seen["by_payer"]) for one in sent]
        assert set(seen["submissions"]) == set().union(*told), "a payer got what no referral asked for"
        assert await audit_is_intact(stack)


def cases() -> Iterator[tuple[int, str, Scenario]]:
    """The payers in turn, so that each bad one's referrals lie among the good ones'."""
    known = load_scenarios()
    for number in count():
        turn, place = divmod(number, len(PAYERS))
        payer = PAYERS[place]
        yield number + 1, payer, known[MISBEHAVING.get(payer, SCENARIOS[turn % len(SCENARIOS)])]


async def sent_and_ended(world: Outside) -> list[Asked]:
    sent: list[Asked] = []
    left = islice(cases(), REFERRALS)
    async with asyncio.timeout(WITHIN):
        while len(sent) < REFERRALS or not all(one.ended for one in sent):
            under_way = sum(not one.ended for one in sent)
            sent.extend([await refer(world, *one) for one in islice(left, AT_ONCE - under_way)])
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
