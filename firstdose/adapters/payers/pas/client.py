"""FHIR over HTTP: resources under the payer's base URL."""

from collections.abc import Mapping
from typing import Final

import orjson

from firstdose.adapters.payers.exchange import Method
from firstdose.adapters.payers.pas.outcome import remarks_of_refusal
from firstdose.adapters.payers.pas.terminology import Element
from firstdose.adapters.payers.wire import Wire
from firstdose.payer_ports import PayerEndpoint, RefusedRequest

_HEADERS: Final = {"content-type": "application/fhir+json", "accept": "application/fhir+json"}


class PasClient:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def post(
        self, endpoint: PayerEndpoint, path: str, resource: Element, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The body of the 2xx answer. Raises Impossible or Unavailable, as `Wire.post` does."""
        return await self._send("POST", endpoint, path, orjson.dumps(resource), headers or {})

    async def put(self, endpoint: PayerEndpoint, path: str, resource: Element) -> bytes:
        """Likewise, in place of the resource that has this path."""
        return await self._send("PUT", endpoint, path, orjson.dumps(resource), {})

    async def get(self, endpoint: PayerEndpoint, path: str) -> bytes:
        """The resource that has this path. Raises as `post`."""
        return await self._send("GET", endpoint, path, b"", {})

    async def _send(
        self, method: Method, endpoint: PayerEndpoint, path: str, body: bytes, headers: Mapping[str, str]
    ) -> bytes:
        url = f"{endpoint.base_url.rstrip('/')}/{path}"
        try:
            return (await self._wire.send(method, endpoint, url, body, {**_HEADERS, **headers})).body
        except RefusedRequest as refused:
            raise type(refused)(refused.body, remarks_of_refusal(refused.body)) from None
