"""The simulated people against a desk of paper: what they answer and leave alone, how they go on after a crash."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firstdose.adapters.webhooks import WebhookVerifier
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind
from simulator.pace import Pace
from simulator.people import People
from simulator.source import SimulatedSource
from simulator.staff_api import StaffApi

K = WorkItemKind
SECRET = "whsec_c2ltdWxhdGVkLXNvdXJjZS1zZWNyZXQtMDEyMzQ1"
QUICK = Pace(speed=10**8)
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


class PaperDesk:
    """The desk's answers to the requests that people make, and what they did."""

    def __init__(self, member: str = "SIM-APPROVED-1") -> None:
        self.member = member
        self.items: dict[str, dict[str, Any]] = {}
        self.rows: list[dict[str, Any]] = []
        self.answers: list[tuple[str, str, dict[str, Any]]] = []
        self.webhooks: list[tuple[str, dict[str, Any]]] = []
        self.refusals = 0
        self.away = False
        self.asked = 0
        self.looks = 0
        self.tokens = {role.value: f"token-{role}" for role in Role}

    def open(self, kind: K, *, state: str = "open", opened_at: datetime = LONG_AGO, **asks: Any) -> str:
        item_id = f"0f3c-{len(self.items) + 1}"
        self.items[item_id] = {
            "id": item_id,
            "referral_id": "0f3c",
            "kind": kind,
            "role": ROLE_OF[kind],
            "state": state,
            "asks": asks,
            "opened_at": opened_at.isoformat(),
        }
        return item_id

    def app(self) -> Starlette:
        routes = [
            Route("/api/work-items", self._worklist),
            Route("/api/work-items/{item}/resolve", self._resolve, methods=["POST"]),
            Route("/api/referrals", self._referrals),
            Route("/api/referrals/{id}", self._referral),
            Route("/api/referrals/{id}/timeline", self._timeline),
            Route("/webhooks/referrals/{source}", self._webhook, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _worklist(self, _: Request) -> Response:
        self.looks += 1
        if self.away:
            return Response(status_code=503)
        return JSONResponse({"items": [item for item in self.items.values() if item["state"] != "resolved"]})

    async def _resolve(self, request: Request) -> Response:
        item = self.items[request.path_params["item"]]
        assert request.headers["authorization"] == f"Bearer token-{item['role']}"
        self.asked += 1
        if self.refusals:
            self.refusals -= 1
            return JSONResponse({"detail": "no"}, status_code=409)
        self.answers.append((item["id"], request.headers["idempotency-key"], await request.json()))
        item["state"] = "resolved"
        return JSONResponse({"status": "applied"})

    async def _referrals(self, request: Request) -> Response:
        return JSONResponse({"items": [row for row in self.rows if row["stage"] == request.query_params["stage"]]})

    async def _referral(self, _: Request) -> Response:
        return JSONResponse({"facts": {"source_referral_id": "A-1", "coverages": [{"member_id": self.member}]}})

    async def _timeline(self, _: Request) -> Response:
        opened = [{"what": "work_item.opened", "details": {"item": i["id"], "kind": i["kind"]}} for i in self._all()]
        return JSONResponse([{"what": "stage", "details": {}}, *opened])

    def _all(self) -> list[dict[str, Any]]:
        return list(self.items.values())

    async def _webhook(self, request: Request) -> Response:
        body = await request.body()
        proven = WebhookVerifier([SECRET]).verify(body, request.headers, now=datetime.now(UTC))
        self.webhooks.append((proven.message_id, json.loads(body)))
        return JSONResponse({"referral_id": "0f3c", "status": "accepted"}, status_code=202)

    @property
    def outcomes(self) -> list[str]:
        return [answer["outcome"] for _, _, answer in self.answers]


@asynccontextmanager
async def people_at(desk: PaperDesk) -> AsyncIterator[None]:
    transport = httpx2.ASGITransport(app=desk.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as http:
        source = SimulatedSource(http, "springfield", SECRET)
        people = People(StaffApi(http, desk.tokens), QUICK, {"springfield": source}, look_every=0.005)
        playing = asyncio.create_task(people.run())
        yield
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - whoever changes it is the code under test
            await asyncio.sleep(0.005)


async def some_looks(desk: PaperDesk) -> None:
    """Time enough for people to do what they must not."""
    seen = desk.looks
    await until(lambda: desk.looks >= seen + 5)


async def test_what_is_open_is_answered_once_by_its_role_with_a_key() -> None:
    desk = PaperDesk()
    first, second = desk.open(K.CONTACT_PATIENT), desk.open(K.REPORT_VISIT, visit_at=LONG_AGO.isoformat())
    async with people_at(desk):
        await until(lambda: len(desk.answers) == 2)
        await some_looks(desk)
    assert {(item, key) for item, key, _ in desk.answers} == {(first, f"sim-{first}"), (second, f"sim-{second}")}


async def test_nobody_answers_before_a_person_could_or_what_somebody_has_claimed() -> None:
    desk = PaperDesk()
    desk.open(K.CONTACT_PATIENT, opened_at=datetime.now(UTC) + timedelta(hours=1))
    desk.open(K.ASSESS_PATIENT, state="claimed")
    async with people_at(desk):
        await some_looks(desk)
    assert desk.answers == []


async def test_a_script_goes_on_in_turn_whoever_plays_it_and_repeats_its_end() -> None:
    desk = PaperDesk("SIM-NURSE-DECLINES-4")
    for turn in range(1, 4):
        desk.open(K.CONFIRM_VISIT)
        async with people_at(desk):
            await until(lambda turn=turn: len(desk.answers) == turn)  # type: ignore[misc]
    assert desk.outcomes == ["declined", "accepted", "accepted"]


async def test_an_interrupted_answer_is_given_again_in_the_same_words() -> None:
    desk = PaperDesk()
    item = desk.open(K.CONFIRM_VISIT)
    for _ in range(2):
        desk.items[item]["state"] = "open"
        seen = len(desk.answers)
        async with people_at(desk):
            await until(lambda seen=seen: len(desk.answers) > seen)  # type: ignore[misc]
    assert desk.answers[0] == desk.answers[1]


async def test_a_refusal_is_not_argued_with_for_ever() -> None:
    desk = PaperDesk()
    desk.refusals = 99
    desk.open(K.CONTACT_PATIENT)
    async with people_at(desk):
        await until(lambda: desk.asked == 4)
        await some_looks(desk)
    assert desk.asked == 4


async def test_an_answer_that_came_too_late_is_given_anew() -> None:
    desk = PaperDesk()
    desk.refusals = 1
    item = desk.open(K.CONFIRM_VISIT)
    async with people_at(desk):
        await until(lambda: bool(desk.answers))
    (answer,) = desk.answers
    assert answer[:2] == (item, f"sim-{item}-1")
    assert datetime.fromisoformat(answer[2]["visit_at"]) > LONG_AGO + timedelta(days=1)
    assert desk.asked == 2


async def test_people_come_back_when_the_desk_does() -> None:
    desk = PaperDesk()
    desk.away = True
    desk.open(K.CONTACT_PATIENT)
    async with people_at(desk):
        await until(lambda: desk.looks == 1)
        desk.away = False
        await until(lambda: desk.outcomes == ["reached"])


async def test_the_source_cancels_when_its_referral_is_pended_and_not_before() -> None:
    desk = PaperDesk("SIM-CANCELLED-MIDWAY-1")
    row: dict[str, Any] = {
        "id": "0f3c",
        "source": "springfield",
        "stage": "authorization",
        "closing": None,
        "waiting_for": [],
    }
    desk.rows = [{**row, "authorization": "submitted"}]
    async with people_at(desk):
        await some_looks(desk)
        assert desk.webhooks == []
        desk.rows = [{**row, "authorization": "pended"}]
        await until(lambda: len(desk.webhooks) > 0)
        await some_looks(desk)
    cancelled = {"type": "referral.cancelled", "data": {"source_referral_id": "A-1", "reason": "withdrawn"}}
    assert desk.webhooks == [("sim-0f3c-0", cancelled)]
