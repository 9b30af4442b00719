"""How a simulated payer's server fails: errors, half answers, wrong ones, late ones, and connections that break."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.scenario import Fault, Misbehavior

_DROPPED = "x-simulated-drop"
_DRIP_EVERY = 0.1
_SOMEBODY_ELSES = "0" * 32
_SOMEBODY = "SIM-SOMEBODY-ELSE-0"
_NO_ANSWER = {"resourceType": "Claim", "status": "active", "use": "preauthorization", "outcome": "complete"}


class ConnectionBroken(Exception):
    """Makes the server close the connection in the middle of an answer."""


async def misbehaving(fault: Fault | None, answer: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
    """The answer, or what becomes of it. The payer has taken the request once `answer` was called."""
    if fault is None:
        return _fhir(json.dumps(await answer()))
    if turned_away := _turned_away(fault):
        return turned_away
    said = await answer()
    match fault.fault:
        case Misbehavior.HTML_WITH_200:
            return HTMLResponse("<html><body>We are upgrading our system.</body></html>")
        case Misbehavior.TRUNCATED_JSON:
            text = json.dumps(said)
            return _fhir(text[: len(text) // 2])
        case Misbehavior.DROP_CONNECTION:
            return Response(headers={_DROPPED: "yes"})
        case Misbehavior.DRIPPING:
            return StreamingResponse(_dripping(json.dumps(said), fault.seconds), media_type="application/fhir+json")
        case Misbehavior.WRONG_TRACE:
            return _fhir(json.dumps(said).replace(said["identifier"]["value"], _SOMEBODY_ELSES))
        case Misbehavior.WRONG_PATIENT:
            return _fhir(json.dumps(_about_somebody_else(said)))
        case Misbehavior.WRONG_RESOURCE:
            return _fhir(json.dumps(_NO_ANSWER))
    await asyncio.sleep(fault.seconds)
    return _fhir(json.dumps(said))


def _about_somebody_else(said: dict[str, Any]) -> dict[str, Any]:
    for resource in (entry["resource"] for entry in said.get("entry", ())):
        if resource["resourceType"] == "Patient":
            resource["identifier"][0]["value"] = _SOMEBODY
    return said


def _turned_away(fault: Fault) -> Response | None:
    """The response of a payer that does not take the request."""
    wait = {"retry-after": str(int(fault.seconds))}
    match fault.fault:
        case Misbehavior.SERVER_ERROR:
            return Response(status_code=503, headers=wait)
        case Misbehavior.TOO_MANY_REQUESTS:
            return Response(status_code=429, headers=wait)
        case Misbehavior.OUTAGE:
            return Response(headers={_DROPPED: "yes"})
        case Misbehavior.REFUSED:
            issue = {"severity": "error", "code": "business-rule"}
            return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=422)
    return None


async def _dripping(text: str, seconds: float) -> AsyncIterator[str]:
    """A letter at a time for so long, so that no pause is ever long."""
    letters = int(seconds / _DRIP_EVERY)
    for letter in text[:letters]:
        yield letter
        await asyncio.sleep(_DRIP_EVERY)
    yield text[letters:]


def _fhir(text: str) -> Response:
    return Response(text, media_type="application/fhir+json")


class Dropped:
    """Breaks the connection under the responses that are marked so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Any) -> None:
            headers = dict(message.get("headers", ()))
            if _DROPPED.encode() in headers:
                await send({**message, "headers": [(b"content-length", b"1000")]})
                await send({"type": "http.response.body", "body": b"{", "more_body": True})
                raise ConnectionBroken
            await send(message)

        await self._app(scope, receive, sending)
