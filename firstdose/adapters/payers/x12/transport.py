"""How an interchange reaches a clearinghouse and its answer back: HTTPS, as a plain body or in a CORE envelope."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import uuid4

from firstdose.adapters.payers.credentials import Login
from firstdose.adapters.payers.wire import Wire
from firstdose.adapters.payers.x12.core_envelope import Enveloped, unwrap, wrap
from firstdose.adapters.payers.x12.envelope import InterchangeAddress, TransactionType
from firstdose.adapters.payers.x12.segments import UnreadableX12
from firstdose.payer_ports import PayerEndpoint, UnreadableAnswer, X12Envelope

_MEDIA_TYPE: Final = "application/edi-x12"


class Transport(Protocol):
    """A real-time way to a clearinghouse."""

    async def exchange(
        self, endpoint: PayerEndpoint, kind: TransactionType, address: InterchangeAddress, interchange: bytes
    ) -> bytes:
        """The interchange that answers. Raises Impossible, Unavailable."""


class HttpsTransport:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def exchange(
        self, endpoint: PayerEndpoint, kind: TransactionType, address: InterchangeAddress, interchange: bytes
    ) -> bytes:
        login = self._wire.login(endpoint.x12_login) if endpoint.x12_login else None
        if login:  # so it needs no access token, which is another server's
            endpoint = endpoint.model_copy(update={"auth": None})
        if endpoint.x12_envelope is X12Envelope.CORE:
            sent = wrap(kind, interchange, address, login, uuid4(), datetime.now(UTC))
            answer = await self._post(endpoint, sent, {})
            try:
                return unwrap(answer)
            except UnreadableX12:
                raise UnreadableAnswer(answer.body) from None
        return (await self._post(endpoint, Enveloped(interchange, _MEDIA_TYPE), _basic(login))).body

    async def _post(self, endpoint: PayerEndpoint, sent: Enveloped, headers: dict[str, str]) -> Enveloped:
        url = endpoint.x12_url or endpoint.base_url
        all_headers = {"content-type": sent.content_type, **headers}
        return Enveloped(*await self._wire.post(endpoint, url, sent.body, all_headers))


def _basic(login: Login | None) -> dict[str, str]:
    """RFC 7617."""
    if login is None:
        return {}
    return {"authorization": "Basic " + b64encode(f"{login.user}:{login.password}".encode()).decode()}
