"""HTTP to a payer: one request with one deadline, and each way it can fail as a port error.

Retries nothing and follows no redirect. The deadline is around the whole call, for a client's own timeouts never fire
on a body that drips; the answer is read up to a cap.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal, NamedTuple

import httpx2

from firstdose.domain.address import is_web_address
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import MOST_OF_A_BODY, RefusedRequest, UnreadableAnswer
from firstdose.ports import Impossible, Unavailable

Method = Literal["GET", "POST", "PUT"]
LARGEST_ANSWER: Final = 5_000_000
_A_DAY: Final = 86_400
_REASONS_S: Final = 2
"""How long to read the body of a refusal; its status is known before."""
_UNAUTHORIZED, _NOT_FOUND, _TIMED_OUT, _GONE, _TOO_EARLY, _BUSY = 401, 404, 408, 410, 425, 429


class Unknown(RefusedRequest):
    """Nothing is there by that name: the resource, or the operation itself."""


class Unauthorized(Impossible):
    """The payer refuses our credentials."""

    def __init__(self) -> None:
        super().__init__(ProblemCode.PAYER_REFUSED_CREDENTIALS)


class HttpAnswer(NamedTuple):
    """The body of a 2xx answer, and the media type of its header."""

    body: bytes
    content_type: str


async def post(
    http: httpx2.AsyncClient, url: str, body: bytes, headers: Mapping[str, str], timeout: timedelta
) -> HttpAnswer:
    """Post the body within the time. Raises as `send`."""
    return await send("POST", http, url, body, headers, timeout)


async def send(
    method: Method,
    http: httpx2.AsyncClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: timedelta,
) -> HttpAnswer:
    """Send the body, which is empty where the method has none, within the time.

    Raises:
        Impossible: the payer refuses what we sent (4xx: RefusedRequest), or points elsewhere (3xx). Unauthorized is
            the 401, Unknown the 404. `payer_address_wrong` says that nothing has left us: it would go unencrypted.
        Unavailable: it timed out, could not be reached, failed (5xx) or asked to wait (429). `payer_not_connected`
            says that nothing has left us: there was no connection in half the time.
    """
    if not is_web_address(url):
        raise Impossible(ProblemCode.PAYER_ADDRESS_WRONG)
    # The cap counts what comes over the wire, so nothing may be compressed.
    sent = {**headers, "accept-encoding": "identity"}
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            connecting = httpx2.Timeout(None, connect=timeout.total_seconds() / 2)
            return await _exchange(method, http, url, body, sent, connecting)
    except (httpx2.ConnectError, httpx2.ConnectTimeout):
        raise Unavailable(ProblemCode.PAYER_NOT_CONNECTED) from None
    except (TimeoutError, httpx2.TimeoutException):
        raise Unavailable(ProblemCode.PAYER_TIMED_OUT) from None
    except httpx2.InvalidURL:
        raise Impossible(ProblemCode.PAYER_ADDRESS_WRONG) from None
    except httpx2.HTTPError:  # its text holds the URL and more
        raise Unavailable(ProblemCode.PAYER_UNREACHABLE) from None


async def _exchange(
    method: Method,
    http: httpx2.AsyncClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: httpx2.Timeout,
) -> HttpAnswer:
    request = http.stream(method, url, content=body, headers=headers, follow_redirects=False, timeout=timeout)
    async with request as response:
        await _judge(response)
        answer = bytearray()
        async for chunk in response.aiter_raw():
            answer += chunk
            if len(answer) > LARGEST_ANSWER:
                raise UnreadableAnswer(bytes(answer))
    return HttpAnswer(bytes(answer), response.headers.get("content-type", ""))


async def _judge(response: httpx2.Response) -> None:
    status = response.status_code
    if status == _UNAUTHORIZED:
        raise Unauthorized
    if status in (_NOT_FOUND, _GONE):
        raise Unknown(await _reasons(response))
    if status in (_TIMED_OUT, _TOO_EARLY, _BUSY):
        raise Unavailable(ProblemCode.PAYER_BUSY, retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
    if status >= 500:
        raise Unavailable(ProblemCode.PAYER_FAILED, retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
    if status >= 400:  # PAS: an OperationOutcome with 4xx is not to be retried
        raise RefusedRequest(await _reasons(response))
    if status >= 300:
        raise Impossible(ProblemCode.PAYER_MOVED)


async def _reasons(response: httpx2.Response) -> bytes:
    """As much of a refusal's body as comes soon."""
    received = bytearray()
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_REASONS_S):
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) >= MOST_OF_A_BODY:
                    break
    return bytes(received)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date, between nothing and a day."""
    if value is None:
        return None
    try:
        wait = timedelta(seconds=min(int(value), _A_DAY)) if value.isdecimal() else _until(value, now)
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta()), timedelta(seconds=_A_DAY))


def _until(value: str, now: datetime) -> timedelta:
    moment = parsedate_to_datetime(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
