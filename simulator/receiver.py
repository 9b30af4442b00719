"""Where our webhooks arrive in the simulated world: the billing system and the referral sources."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.payer_book import Delivered, PayerBook

_SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


def receiver_routes(book: PayerBook) -> list[Route]:
    """Counts each message by its webhook id; what is not signed is refused. The signature itself is not verified."""

    async def receive(request: Request) -> Response:
        if not all(request.headers.get(header) for header in _SIGNED):
            return Response(status_code=401)
        kind = json.loads(await request.body()).get("type", "")
        receiver = request.url.path.removeprefix("/receiver/")
        book.count(Delivered(what=receiver, name=request.headers["webhook-id"], type=kind))
        return Response(status_code=204)

    return [
        Route("/receiver/billing", receive, methods=["POST"]),
        Route("/receiver/sources/{source}", receive, methods=["POST"]),
    ]
