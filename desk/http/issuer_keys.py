"""The issuer's public keys: cached, and fetched in the background, so that a slow issuer does not slow down requests.

A request waits for the issuer only where it cannot be answered without: no key was ever read, or its key is unknown.
All that wait share one fetch, each for a bounded time; after a fetch, good or bad, the next one is not before a pause.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)

_REFRESHED_EVERY: Final = timedelta(minutes=5)
_PAUSE: Final = timedelta(seconds=30)
"""Between two fetches for unknown keys: made-up key ids must not cause calls to the issuer."""
_FETCHED_WITHIN_S: Final = 10.0
_WAITED_FOR_S: Final = 2.0
_MOST_BYTES: Final = 256 * 1024
_KEY_TYPES: Final = ("RSA", "EC", "OKP")
_UNREADABLE: Final = (OSError, httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError, JoseError)


class IssuerKeys:
    """By key id, from a file or a URL. Known keys stay valid while the issuer is down."""

    def __init__(self, *, file: Path | None, url: str | None, now: Callable[[], datetime]) -> None:
        self._file = file
        self._url = url
        self._now = now
        self._keys: Mapping[str, Key] = {}
        self._fetching: asyncio.Task[None] | None = None
        self._fetched_at = datetime.min.replace(tzinfo=UTC)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Fetch regularly in the background while the block runs."""
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            tasks = [task for task in (keeping, self._fetching) if task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def find(self, key_id: str | None) -> Key | None:
        """The key of this id, or the only one where the token names none; None if the issuer has no such key.

        Raises Unavailable when no key could be had yet.
        """
        if (key := self._known(key_id)) is None:
            await self._ask()
            key = self._known(key_id)
        if not self._keys:
            raise Unavailable(ProblemCode.ISSUER_AWAY)
        return key

    def _known(self, key_id: str | None) -> Key | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    async def _ask(self) -> None:
        if self._fetching is None and self._now() - self._fetched_at < _PAUSE:
            return
        await asyncio.wait({self._begin()}, timeout=_WAITED_FOR_S)

    def _begin(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _keep(self) -> None:
        while True:
            await asyncio.wait({self._begin()})
            await asyncio.sleep(_REFRESHED_EVERY.total_seconds())

    async def _fetch(self) -> None:
        try:
            self._keys = _key_set(await self._read())
        except _UNREADABLE as error:  # a time-out is an OSError
            log.warning("issuer_keys_not_read", exc_info=error)
        finally:
            self._fetched_at = self._now()
            self._fetching = None

    async def _read(self) -> bytes:
        if self._file is not None:
            return await asyncio.to_thread(self._file.read_bytes)
        async with asyncio.timeout(_FETCHED_WITHIN_S), httpx2.AsyncClient(follow_redirects=False) as client:
            answer = await client.get(self._url or "")
            if answer.status_code != 200 or len(answer.content) > _MOST_BYTES:
                raise ValueError("no key set")
            return answer.content


def _key_set(content: bytes) -> dict[str, Key]:
    """Keys to verify with, by id. One that we cannot use hides no other. Raises ValueError when none is left."""
    keys = [key for each in json.loads(content)["keys"] if (key := _usable(each))]
    if not keys:
        raise ValueError("no key to verify with")
    return {str(key.kid): key for key in keys}


def _usable(jwk: dict[str, Any]) -> Key | None:
    if jwk.get("kty") not in _KEY_TYPES or jwk.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    key.ensure_kid()
    return key
