"""Webhooks in: referrals from their sources, notifications from payers."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from desk.http.app_context import AppContext, Context
from desk.http.budgets import Budget, admit
from desk.http.payer_news import PayerNewsSink
from desk.http.problems import HttpProblem
from desk.intake.parse import parse
from desk.intake.problems import Invalid, Unparseable, UnsupportedType
from desk.metrics import INTAKE
from firstdose.adapters.payers.answers import AnswerBook, PayerNotifications
from firstdose.adapters.payers.pas.elements import UnreadableFhir
from firstdose.adapters.payers.webhook_secret import proves
from firstdose.adapters.postgres.messages.messages import Conflict, UnknownReferral
from firstdose.adapters.postgres.referrals.case_files import PostgresCaseFiles
from firstdose.adapters.postgres.referrals.intake import WebhookDelivery
from firstdose.adapters.webhooks import Unverified, WebhookVerifier
from firstdose.domain.referral.today import latest_today

router = APIRouter(tags=["webhooks"])

_NO_SOURCE: Final = WebhookVerifier(())
_UNPROVEN: Final = "the sender is not proven"
_ANY_OBJECT: Final[dict[str, Any]] = {"schema": {"type": "object"}}
_INTAKE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": _ANY_OBJECT,
            "application/fhir+json": _ANY_OBJECT,
            "application/hl7-v2": {"schema": {"type": "string"}},
        },
    }
}
_NOTIFICATION_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"application/fhir+json": _ANY_OBJECT}}
}


@router.post("/webhooks/referrals/{source}", status_code=202, openapi_extra=_INTAKE_BODY)
async def receive_referral(
    source: Annotated[str, Path(max_length=64)], request: Request, desk: Context
) -> dict[str, str]:
    """A referral, a new version of one, or its cancellation; answered once it is stored durably."""
    body, now = await request.body(), datetime.now(UTC)
    try:
        proven = desk.sources.get(source, _NO_SOURCE).verify(body, request.headers, now=now)
    except Unverified:
        INTAKE.labels("unverified").inc()
        raise HttpProblem(401, _UNPROVEN) from None
    admit(Budget.INTAKE)
    try:
        content_type = request.headers.get("content-type", "")
        message = await asyncio.to_thread(parse, content_type, body, today=latest_today(now))
        receipt = await desk.intake.accept(WebhookDelivery(source, proven.message_id, body, message, now))
    except (UnsupportedType, Unparseable, Invalid, Conflict, UnknownReferral) as error:
        INTAKE.labels("refused").inc()
        raise _refusal(error) from None
    INTAKE.labels(receipt.status).inc()
    return {"referral_id": receipt.referral_id, "status": receipt.status}


def _refusal(error: Exception) -> HttpProblem:
    match error:
        case UnsupportedType():
            return HttpProblem(415, str(error))
        case Unparseable():
            return HttpProblem(400, str(error) or "the body is not what its content type says")
        case Invalid():
            return HttpProblem(422, "some values are not acceptable", errors=error.errors)
        case Conflict():
            return HttpProblem(409, "this webhook-id came with another body before")
        case _:
            unknown = [{"path": "source_referral_id", "problem": "no such referral"}]
            return HttpProblem(422, "this is about no referral that we have", errors=unknown)


@router.post("/webhooks/payers/{payer}/pas", openapi_extra=_NOTIFICATION_BODY)
async def receive_notification(payer: Annotated[str, Path(max_length=63)], request: Request, desk: Context) -> Response:
    """A payer's notification about a pended request. The answer is stored, and the workflow gets a message about it."""
    return await _notified(payer, request.headers.get("authorization"), request, desk)


@router.post("/webhooks/payers/{payer}/pas/{secret}", openapi_extra=_NOTIFICATION_BODY)
async def receive_notification_at_secret_address(
    payer: Annotated[str, Path(max_length=63)],
    secret: Annotated[str, Path(max_length=200)],
    request: Request,
    desk: Context,
) -> Response:
    """Likewise, of a payer whose server sends no header: its plan has the secret in the address."""
    return await _notified(payer, secret, request, desk)


async def _notified(payer: str, proof: str | None, request: Request, desk: AppContext) -> Response:
    if not proves(desk.keyring, payer, proof):
        raise _unproven_payer()
    admit(Budget.INTAKE)
    endpoint = await desk.payers.endpoint(payer)
    if endpoint is None:
        raise _unproven_payer()
    answers = AnswerBook(desk.contacts, lambda: datetime.now(UTC))
    notifications = PayerNotifications(
        desk.contacts, answers, PostgresCaseFiles(desk.pool, desk.vault, desk.payers), PayerNewsSink(desk, payer)
    )
    try:
        received = await notifications.receive(endpoint, await request.body())
    except UnreadableFhir:
        raise HttpProblem(400, "this is no notification that we can read") from None
    return JSONResponse({"received": received})


def _unproven_payer() -> HttpProblem:
    return HttpProblem(401, _UNPROVEN, headers={"www-authenticate": "Bearer"})
