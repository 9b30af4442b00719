"""The simulated payers' Subscriptions over FHIR, and a switch by which a test makes a payer lose one."""

import json
from typing import Any, get_args
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.payer_book import PayerBook, Standing, Subscribed


def subscription_routes(book: PayerBook) -> list[Route]:
    """`/fhir/{payer}/Subscription`, and `/subscriptions/{payer}/{standing}` for `off`, `error`, `forgotten`."""

    async def create(request: Request) -> Response:
        wanted = await _wanted(request)
        if wanted is None:
            return _refusal(400)
        asked, body = wanted
        there = book.subscribed_at(asked.payer, asked.endpoint)
        if there and "if-none-exist" in request.headers:  # as it is: switched off, or with another filter
            return JSONResponse(_shown(there, body))
        return JSONResponse(_shown(book.subscribe(asked), body), status_code=201)

    async def look_up(request: Request) -> Response:
        known = book.subscription(request.path_params["payer"], request.path_params["id"])
        return JSONResponse(_shown(known, {})) if known else _refusal(404)

    async def replace(request: Request) -> Response:
        wanted, known = (
            await _wanted(request),
            book.subscription(request.path_params["payer"], request.path_params["id"]),
        )
        if wanted is None or known is None:
            return _refusal(404 if wanted else 400)
        asked, body = wanted
        book.keep(known.model_copy(update={"standing": "forgotten"}))
        kept = asked.model_copy(update={"id": known.id, "events": known.events})
        book.keep(kept)
        return JSONResponse(_shown(kept, body))

    async def lose(request: Request) -> Response:
        standing = request.path_params["standing"]
        if standing not in get_args(Standing):
            return _refusal(404)
        book.loses(request.path_params["payer"], standing)
        return Response(status_code=204)

    return [
        Route("/fhir/{payer}/Subscription", create, methods=["POST"]),
        Route("/fhir/{payer}/Subscription/{id}", look_up, methods=["GET"]),
        Route("/fhir/{payer}/Subscription/{id}", replace, methods=["PUT"]),
        Route("/subscriptions/{payer}/{standing}", lose, methods=["POST"]),
    ]


async def _wanted(request: Request) -> tuple[Subscribed, dict[str, Any]] | None:
    """What is asked for, and the resource; None if it cannot be read."""
    try:
        body = json.loads(await request.body())
        channel = body["channel"]
        asked = Subscribed(
            id=uuid4().hex,
            payer=request.path_params["payer"],
            criteria=body["_criteria"]["extension"][0]["valueString"],
            endpoint=channel["endpoint"],
            headers=tuple(channel.get("header", ())),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return asked, body


def _shown(known: Subscribed, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "resourceType": "Subscription", "id": known.id, "status": known.standing}


def _refusal(status: int) -> Response:
    issue = {"severity": "error", "code": "invalid" if status == 400 else "not-found"}
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=status)
