"""The PHI story: a token in every field, and none of them found where others than the staff could read it."""

import asyncio
import json
import sys
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from temporalio.client import Client

from firstdose.adapters.webhooks import sign
from firstdose.domain.work.judging.context import shown_moment
from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Stage
from firstdose.domain.work.work_item import WorkItemKind
from local.ports import free_port
from local.stack import LocalStack, Programs, StackOptions
from local.state import SOURCE
from simulator.answers import resolution, script_of
from simulator.pace import Pace
from simulator.scenario import load_scenarios
from simulator.staff_api import Item
from tests.phi.free_texts import FACT_OF
from tests.phi.planting import Planter, as_fhir, as_hl7v2, canonical, envelope
from tests.phi.search import files, found, histories, needles, processes, tables
from tests.whole_stack import POLICY, SEEDS, Outside, free_ports, outside

SCENARIO = load_scenarios()["notified_flattened"]
OUTSIDE_WORLD = ("payer.jsonl", "logs/simulator.log")
"""Files of the simulated payer, who is told everything."""

WRITERS: dict[str, Callable[[Planter], bytes]] = {
    "application/json": lambda plant: envelope(canonical(plant, SCENARIO.name)),
    "application/fhir+json": as_fhir,
    "application/hl7-v2": as_hl7v2,
}

_numbers = count(1)


@dataclass
class Lived:
    """The story as it was lived, and the stack in which it lies."""

    stack: LocalStack
    world: Outside
    metrics_port: int
    plant: Planter = field(default_factory=Planter)
    referrals: list[str] = field(default_factory=list)
    unseen: dict[str, set[str]] = field(default_factory=dict)
    """What was sent in each format and staff cannot see."""
    refusals: list[str] = field(default_factory=list)
    """What the doors answered to what they must refuse."""
    began: float = field(default_factory=time.time)

    @property
    def values(self) -> list[str]:
        phones = [value.removeprefix("+1-").replace("-", "") for value in self.plant.shaped if value.startswith("+1-")]
        return [self.plant.mark, *self.plant.shaped, *phones]

    async def post(self, body: bytes, content_type: str, **headers: str) -> httpx2.Response:
        """To the intake, signed unless the headers say otherwise."""
        secret = json.loads((self.world.state / "sources.json").read_text())[SOURCE]
        signed = sign(secret, f"message-{next(_numbers)}", datetime.now(UTC), body)
        path = f"/webhooks/referrals/{SOURCE}"
        return await self.world.http.post(
            path, content=body, headers={**signed, "content-type": content_type, **headers}
        )

    async def ask(self, method: str, path: str, role: Role, **content: Any) -> httpx2.Response:
        return await self.world.http.request(method, path, headers=self.world.bearer(role), **content)

    def refused(self, answer: httpx2.Response) -> None:
        assert 400 <= answer.status_code < 500, answer.status_code
        self.refusals.append(f"{answer.headers} {answer.text}")


