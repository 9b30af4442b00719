"""FHIR over HTTP: a resource posted under the payer's base URL."""

from collections.abc import Mapping
from typing import Final

import orjson

from firstdose.adapters.payers.pas.terminology import Element
from firstdose.adapters.payers.wire import Wire
from firstdose.payer_ports import PayerEndpoint

_HEADERS: Final = {"content-type": "application/fhir+json", "accept": "application/fhir+json"}


class PasClient:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def post(
        self, endpoint: PayerEndpoint, path: str, resource: Element, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The body of the 2xx answer. Raises Impossible or Unavailable, as `Wire.post` does."""
        url = f"{endpoint.base_url.rstrip('/')}/{path}"
        return (await self._wire.post(endpoint, url, orjson.dumps(resource), {**_HEADERS, **(headers or {})})).body
