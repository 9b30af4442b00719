"""Standard Webhooks 1.0.0: verify what comes in, sign what goes out.

Over raw bytes and with the caller's clock, which the `standardwebhooks` package cannot do (it decodes the body as
UTF-8 and asks the machine for the time); that package is the oracle in our tests.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

TOLERANCE = timedelta(minutes=5)
_LEAST_SECRET_BYTES, _MOST_SECRET_BYTES = 24, 64  # the specification's bounds
_MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,256}")
_UNIX_SECONDS = re.compile(r"[0-9]{1,11}")


class Unverified(Exception):
    """The message is not proven to come from its source. Carries a reason for the log and nothing of the message."""


class VerifiedMessage(NamedTuple):
    """What the signature vouches for besides the body."""

    message_id: str
    sent_at: datetime


def decode_secret(secret: str) -> bytes:
    """The key in a `whsec_<base64>` secret. Raises ValueError unless it is 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not _LEAST_SECRET_BYTES <= len(key) <= _MOST_SECRET_BYTES:
        raise ValueError("a webhook secret is `whsec_` and the base64 of 24 to 64 bytes")
    return key


def sign(secret: str, message_id: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers that go out with `body`."""
    timestamp = str(int(sent_at.timestamp()))
    signature = _signature(decode_secret(secret), message_id, timestamp, body)
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature.decode()}


class WebhookVerifier:
    """Verifies the messages of one source, which may have several secrets while it rotates them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = tuple(decode_secret(secret) for secret in secrets)

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> VerifiedMessage:
        """Check signature and timestamp of `body` as received. `now` is aware. Raises Unverified."""
        fields = {name.lower(): value for name, value in headers.items()}
        message_id = _matching(_MESSAGE_ID, fields.get("webhook-id"), "webhook-id")
        timestamp = _matching(_UNIX_SECONDS, fields.get("webhook-timestamp"), "webhook-timestamp")
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs(now - sent_at) > TOLERANCE:
            raise Unverified("the timestamp is more than 5 minutes off")
        given = [entry.encode(errors="replace") for entry in fields.get("webhook-signature", "").split()]
        expected = [_signature(key, message_id, timestamp, body) for key in self._keys]
        if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in given):
            raise Unverified("no signature matches")
        return VerifiedMessage(message_id, sent_at)


def _matching(pattern: re.Pattern[str], value: str | None, header: str) -> str:
    if value is None or not pattern.fullmatch(value):
        raise Unverified(f"the {header} header is missing or malformed")
    return value


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
