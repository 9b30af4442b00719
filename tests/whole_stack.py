"""The whole local stack with its real processes, and referrals that are sent through it and followed to their end."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import yaml
from pydantic import SecretStr
from temporalio.client import Client

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.temporal import connect
from firstdose.domain.payer.channel import Channel
from firstdose.domain.referral.source_message import MessageType
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.settings import Settings
from local.environment import Addresses
from local.ports import free_port
from local.state import SOURCE, StateDirectory
from simulator.referrals import make_referral
from simulator.scenario import Expectation, Scenario, load_scenarios
from simulator.source import SimulatedSource
from simulator.staff_api import DeskAway, Row, StaffApi, ask, desk_client

REPO = Path(__file__).parents[1]
SEEDS = {name: REPO / "local" / "seed" / f"{name}.yaml" for name in ("payers", "nurses", "stock")}
POLICY = REPO / "local" / "demo_policy.yaml"
PARTS = ("desk", "temporal", "temporal_ui", "payer", "postgres")

_LOOK_EVERY = 0.3
_SOON = 0.05
_ENDS = (Stage.ON_SERVICE, Stage.CLOSED)


def free_ports() -> dict[str, int]:
    """A port of its own for each server, so that several stacks can run at once."""
    ports: dict[str, int] = {}
    for part in PARTS:
        ports[part] = free_port(avoid=ports.values())
    return ports


def named(payer: str) -> dict[str, str]:
    """A simulated payer, as a referral names it."""
    return {"id": payer, "name": f"{payer} (simulated)", "line_of_business": "commercial"}


def plan(payer: str, channel: Channel, *, timeout: int) -> dict[str, Any]:
    """As `firstdose payers import` takes it; `timeout` in seconds."""
    path, address = ("x12", "x12_url") if channel is Channel.X12 else ("fhir", "base_url")
    return {
        **named(payer),
        "regime": "plan",
        "eligibility": channel.value,
        "authorization": channel.value,
        address: f"${{payer_url}}/{path}/{payer}",
        "phone": "+1-217-555-0110",
        "timeout": timeout,
    }


def with_plans(folder: Path, plans: Iterable[Mapping[str, Any]]) -> dict[str, Path]:
    """What a stack imports: the local stack's own, and these plans."""
    file = folder / "payers.yaml"
    file.write_text(SEEDS["payers"].read_text() + yaml.safe_dump([*plans]))
    return {**SEEDS, "payers": file}


@dataclass
class Sent:
    """A referral that was sent, and how it must end."""

    id: str
    scenario: Scenario
    expect: Expectation
    row: Row | None = None

    @property
    def ended(self) -> bool:
        return self.row is not None and self.row.stage in _ENDS

    @property
    def as_expected(self) -> bool:
        if self.row is None or not self.ended:
            return False
        closing = self.row.closing or Closing.COMPLETED
        return self.expect.closing in (None, closing) and self.expect.stage in (None, self.row.stage)

    def __str__(self) -> str:
        row = self.row
        stands = f"{row.stage} {row.closing or ''} {row.authorization} waits for {row.waiting_for}" if row else "unseen"
        return f"{self.scenario.name} {self.id}: {stands}"