@pytest.fixture(scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    metrics_port = free_port()
    options = StackOptions(
        state=tmp_path_factory.mktemp("phi") / "state",
        ports=free_ports(),
        policy=POLICY,
        imports=SEEDS,
        programs=Programs(simulator=(sys.executable, "-m", "tests.phi.indiscreet_payer")),
        environment={"FIRSTDOSE_METRICS_PORT": str(metrics_port), "FIRSTDOSE_LOG_LEVEL": "debug"},
    )
    async with LocalStack(options, report=print) as stack, outside(stack.state.path) as world:
        story = Lived(stack, world, metrics_port)
        await live(story)
        yield story


async def live(story: Lived) -> None:
    """Three referrals; one of them to its end, with everything that staff could write, and every door misused."""
    plant = story.plant
    bodies: dict[str, bytes] = {}
    for content_type, write in WRITERS.items():
        before, shapes_before = len(plant.words), len(plant.shaped)
        bodies[content_type] = write(plant)
        answer = await story.post(bodies[content_type], content_type)
        assert answer.status_code == 202, answer.text
        story.referrals.append(answer.json()["referral_id"])
        shown = await story.ask("GET", f"/api/referrals/{story.referrals[-1]}", Role.SUPERVISOR)
        sent = {*plant.words[before:], *plant.shaped[shapes_before:]}
        story.unseen[content_type] = sent - found(needles(sent), {"desk": shown.content}).get("desk", set())
    await misuse_the_intake(story, bodies)
    await misuse_the_api(story)
    await steer(story)
    await work_to_the_end(story)


async def misuse_the_intake(story: Lived, bodies: dict[str, bytes]) -> None:
    word = story.plant.word
    json_type, fhir_type, hl7_type = bodies
    wrong = canonical(story.plant, SCENARIO.name)
    wrong["patient"]["birth_date"] = word("birth")
    wrong["prescriber"]["npi"] = word("npi")
    wrong["order"]["therapy"] = word("therapy")
    wrong["patient"][word("unknown")] = wrong["coverages"][0][word("unknown")] = {"deep": [word("deep")]}
    for content_type, body in (
        (json_type, envelope(wrong)),
        (json_type, bodies[json_type][:-30]),
        (json_type, json.dumps([word("list")]).encode()),
        (json_type, json.dumps({"type": word("type"), "data": word("data")}).encode()),
        (fhir_type, bodies[fhir_type].replace(b"1961-04-17", word("birth").encode())),
        (fhir_type, bodies[json_type]),
        (hl7_type, bodies[hl7_type].replace(b"19610417", word("birth").encode())),
        (hl7_type, bodies[hl7_type].replace(b"MSH|", f"MSX|{word('msh')}".encode())),
        (word("content"), bodies[json_type]),
    ):
        story.refused(await story.post(body, content_type))
    story.refused(await story.post(bodies[json_type], json_type, **{"webhook-signature": f"v1,{word('signature')}"}))
    for path in (f"/webhooks/referrals/{word('source')}", f"/webhooks/payers/{word('payer')}/pas"):
        story.refused(await story.world.http.post(path, content=bodies[json_type]))


async def misuse_the_api(story: Lived) -> None:
    word, first = story.plant.word, f"/api/referrals/{story.referrals[0]}"
    for method, path in (
        ("GET", f"/api/referrals/{word('path')}"),
        ("GET", f"/{word('path')}/{quote(word('path') + ' %/')}"),
        ("PUT", f"/api/work-items/{word('item')}"),
        ("GET", f"/api/referrals?stage={word('stage')}"),
        ("GET", f"/api/referrals?cursor={word('cursor')}"),
        ("GET", f"/api/work-items/{word('item')}"),
    ):
        story.refused(await story.ask(method, path, Role.SUPERVISOR))
    for path in (f"/api/referrals?q={word('q')}", f"/api/referrals?payer={word('payer')}"):
        assert (await story.ask("GET", path, Role.SUPERVISOR)).json()["items"] == []
    story.refused(await story.world.http.get(first, headers={"authorization": f"Bearer {word('token')}"}))
    for path, body in (
        ("hold", {"reason": f"The patient {word('reason')} is away"}),
        ("cancel", {"reason": word("reason")}),
        ("override", {"gate": word("gate"), "reason": word("reason")}),
        ("approve", {"override_id": word("override")}),
        ("amend", {"facts": {"patient.birth_date": word("birth")}}),
        ("amend", {"facts": {f"patient.{word('fact')}": word("fact")}}),
        ("amend", {word("field"): word("value")}),
    ):
        story.refused(await story.ask("POST", f"{first}/{path}", Role.SUPERVISOR, json=body))
    story.refused(await story.ask("POST", "/codec/decode", Role.SUPERVISOR, content=word("codec").encode()))


async def steer(story: Lived) -> None:
    """A hold, words about the patient where only a code may be, and new facts."""
    path = f"/api/referrals/{story.referrals[0]}"
    held = {"reason": "patient_away"}
    assert (await story.ask("POST", f"{path}/hold", Role.PHARMACIST, json=held)).status_code == 200
    story.refused(await story.ask("POST", f"{path}/hold", Role.PHARMACIST, json=held))
    facts = {"patient.email": f"{story.plant.word('mail')}@example.org", "patient.phones": [story.plant.phone()]}
    amended = await story.ask("POST", f"{path}/amend", Role.INTAKE_COORDINATOR, json={"facts": facts})
    assert amended.status_code == 200, amended.text
    assert (await story.ask("POST", f"{path}/resume", Role.PHARMACIST)).status_code == 200


async def work_to_the_end(story: Lived) -> None:
    """Every work item is answered, with something said about the patient wherever that is possible."""
    async with asyncio.timeout(60):
        while True:
            answer = await story.ask("GET", f"/api/referrals/{story.referrals[0]}", Role.SUPERVISOR)
            if answer.json()["standing"]["stage"] in (Stage.ON_SERVICE, Stage.CLOSED):
                break
            page = await story.ask("GET", f"/api/work-items?referral={story.referrals[0]}", Role.SUPERVISOR)
            for row in page.json()["items"]:
                await resolve(story, Item.model_validate(row))
            await asyncio.sleep(0.2)
    assert answer.json()["standing"]["stage"] == Stage.ON_SERVICE


async def resolve(story: Lived, item: Item) -> None:
    path, now = f"/api/work-items/{item.id}/resolve", datetime.now(UTC)
    begins = shown_moment(item.asks.get("visit_at")) if item.kind is WorkItemKind.REPORT_VISIT else None
    if begins is not None and now < begins:  # a visit is reported once it has begun
        return
    usual = resolution(script_of(SCENARIO, item.kind)[0], item, now, Pace(), lambda _: {})
    said = {name: f"She says {story.plant.word(name)}" for name in ("note", "findings", "argument")}
    said_here = {name: text for name, text in said.items() if name in OF_KIND[item.kind].model_fields}
    if "facts" in OF_KIND[item.kind].model_fields and item.role in FACT_OF:
        said_here["facts"] = {FACT_OF[item.role]: story.plant.word("fact")}  # type: ignore[assignment]
    answer = {**usual, **said_here}
    wrong = {**answer, "outcome": story.plant.word("outcome"), "patient": story.plant.word("value")}
    story.refused(await story.ask("POST", path, Role.SUPERVISOR, json=wrong))
    story.refused(await story.ask("POST", path, Role.AUDITOR, json=answer))
    done = await story.ask("POST", path, item.role, json=answer)
    assert done.status_code in (200, 409), done.text
    story.refused(await story.ask("POST", path, item.role, json={**answer, "note": story.plant.word("late")}))


async def places(story: Lived) -> dict[str, bytes]:
    """Everything that somebody could read who may not see PHI."""
    state = story.stack.state.path
    desk = await story.world.http.get("/metrics")
    async with httpx2.AsyncClient(trust_env=False) as http:
        worker = await http.get(f"http://127.0.0.1:{story.metrics_port}/metrics")
    assert "firstdose_intake_messages" in desk.text
    assert "temporal_" in worker.text
    product = {name: pid for name, pid in story.stack.supervisor.pids().items() if name != "simulator"}
    return {
        **files(state, but=OUTSIDE_WORLD, since=story.began),
        **await tables(story.world.addresses.database),
        **processes(product.values()),
        "desk's metrics": desk.content,
        "worker's metrics": worker.content,
        "refusals": "\n".join(story.refusals).encode(),
    }


async def test_staff_see_every_token(lived: Lived) -> None:
    """So all of them were in the data; but for a document kind of the source's own, which is `other` here."""
    unseen = {content_type: {word[15:] for word in words} for content_type, words in lived.unseen.items()}
    assert unseen == {"application/json": {"kind"}, "application/fhir+json": set(), "application/hl7-v2": set()}
    timeline = (await lived.ask("GET", f"/api/referrals/{lived.referrals[0]}/timeline", Role.SUPERVISOR)).text
    assert timeline.count(f"She says {lived.plant.mark}") > 5


async def test_no_token_lies_in_the_clear(lived: Lived) -> None:
    where = await places(lived)
    assert {"temporal.db", "logs/desk.log", "logs/worker.log", "payer-urls", "table messages"} <= where.keys()
    assert where["payer-urls"].count(b"/receiver/") > 0
    assert found(needles(lived.values), where) == {}


async def test_the_process_itself_knows_none(lived: Lived) -> None:
    """Behind the codec's seal lies no PHI either: the workflows never had it."""
    known = await histories(await lived.world.temporal())
    assert len(known) == len(lived.referrals)
    assert all(referral.encode() in b"".join(known.values()) for referral in lived.referrals)
    assert found(needles(lived.values), known) == {}


async def test_the_search_finds_what_lies_in_the_clear(lived: Lived) -> None:
    """Else the silence above would prove nothing."""
    canary, state = Planter().word("canary"), lived.stack.state.path
    plain = await Client.connect(lived.world.addresses.temporal)
    await plain.start_workflow("Canary", id=f"canary-{uuid4()}", task_queue="nobody", memo={"known": canary})
    connection = await asyncpg.connect(lived.world.addresses.database)
    await connection.execute("CREATE TABLE canary (plain text, hidden bytea)")
    await connection.execute("INSERT INTO canary (hidden) VALUES ($1)", canary.encode())
    await connection.execute("CHECKPOINT")
    await connection.close()
    with (state / "logs" / "desk.log").open("a") as log:
        log.write("".join(f"%{byte:02X}" for byte in canary.encode()))
    bird = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", canary, stdin=asyncio.subprocess.PIPE)
    where = {**await places(lived), **processes([bird.pid])}
    await bird.communicate(b"\n")

    holding = set(found(needles([canary]), where))
    assert {"temporal.db", "temporal.db-wal"} & holding
    assert {"table canary", "logs/desk.log"} <= holding
    assert [place for place in holding if place.startswith("arguments") and place.endswith(f" {bird.pid}")]
    assert [place for place in holding if place.startswith("postgres/")]


@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_a_value_is_found_however_it_is_written(before: str) -> None:
    raw = f"{before}1931-08-17 and more".encode()
    for written in (raw, raw.hex().encode(), raw.hex().upper().encode(), b64encode(raw), urlsafe_b64encode(raw)):
        assert found(needles(["1931-08-17"]), {"here": written}) == {"here": {"1931-08-17"}}
    assert found(needles(["1931-08-17"]), {"here": b"1931-08-18"}) == {}
