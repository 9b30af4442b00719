"""The simulated payer over HTTP, where the channel suite does not reach: its recorder, its hooks, its receivers."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstdose.adapters.webhooks import sign
from tests.contract.cases import case, endpoint
from tests.contract.conftest import World, serving


async def test_a_hook_that_fails_is_told_again(world: World) -> None:
    payer = f"payer-{uuid4().hex[:8]}"
    heard: asyncio.Queue[int] = asyncio.Queue()
    answers = iter([200, 503])  # the handshake, the first notification, and then 200 for ever

    async def hook(request: Request) -> Response:
        status = next(answers, 200)
        await heard.put(status)
        return Response(status_code=status)

    async with serving(Starlette(routes=[Route("/hook", hook, methods=["POST"])])) as url:
        reached = endpoint(f"{world.url}/fhir/{payer}", payer=payer)
        await world.pas.ensure_subscription(reached, f"{url}/hook", "secret")
        await world.pas.submit(case(reached, "SIM-PENDED-THREE-DAYS-1"))
        async with asyncio.timeout(10):
            assert [await heard.get() for _ in range(3)] == [200, 503, 200]


async def test_signed_webhooks_are_counted_by_id_and_type(world: World) -> None:
    body = orjson.dumps({"type": "claim.ready", "data": {}})
    message_id = f"msg_{uuid4().hex}"
    headers = sign("whsec_" + "A" * 32, message_id, datetime.now(UTC), body)
    for path in ("billing", "billing", "sources/lakeside"):
        answer = await world.http.post(f"{world.url}/receiver/{path}", content=body, headers=headers)
        assert answer.is_success
    webhooks = (await world.recorder())["webhooks"]
    assert webhooks["billing"][message_id] == {"type": "claim.ready", "count": 2}
    assert webhooks["sources/lakeside"][message_id]["count"] == 1


async def test_an_unsigned_webhook_is_refused(world: World) -> None:
    assert (await world.http.post(f"{world.url}/receiver/billing", json={})).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"resourceType":"Bundle","entry":[{"resource":{}}]}'])
@pytest.mark.parametrize("path", ["Claim/$submit", "Claim/$inquire", "Subscription", "$submit-attachment"])
async def test_nonsense_is_refused_with_an_operation_outcome(world: World, path: str, body: bytes) -> None:
    answer = await world.http.post(f"{world.url}/fhir/northstar/{path}", content=body)
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
