"""What the simulated payer does wrong on purpose, seen on the wire: answers that are none, and news at a bad time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstdose.adapters.payers.pas.request import submission
from firstdose.domain.authorization.answer_match import Ours, Whose, whose_answer
from firstdose.payer_ports import PayerEndpoint
from firstdose.ports import Unavailable
from tests.contract.cases import US, case, endpoint
from tests.contract.conftest import World, serving
from tests.contract.test_simulator_answers import member, members, response, review_actions

SOON = 10
"""Seconds; all that is waited for here takes milliseconds."""


async def test_fhir_that_is_no_answer_is_none_and_ours_is_found_when_asked_again(world: World) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), member("wrong_resource"))
    for ask in (world.pas.submit, world.pas.inquire):
        with pytest.raises(Unavailable, match="unreadable_answer"):
            await ask(asked)
    found = await world.pas.inquire(asked)
    assert found is not None
    assert review_actions(response(found)["item"][0]) == ["A1"]
    assert (await world.recorder())["submissions"][asked.trace] == 1


async def test_an_answer_about_somebody_else_has_our_number_and_another_patient(world: World) -> None:
    ours = member("answered_about_another")
    asked = case(endpoint(f"{world.url}/fhir/northstar"), ours)
    request = orjson.dumps(submission(asked, US))
    said = (await world.http.post(f"{world.url}/fhir/northstar/Claim/$submit", content=request)).json()
    assert said["identifier"]["value"] == asked.trace
    (about,) = (one["resource"] for one in said["entry"] if one["resource"]["resourceType"] == "Patient")
    assert about["identifier"][0]["value"] != ours
    found = await world.pas.inquire(asked)
    assert found is not None
    assert members(found) == {ours}


async def test_our_number_on_an_answer_about_another_patient_is_not_believed(world: World) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), member("answered_about_another"))
    ours = Ours.of(asked.trace, asked.referral)
    assert whose_answer((await world.pas.submit(asked)).named, ours) is Whose.ANOTHER_PATIENT
    found = await world.pas.inquire(asked)
    assert found is not None
    assert whose_answer(found.named, ours) is Whose.OURS


async def test_two_answers_come_side_by_side_and_contradict_each_other(world: World) -> None:
    both = asyncio.Barrier(2)
    heard: list[str] = []

    async def hook(request: Request) -> Response:
        if (said := decision(await request.body())) is not None:
            async with asyncio.timeout(SOON):  # whoever is alone here waits in vain
                await both.wait()
            heard.append(said)
        return Response()

    async with listening(hook) as url:
        asked = case(await subscribed(world, url), member("two_answers_at_once"))
        await world.pas.submit(asked)
        await told(world, asked.endpoint, asked.trace, steps=2)
    assert sorted(heard) == ["A1", "A3"]
    found = await world.pas.inquire(asked)
    assert found is not None
    assert review_actions(response(found)["item"][0]) == ["A3"], "the last word"


async def test_each_word_is_told_under_a_number_of_its_own(world: World) -> None:
    told_as: list[tuple[int, str]] = []

    async def hook(request: Request) -> Response:
        body = await request.body()
        if (said := decision(body)) is not None:
            told_as.append((event_number(body), said))
        return Response()

    async with listening(hook) as url:
        payer = await subscribed(world, url)
        for scenario in ("pended_three_days", "notified_out_of_order", "notified_twice"):
            asked = case(payer, member(scenario))
            await world.pas.submit(asked)
            await told(world, payer, asked.trace)
    assert told_as == [(1, "A1"), (3, "A1"), (2, "A4"), (4, "A1"), (4, "A1")]


async def test_a_payer_that_does_not_heed_a_cancellation_decides_all_the_same(world: World) -> None:
    heard: list[str] = []

    async def hook(request: Request) -> Response:
        if (said := decision(await request.body())) is not None:
            heard.append(said)
        return Response()

    async with listening(hook) as url:
        asked = case(await subscribed(world, url), member("answered_after_cancellation"))
        await world.pas.submit(asked)
        filed = world.book.filed[asked.endpoint.payer, asked.trace]
        filed.due_at = world.book.clock() + timedelta(hours=1)
        await world.pas.void(asked.model_copy(update={"trace": uuid4().hex, "previous_trace": asked.trace}))
        assert asked.trace in (await world.recorder())["cancelled"]
        assert heard == []
        filed.due_at = world.book.clock()
        await told(world, asked.endpoint, asked.trace)
    assert heard == ["A1"]


def listening(hook: Callable[[Request], Awaitable[Response]]) -> AbstractAsyncContextManager[str]:
    """Where notifications arrive; yields the address."""
    return serving(Starlette(routes=[Route("/hook", hook, methods=["POST"])]))


async def subscribed(world: World, url: str) -> PayerEndpoint:
    """A payer of the test's own, which tells its decisions there."""
    payer = f"payer-{uuid4().hex[:8]}"
    reached = endpoint(f"{world.url}/fhir/{payer}", payer=payer)
    await world.pas.ensure_subscription(reached, f"{url}/hook", "secret")
    return reached


async def told(world: World, payer: PayerEndpoint, trace: str, *, steps: int = 1) -> None:
    """Until the payer has told its decision."""
    world.book.changed.set()
    async with asyncio.timeout(SOON):
        while world.book.filed[payer.payer, trace].notified < steps:  # noqa: ASYNC110 - a real payer has no event
            await asyncio.sleep(0.01)


def decision(body: bytes) -> str | None:
    """The review action code on the first line in a notification; None if it is a handshake."""
    for entry in orjson.loads(body)["entry"]:
        for nested in entry["resource"].get("entry", ()):
            if nested["resource"]["resourceType"] == "ClaimResponse":
                return str(review_actions(nested["resource"]["item"][0])[0])
    return None


def event_number(body: bytes) -> int:
    (status,) = (each["resource"] for each in orjson.loads(body)["entry"] if each["resource"].get("parameter"))
    (event,) = (each["part"] for each in status["parameter"] if each["name"] == "notification-event")
    return int(next(part["valueString"] for part in event if part["name"] == "event-number"))
