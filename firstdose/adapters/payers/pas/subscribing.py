"""Our Subscription at a payer over FHIR: created, looked at, and put in the place of one that the payer has."""

import re
from contextlib import suppress
from typing import Final

from firstdose.adapters.payers.exchange import Unknown
from firstdose.adapters.payers.pas.client import PasClient
from firstdose.adapters.payers.pas.elements import UnreadableFhir, parse, short_text
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.subscription import ENDED, subscription
from firstdose.payer_ports import PayerEndpoint, RefusedRequest
from firstdose.ports import PortError

_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
"""As FHIR has ids; it becomes a part of an address."""


class PasSubscribing:
    """Implements payers.subscribing.Notifying."""

    def __init__(self, client: PasClient, requestor: Requestor) -> None:
        self._client = client
        self._requestor = requestor

    async def ensure_subscription(
        self, endpoint: PayerEndpoint, callback_url: str, secret: str | None, *, replaces: str | None = None
    ) -> str:
        """Register for the payer's decisions; the payer's id of the Subscription, or "" if it returns none.

        The first is created unless the payer has it already. One that ended, or asks for something else, is replaced
        where the payer allows that; to create it on that condition would leave it as it is. Raises Impossible or
        Unavailable.
        """
        wanted = subscription(endpoint, self._requestor, callback_url, secret)
        if replaces:
            with suppress(RefusedRequest):
                named = {**wanted, "id": replaces}
                return _id(await self._client.put(endpoint, f"Subscription/{replaces}", named)) or replaces
        unless_there = {"if-none-exist": f"url={callback_url}"} if replaces is None else None
        return _id(await self._client.post(endpoint, "Subscription", wanted, unless_there))

    async def subscription_stands(self, endpoint: PayerEndpoint, name: str) -> bool:
        """False only if the payer says that it has none by that name, or has switched it off."""
        try:
            raw = await self._client.get(endpoint, f"Subscription/{name}")
            return parse(raw).get("status") not in ENDED
        except Unknown:
            return False
        except (PortError, UnreadableFhir):
            return True


def _id(raw: bytes) -> str:
    try:
        name = short_text(parse(raw).get("id")) or ""
    except UnreadableFhir:
        return ""
    return name if _ID.fullmatch(name) else ""
