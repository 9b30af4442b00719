"""A fax on a whole stack: it is opened, the coordinator answers with what it says, and it goes on to the first visit.

The same order then comes electronically, and intake finds that it is a duplicate.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from firstdose.domain.referral.source_message import MessageType
from firstdose.domain.work.judging.context import shown_moment
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind as K
from local.stack import LocalStack, StackOptions
from simulator.answers import resolution, script_of
from simulator.pace import Pace
from simulator.referrals import make_referral
from simulator.scenario import load_scenarios
from simulator.staff_api import Item
from tests.whole_stack import POLICY, SEEDS, Outside, free_ports, outside

LONGEST: Final = 120
SCENARIO: Final = load_scenarios()["approved"]
FAX: Final = b"%PDF-1.7 a synthetic order"
SAYS: Final = make_referral(
    SCENARIO, 1, plan={"id": "NOBODY-KNOWS", "name": "Plan of Paper", "line_of_business": "other"}
)
"""What the fax says; its plan is reached by people."""
FACTS: Final = {
    **{f"{part}.{name}": SAYS[part][name] for part in ("patient", "prescriber", "order") for name in SAYS[part]},
    "coverages": SAYS["coverages"],
    "documents[0].kind": "clinical_note",
}


@dataclass
class Pharmacy:
    """Staff who answer everything as usual, but for what a test answers itself."""

    world: Outside
    left: set[K] = field(default_factory=set)
    answered: list[str] = field(default_factory=list)
    """Items by id."""

    async def refer(self, data: dict[str, Any], message: str) -> str:
        referral_id: str = await self.world.source.send(MessageType.RECEIVED, data, message)
        return referral_id

    async def get(self, path: str) -> Any:
        return (await self.world.get(path, Role.SUPERVISOR)).json()

    async def items(self, referral_id: str, kind: K | None = None) -> list[Item]:
        page = await self.get(f"/api/work-items?referral={referral_id}")
        return [each for each in map(Item.model_validate, page["items"]) if kind in (None, each.kind)]

    async def item(self, referral_id: str, kind: K) -> Item:
        async with asyncio.timeout(LONGEST):
            while not (found := await self.items(referral_id, kind)):  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(0.2)
        return found[0]

    async def answer(self, item: Item, answer: dict[str, Any]) -> None:
        path, headers = f"/api/work-items/{item.id}/resolve", self.world.bearer(item.role)
        said = await self.world.http.post(path, json=answer, headers={**headers, "idempotency-key": item.id})
        if said.status_code != 409:  # otherwise it was withdrawn in this moment
            assert said.status_code in (200, 202), (item.kind, said.text)
            self.answered.append(item.id)

    async def works_until(self, referral_id: str, *stages: str) -> dict[str, Any]:
        """Where the referral stands in the end."""
        async with asyncio.timeout(LONGEST):
            while (standing := (await self.get(f"/api/referrals/{referral_id}"))["standing"])["stage"] not in stages:
                for item in await self.items(referral_id):
                    now = datetime.now(UTC)
                    begins = (item.kind is K.REPORT_VISIT and shown_moment(item.asks.get("visit_at"))) or now
                    if item.kind not in self.left and item.id not in self.answered and begins <= now:
                        scripted = script_of(SCENARIO, item.kind)[0]
                        await self.answer(item, resolution(scripted, item, now, Pace(), lambda _: {}))
                await asyncio.sleep(0.3)
        return dict(standing)

    async def told(self, referral_id: str) -> list[str]:
        """The milestones that the source heard."""
        entries = await self.get(f"/api/referrals/{referral_id}/timeline")
        return [each["details"]["business_status"] for each in entries if each["what"] == "source.told"]


@pytest.fixture(scope="module")
async def pharmacy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pharmacy]:
    state = tmp_path_factory.mktemp("fax") / "state"
    options = StackOptions(state=state, ports=free_ports(), policy=POLICY, imports=SEEDS, simulator=False)
    async with LocalStack(options, report=print) as stack, outside(stack.state.path) as world:
        yield Pharmacy(world, left={K.COMPLETE_REFERRAL, K.RECONCILE})


async def test_a_fax_goes_on_to_the_first_visit_and_its_twin_does_not(pharmacy: Pharmacy) -> None:
    fax = {"content_type": "application/pdf", "title": "Fax", "data": b64encode(FAX).decode()}
    referral_id = await pharmacy.refer({"source_referral_id": "FAX-1", "documents": [fax]}, "fax")
    item = await pharmacy.item(referral_id, K.COMPLETE_REFERRAL)
    path = f"/api/referrals/{referral_id}/documents"
    assert (await pharmacy.world.get(f"{path}/1", Role.INTAKE_COORDINATOR)).content == FAX

    await pharmacy.answer(item, {"outcome": "supplied", "facts": FACTS})
    await pharmacy.item(referral_id, K.VERIFY_BENEFITS)
    twin = await pharmacy.refer({**SAYS, "source_referral_id": "TWIN-1"}, "twin")
    asked = await pharmacy.item(twin, K.RECONCILE)
    assert (asked.role, asked.asks["other"]) == (Role.INTAKE_COORDINATOR, referral_id)
    assert [each.kind for each in await pharmacy.items(twin)] == [K.RECONCILE], "nobody is contacted yet"
    shown = (await pharmacy.get(f"/api/work-items/{asked.id}"))["shown"]["alike"]
    assert [each["number"] for each in shown] == ["TWIN-1", "FAX-1"]
    await pharmacy.answer(asked, {"outcome": "duplicate"})
    ended = await pharmacy.works_until(twin, "closed")
    assert (ended["closing"], await pharmacy.told(twin)) == ("duplicate", ["2.0", "6.0"])

    await pharmacy.works_until(referral_id, "on_service", "closed")
    assert (await pharmacy.told(referral_id))[-1] == "7.0"
    completed = [each for each in pharmacy.answered if each.startswith(f"{referral_id}-complete_referral")]
    assert completed == [item.id], "all facts at once, and nothing is asked again"


async def test_another_therapy_of_the_same_patient_is_no_duplicate(pharmacy: Pharmacy) -> None:
    patient = {**SAYS["patient"], "family_name": "Twotherapies"}
    coverages = [{**SAYS["coverages"][0], "member_id": "TWO-1"}]
    iron = {**SAYS["order"], "therapy": "iron", "drug": {"name": "Iron sucrose", "hcpcs": "J1756"}}
    told = {**SAYS, "patient": patient, "coverages": coverages}
    await pharmacy.refer({**told, "source_referral_id": "THERAPY-1"}, "therapy-1")
    other = await pharmacy.refer({**told, "order": iron, "source_referral_id": "THERAPY-2"}, "therapy-2")
    await pharmacy.item(other, K.CONTACT_PATIENT)
    assert await pharmacy.items(other, K.RECONCILE) == []


async def test_a_question_is_settled_by_its_fact(pharmacy: Pharmacy) -> None:
    patient = {**SAYS["patient"], "family_name": "Unclear"}
    coverages = [{**SAYS["coverages"][0], "member_id": "UNCLEAR-1"}]
    unclear = {**SAYS["order"], "frequency": "now and then"}
    told = {**SAYS, "patient": patient, "coverages": coverages, "order": unclear, "source_referral_id": "UNCLEAR-1"}
    referral_id = await pharmacy.refer(told, "unclear")
    await pharmacy.answer(await pharmacy.item(referral_id, K.VERIFY_BENEFITS), {
        "outcome": "answered",
        "benefits": {"status": "active", "in_network": True},
    })  # fmt: skip
    item = await pharmacy.item(referral_id, K.COMPLETE_REFERRAL)
    (question,) = (await pharmacy.get(f"/api/work-items/{item.id}"))["shown"]["questions"]
    assert (question["path"], question["values"]) == ("order.frequency", ["now and then"])

    await pharmacy.answer(item, {"outcome": "supplied", "facts": {"order.frequency": "q8h", "patient.email": None}})
    await pharmacy.item(referral_id, K.SUBMIT_AUTHORIZATION)
    view = await pharmacy.get(f"/api/referrals/{referral_id}")
    assert (view["questions"], view["facts"]["order"]["frequency"]) == ([], "q8h")
    assert "S9502" in {line["code"] for line in view["lines"]}
