"""Shredding: a word in every field that somebody outside can fill, and none of them found once the keys are gone."""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue

from firstdose.adapters.webhooks import sign
from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Stage
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind
from local.stack import LocalStack, Programs, StackOptions
from local.state import SOURCE
from simulator.answers import resolution, script_of
from simulator.pace import Pace
from simulator.scenario import Scenario, load_scenarios
from simulator.staff_api import Item
from tests.phi.free_texts import filled, restored
from tests.phi.planting import Planter, as_fhir, as_hl7v2, canonical, envelope
from tests.phi.search import files, found, histories, needles, tables
from tests.whole_stack import POLICY, SEEDS, Outside, free_ports, outside

ELECTRONIC = ("information_requested", "denied_appealed_approved")
_LONGEST = 180
_ENDS = (Stage.ON_SERVICE, Stage.CLOSED)
Json = dict[str, Any]


@dataclass
class Planted:
    """A stack in which everything that could be said has been said, and what was found in it before and after."""

    world: Outside
    plant: Planter
    played: dict[str, Scenario] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    answered: dict[WorkItemKind, int] = field(default_factory=dict)
    """The statuses of the last answers, by kind."""
    shredded: list[str] = field(default_factory=list)
    """What the command said of each."""
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)

    @property
    def sought(self) -> list[str]:
        return [self.plant.mark, *self.plant.shaped]

    async def send(self, body: bytes, content_type: str = "application/json") -> httpx2.Response:
        secret = json.loads((self.world.state / "sources.json").read_text())[SOURCE]
        headers = sign(secret, self.plant.word("webhook"), datetime.now(UTC), body)
        path = f"/webhooks/referrals/{SOURCE}"
        return await self.world.http.post(path, content=body, headers={**headers, "content-type": content_type})

    async def refer(self, data: Json, scenario: str) -> str:
        answer = await self.send(envelope(data))
        assert answer.status_code == 202, answer.text
        referral_id: str = answer.json()["referral_id"]
        self.played[referral_id] = load_scenarios()[scenario]
        return referral_id

    async def ask(self, method: str, path: str, role: Role, **content: Any) -> httpx2.Response:
        headers = {**self.world.bearer(role), "idempotency-key": self.plant.word("key")}
        return await self.world.http.request(method, path, headers=headers, **content)

    async def tell(self, kind: WorkItemKind, item_id: str, usual: Json) -> httpx2.Response:
        """A word in every text; where a text is refused, the usual one in its place, until the answer is taken."""
        answer = filled(kind, usual, self.plant.word)
        for _ in range(6):
            said = await self.ask("POST", f"/api/work-items/{item_id}/resolve", ROLE_OF[kind], json=answer)
            if said.status_code != 422:
                break
            self.refusals.append(said.text)
            answer = restored(answer, usual, [each["path"] for each in said.json()["errors"]])
        self.answered[kind] = said.status_code
        return said


@pytest.fixture(scope="module")
async def planted(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Planted]:
    plant, began = Planter(), time.time()
    options = StackOptions(
        state=tmp_path_factory.mktemp("shred") / "state",
        ports=free_ports(),
        policy=POLICY,
        imports=SEEDS,
        programs=Programs(simulator=(sys.executable, "-m", "tests.phi.talkative_payer", "--mark", plant.mark)),
        environment={"FIRSTDOSE_LOG_LEVEL": "debug"},
    )
    async with LocalStack(options, report=print) as stack, outside(stack.state.path) as world:
        story = Planted(world, plant)
        await live(story)
        story.before = await everything(story, began)
        for referral_id in story.played:
            story.shredded.append(await shred(stack, referral_id))
        story.after = await everything(story, began)
        yield story