@dataclass
class Outside:
    """A running stack as the outside sees it: its desk, its payer, and what was sent."""

    state: Path
    http: httpx2.AsyncClient
    sent: list[Sent] = field(default_factory=list)

    @cached_property
    def addresses(self) -> Addresses:
        return Addresses(**json.loads((self.state / "addresses.json").read_text()))

    @cached_property
    def tokens(self) -> dict[str, str]:
        tokens: dict[str, str] = json.loads((self.state / "tokens.json").read_text())
        return tokens

    @property
    def staff(self) -> StaffApi:
        return StaffApi(self.http, self.tokens)

    @property
    def source(self) -> SimulatedSource:
        return SimulatedSource(self.http, SOURCE, json.loads((self.state / "sources.json").read_text())[SOURCE])

    async def refer(self, scenario: str, payer: str | None = None) -> Sent:
        """Send a referral of this scenario, as often as it takes; its payer is one of the cast's if none is named."""
        number = len(self.sent) + 1
        played = load_scenarios()[scenario]
        told = make_referral(played, number, plan=named(payer) if payer else None)
        referral_id = await patiently(lambda: self.source.send(MessageType.RECEIVED, told, f"message-{number}"))
        self.sent.append(Sent(referral_id, played, played.expect))
        return self.sent[-1]

    async def steer(self, sent: Sent, verb: str, body: dict[str, Any], role: Role) -> None:
        """As the desk's API has it, as often as it takes."""
        path, headers = f"/api/referrals/{sent.id}/{verb}", {**self.bearer(role), "idempotency-key": f"test-{verb}"}
        await patiently(lambda: ask(self.http, "POST", path, json=body, headers=headers))

    async def look(self) -> None:
        """Learn where every referral stands."""
        rows = {row.id: row for row in await patiently(self.staff.referrals)}
        for sent in self.sent:
            sent.row = rows.get(sent.id, sent.row)

    async def until(self, condition: Callable[[], bool], *, within: float, what: str) -> None:
        """Look again and again. Fails with where each referral stands when the time is over."""
        deadline = asyncio.get_running_loop().time() + within
        await self.look()
        while not condition():
            standings = "\n  ".join(map(str, self.sent))
            assert asyncio.get_running_loop().time() < deadline, f"after {within} s not {what}:\n  {standings}"
            await asyncio.sleep(_LOOK_EVERY)
            await self.look()

    async def until_all_have_ended(self, *, within: float) -> None:
        await self.until(lambda: all(sent.ended for sent in self.sent), within=within, what="at its end")
        assert [str(sent) for sent in self.sent if not sent.as_expected] == []

    async def recorder(self) -> dict[str, Any]:
        """What the payer and the receivers of our webhooks have seen."""
        async with httpx2.AsyncClient(trust_env=False) as http:
            seen: dict[str, Any] = (await http.get(f"{self.addresses.payer}/recorder")).json()
        return seen

    async def recorded(self, condition: Callable[[dict[str, Any]], bool], *, within: float = 30) -> dict[str, Any]:
        """What they have seen once it meets the condition, or when the time is over."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            seen = await self.recorder()
            if condition(seen) or asyncio.get_running_loop().time() > deadline:
                return seen
            await asyncio.sleep(_SOON)

    async def timeline(self, sent: Sent, role: Role = Role.AUDITOR) -> list[dict[str, Any]]:
        answer = await self.get(f"/api/referrals/{sent.id}/timeline", role)
        entries: list[dict[str, Any]] = answer.json()
        return entries

    async def happened(
        self, sent: Sent, found: Callable[[dict[str, Any]], bool], *, within: float
    ) -> list[dict[str, Any]]:
        """The entries of its timeline that are looked for, once there are any; none when the time is over."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            entries = [entry for entry in await self.timeline(sent) if found(entry)]
            if entries or asyncio.get_running_loop().time() > deadline:
                return entries
            await asyncio.sleep(_LOOK_EVERY)

    async def get(self, path: str, role: str) -> httpx2.Response:
        return (await self.http.get(path, headers=self.bearer(role))).raise_for_status()

    def bearer(self, role: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[role]}"}

    @property
    def keyring(self) -> Keyring:
        keys = (self.state / "keys").read_text()
        return Keyring(Settings.model_validate({"keys": keys}).key_material())

    async def temporal(self) -> Client:
        """Temporal as an operator with the keys sees it."""
        address = {"TEMPORAL_ADDRESS": SecretStr(self.addresses.temporal)}
        return await connect(Settings(temporal=address), self.keyring, identity="test")


@asynccontextmanager
async def outside(state: Path) -> AsyncIterator[Outside]:
    """The outside of the stack that runs on this state."""
    desk = json.loads((state / "addresses.json").read_text())["desk"]
    async with desk_client(desk) as http:
        yield Outside(state, http)


def remembered(state: Path, ports: Mapping[str, int]) -> None:
    """A state whose stack will take these ports."""
    with StateDirectory(state) as directory:
        directory.write("ports.json", dict(ports))


async def patiently(asking: Callable[[], Any], *, within: float = 30) -> Any:
    """The answer of a desk that may be away for a while."""
    async with asyncio.timeout(within):
        while True:
            try:
                return await asking()
            except DeskAway:
                await asyncio.sleep(_LOOK_EVERY)
