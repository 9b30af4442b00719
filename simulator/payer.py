"""The simulated payer as an HTTP server: Da Vinci PAS, eligibility and CDex for any number of payers; a recorder."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.payer_answer import response_bundle
from simulator.payer_book import Delivered, PayerBook
from simulator.payer_eligibility import eligibility_response
from simulator.payer_fault import Dropped, misbehaving
from simulator.payer_notice import SubscriptionNotifier
from simulator.payer_request import BadRequest, check_references, member_id, read_request, resource
from simulator.payer_subscriptions import subscription_routes
from simulator.receiver import receiver_routes
from simulator.scenario import ScenarioRequest
from simulator.x12_payer import x12_route

Handler = Callable[[PayerBook, str, dict[str, Any]], Awaitable[Response]]


def payer_app(book: PayerBook) -> ASGIApp:
    """Serves `/fhir/{payer}/…`, `/x12/{payer}`, `/receiver/…` and `/recorder`."""

    @asynccontextmanager
    async def notifying(_: Starlette) -> AsyncIterator[None]:
        async with httpx2.AsyncClient(trust_env=False) as http:
            task = asyncio.create_task(SubscriptionNotifier(book, http).run())
            yield
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def recorder(_: Request) -> Response:
        return JSONResponse(book.recorder())

    operations: dict[str, Handler] = {
        "Claim/$submit": _submit,
        "Claim/$inquire": _inquire,
        "CoverageEligibilityRequest/$submit": _eligibility,
        "CoverageEligibilityRequest": _eligibility,
        "$submit-attachment": _attachment,
    }
    routes = [
        Route(f"/fhir/{{payer}}/{path}", partial(_operate, book, handler), methods=["POST"])
        for path, handler in operations.items()
    ]
    app = Starlette(
        routes=[
            *routes,
            *subscription_routes(book),
            x12_route(book),
            *receiver_routes(book),
            Route("/recorder", recorder),
        ],
        lifespan=notifying,
    )
    return Dropped(app)


async def serve_payer(
    port: int,
    *,
    speed: float = 1.0,
    state_file: Path | None = None,
    seed: int | None = None,
    host: str = "127.0.0.1",
) -> None:
    """Serve until told to stop (SIGINT, SIGTERM)."""
    app = payer_app(PayerBook(speed=speed, state=state_file, seed=seed))
    await uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False)).serve()


async def _operate(book: PayerBook, handler: Handler, request: Request) -> Response:
    try:
        body = json.loads(await request.body())
        return await handler(book, request.path_params["payer"], body)
    except (BadRequest, ValueError, LookupError, TypeError, AttributeError):
        issue = {"severity": "error", "code": "invalid"}
        return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=400)


async def _submit(book: PayerBook, payer: str, bundle: dict[str, Any]) -> Response:
    scenario = book.scenario_of(member_id(bundle))
    if scenario.payer.reads_only_type_and_id:
        check_references(bundle)
    request = read_request(payer, bundle, scenario.name, book.clock())
    fault = book.fault(payer, request.trace, scenario, ScenarioRequest.SUBMIT)

    async def answer() -> dict[str, Any]:
        return response_bundle(book.file(request))

    return await misbehaving(fault, answer)


async def _inquire(book: PayerBook, payer: str, bundle: dict[str, Any]) -> Response:
    trace = resource(bundle, "Claim")["identifier"][0]["value"]
    book.count(Delivered(what="inquiries", name=trace))
    fault = book.fault(payer, trace, book.scenario_of(member_id(bundle)), ScenarioRequest.INQUIRE)

    async def answer() -> dict[str, Any]:
        book.decide_due()
        filed = book.filed.get((payer, trace))
        return response_bundle(filed) if filed else {"resourceType": "Bundle", "type": "collection"}

    return await misbehaving(fault, answer)


async def _eligibility(book: PayerBook, payer: str, bundle: dict[str, Any]) -> Response:
    scenario = book.scenario_of(member_id(bundle))
    trace = resource(bundle, "CoverageEligibilityRequest")["identifier"][0]["value"]
    book.count(Delivered(what="eligibility", name=trace))
    fault = book.fault(payer, trace, scenario, ScenarioRequest.ELIGIBILITY)

    async def answer() -> dict[str, Any]:
        return eligibility_response(bundle, scenario.payer.eligibility)

    return await misbehaving(fault, answer)


async def _attachment(book: PayerBook, payer: str, parameters: dict[str, Any]) -> Response:
    named = {one["name"]: one for one in parameters["parameter"]}
    if "Attachment" not in named:
        raise BadRequest("nothing attached")
    book.documents(payer, named["TrackingId"]["valueIdentifier"]["value"])
    return JSONResponse({"resourceType": "OperationOutcome", "issue": []})