async def live(story: Planted) -> None:
    for scenario in ELECTRONIC:
        await story.refer(canonical(story.plant, scenario), scenario)
    by_people = canonical(story.plant, "approved")
    by_people["coverages"][0]["payer"]["id"] = story.plant.word("payer")
    await story.refer(by_people, "approved")
    await steer(story, next(iter(story.played)))
    await cancelled(story)
    await every_kind(story)
    await work_to_the_end(story)


async def steer(story: Planted, referral_id: str) -> None:
    """Every verb with a word in each text, a message by Temporal's own tools, and new facts."""
    word, path = story.plant.word, f"/api/referrals/{referral_id}"
    for verb in ("hold", "cancel", "override", "approve", "resume", "amend"):
        body = {name: word(name) for name in ("reason", "gate", "override_id", "note", "until", "revision")}
        story.refusals.append((await story.ask("POST", f"{path}/{verb}", Role.SUPERVISOR, json=body)).text)
    for message in (
        {"reason": word("reason")},
        {"reason": "patient_away", "note": word("note")},
        {"item_id": f"{referral_id}-1", "resolution": {"outcome": "reached", "note": word("note")}},
        {"item_id": f"{referral_id}-1", "resolution": {"lines": [{"sequence": 1, "number": word("number")}]}},
        {"override_id": word("override")},
        {word("name"): 1},
    ):
        story.refusals.append(await encoded(story, {"referral_id": referral_id, **message}))
    facts = {"patient.email": f"{word('mail')}@example.org", "patient.phones": [story.plant.phone()]}
    amended = await story.ask("POST", f"{path}/amend", Role.INTAKE_COORDINATOR, json={"facts": facts})
    assert amended.status_code in (200, 202), amended.text
    noted = await story.ask("POST", f"{path}/notes", Role.SUPERVISOR, json={"text": f"The {word('said')} called"})
    assert noted.status_code == 201, noted.text


async def encoded(story: Planted, message: Json) -> str:
    """What the codec server says to a message that could be about a person. If it seals it, it is sent as a signal."""
    plain, data = (base64.b64encode(each).decode() for each in (b"json/plain", json.dumps(message).encode()))
    body = {"payloads": [{"metadata": {"encoding": plain}, "data": data}]}
    answer = await story.ask("POST", "/codec/encode", Role.SUPERVISOR, json=body)
    if answer.status_code == 200:
        sealed = json_format.ParseDict(answer.json()["payloads"][0], Payload())
        temporal = await Client.connect(story.world.addresses.temporal)
        handle = temporal.get_workflow_handle(f"referral-{message['referral_id']}")
        await handle.signal("resolve_work_item", RawValue(sealed))
    return answer.text


async def cancelled(story: Planted) -> None:
    """Referrals in the other formats, changed and cancelled by their source in its own words."""
    for content_type, body in (
        ("application/fhir+json", as_fhir(story.plant)),
        ("application/hl7-v2", as_hl7v2(story.plant)),
    ):
        answer = await story.send(body, content_type)
        assert answer.status_code == 202, answer.text
        story.played[answer.json()["referral_id"]] = load_scenarios()["approved"]
    data = canonical(story.plant, "approved")
    await story.refer(data, "approved")
    changed = {**canonical(story.plant, "approved"), "source_referral_id": data["source_referral_id"]}
    updated = {"type": "referral.updated", "data": changed}
    assert (await story.send(json.dumps(updated).encode())).status_code == 202
    withdrawn = {"source_referral_id": data["source_referral_id"], "reason": story.plant.word("reason")}
    told = {"type": "referral.cancelled", "data": {**withdrawn, "note": story.plant.word("note")}}
    assert (await story.send(json.dumps(told).encode())).status_code == 202
    for referral_id in list(story.played)[-3:-1]:
        path = f"/api/referrals/{referral_id}/cancel"
        assert (await story.ask("POST", path, Role.SUPERVISOR, json={"reason": "withdrawn"})).status_code in (200, 202)


