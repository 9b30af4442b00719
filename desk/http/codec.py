"""Temporal's codec server, for its Web UI and command line: opens and seals payloads, for staff and with an audit."""

import ipaddress
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from desk.http.app_context import AppContext, Context
from desk.http.budgets import Budget, admit
from desk.http.identity import Bearer, identify, permit_roles
from desk.http.problems import HttpProblem
from firstdose.adapters.codec_server import AnotherActor, Unfit, opened, sealed_as_given, sealed_from
from firstdose.domain.work.permissions import WORKING
from firstdose.domain.work.role import Actor, ActorKind, Role

router = APIRouter(prefix="/codec", tags=["codec"])

LOCAL_WEB_UI: Final = Actor(kind=ActorKind.SYSTEM, id="local-web-ui")
"""A local stack's Web UI uses plain HTTP and sends no token: the peer's address authenticates it."""
_MOST_NAMED: Final = 20
"""Workflows that one record names; the Web UI asks about one at a time."""
_ALLOWED_HEADERS: Final = "content-type, x-namespace, authorization, authorization-extras"


def _cors(request: Request, desk: AppContext) -> dict[str, str]:
    """Headers that let the configured Web UI read the answer, and no other page."""
    origin = request.headers.get("origin")
    if origin is None or origin != desk.settings.temporal_ui_origin:
        return {"vary": "origin"}
    return {
        "vary": "origin",
        "access-control-allow-origin": origin,
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-allow-methods": "POST, OPTIONS",
        "access-control-max-age": "600",
    }


async def _user(request: Request, desk: Context, credentials: Bearer) -> Actor:
    """Staff by their token, or the local stack's own Web UI. Raises Problem 401 and 403."""
    if credentials is None and _is_local_web_ui(request, desk):
        admit(Budget.STAFF)
        return LOCAL_WEB_UI
    return permit_roles(await identify(request, desk, credentials), Role)


def _is_local_web_ui(request: Request, desk: AppContext) -> bool:
    # The origin keeps other pages in the same browser away, "forwarded" whoever comes through a proxy on this machine.
    if not desk.settings.codec_trusts_loopback or request.client is None or "x-forwarded-for" in request.headers:
        return False
    if request.headers.get("origin") != desk.settings.temporal_ui_origin:
        return False
    return ipaddress.ip_address(request.client.host).is_loopback


User = Annotated[Actor, Depends(_user)]


@router.post("/decode")
async def decode(request: Request, desk: Context, user: User) -> Response:
    """Open payloads; the audit is written before the answer, with what was opened."""
    try:
        found = opened(desk.codec, await request.body())
    except ValueError as error:
        raise HttpProblem(400, str(error), headers=_cors(request, desk)) from None
    workflows = dict(found.workflows.most_common(_MOST_NAMED))
    details = {"workflows": workflows, "payloads": found.workflows.total(), "bytes": len(found.body)}
    await desk.note(user, "payloads_decoded", details)
    return Response(found.body, media_type="application/json", headers=_cors(request, desk))


@router.post("/encode")
async def encode(request: Request, desk: Context, user: User) -> Response:
    """Seal messages to referrals, for a signal or an update that somebody sends by Temporal's own tools.

    Each names its referral (`referral_id`, or the work item's `item_id`). Who sends it is the token's subject: an
    `actor` may be left out, and another one is refused.
    """
    body = await request.body()
    try:
        sealed = sealed_as_given(desk.codec, body) if user == LOCAL_WEB_UI else _sealed_from(desk, body, user)
    except Unfit as error:
        errors = [{"path": error.path, "problem": str(error)}]
        raise HttpProblem(422, "a message cannot be sealed", headers=_cors(request, desk), errors=errors) from None
    except AnotherActor as error:
        raise HttpProblem(403, str(error), headers=_cors(request, desk)) from None
    except ValueError as error:
        raise HttpProblem(400, str(error), headers=_cors(request, desk)) from None
    return Response(sealed, media_type="application/json", headers=_cors(request, desk))


def _sealed_from(desk: AppContext, body: bytes, user: Actor) -> bytes:
    return sealed_from(desk.codec, body, permit_roles(user, WORKING))


@router.options("/decode", include_in_schema=False)
@router.options("/encode", include_in_schema=False)
async def preflight(request: Request, desk: Context) -> Response:
    return Response(status_code=204, headers=_cors(request, desk))