async def every_kind(story: Planted) -> None:
    """An item of each kind that the process has not opened: the desk takes the answer, and the workflow refuses it."""
    referral_id = list(story.played)[2]
    now, asks = datetime.now(UTC), {"missing": [], "lines": [{"sequence": 1}], "site": "suite"}
    connection = await asyncpg.connect(story.world.addresses.database)
    try:
        for number, kind in enumerate(OF_KIND, start=900):
            item = Item(
                id=f"{referral_id}-{kind}-{number}",
                referral_id=referral_id,
                kind=kind,
                role=ROLE_OF[kind],
                state="open",
                asks=asks,
                opened_at=now,
            )
            await connection.execute(
                "INSERT INTO work_items (id, referral_id, kind, role, asks, opened_at, due_at, offered_to)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, 'nurse-il-1')",
                *(item.id, referral_id, kind.value, item.role.value, json.dumps(asks), now, now + timedelta(days=1)),
            )
            answer = await story.tell(kind, item.id, usual_answer(story, item))
            assert answer.status_code == 409, (kind, answer.text)
    finally:
        await connection.close()


def usual_answer(story: Planted, item: Item) -> Json:
    scripted = script_of(story.played[item.referral_id], item.kind)[0]
    return resolution(scripted, item, datetime.now(UTC), Pace(), lambda _: {})


async def work_to_the_end(story: Planted) -> None:
    """Every open item of every referral, until all have come to their end; the first test says if they have not."""
    with suppress(TimeoutError):
        await _until_all_have_ended(story)


async def _until_all_have_ended(story: Planted) -> None:
    async with asyncio.timeout(_LONGEST):
        while open_ones := [each for each in story.played if await stage_of(story, each) not in _ENDS]:
            for referral_id in open_ones:
                page = await story.ask("GET", f"/api/work-items?referral={referral_id}", Role.SUPERVISOR)
                for row in page.json()["items"]:
                    item = Item.model_validate(row)
                    await story.tell(item.kind, item.id, usual_answer(story, item))
            await asyncio.sleep(0.5)


async def stage_of(story: Planted, referral_id: str) -> str:
    answer = await story.ask("GET", f"/api/referrals/{referral_id}", Role.SUPERVISOR)
    stage: str = answer.json()["standing"]["stage"]
    return stage


async def shred(stack: LocalStack, referral_id: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk", "keys", "shred", referral_id, "--yes"),
        env={"PATH": os.environ["PATH"], "FIRSTDOSE_STATE": str(stack.state.path)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return said.decode() if process.returncode else "done"


async def everything(story: Planted, since: float) -> dict[str, bytes]:
    """Each table, each history with what was sealed in it opened, each log, and what the doors answered."""
    logs = files(story.world.state / "logs", but=("simulator.log",), since=since)
    return {
        **await tables(story.world.addresses.database),
        **await histories(await story.world.temporal()),
        **{f"log {name}": content for name, content in logs.items()},
        "refusals": "\n".join(story.refusals).encode(),
    }


async def test_every_referral_ends_and_is_shredded(planted: Planted) -> None:
    assert planted.shredded == ["done"] * 6


async def test_every_kind_of_item_was_answered(planted: Planted) -> None:
    """So the texts of each model went through the door: it keeps some in the database and passes some on."""
    assert planted.answered.keys() == OF_KIND.keys()
    assert {"table messages", "table payer_answers", "table referral_notes", "log desk.log"} <= planted.before.keys()
    known = [content for place, content in planted.before.items() if place.startswith("history of referral-")]
    assert len(known) == len(planted.played)
    assert sum(b'"sealed:' in each for each in known) >= len(ELECTRONIC)


async def test_nothing_of_a_shredded_referral_can_be_read(planted: Planted) -> None:
    assert found(needles(planted.sought), planted.after) == {}


async def test_nothing_could_be_read_before_without_its_data_key(planted: Planted) -> None:
    assert found(needles(planted.sought), planted.before) == {}
