"""The secret with which a payer's notifications prove themselves: ours to make, one per payer, the same for ever."""

import hashlib
import hmac

from firstdose.adapters.keyring.keyring import Keyring


def webhook_secret(keyring: Keyring, payer: str) -> str:
    """64 hexadecimal digits; the Subscription's channel header is `Authorization: Bearer <secret>`."""
    return hmac.new(keyring.derive("payer-hook"), payer.encode(), hashlib.sha256).hexdigest()


def proves(keyring: Keyring, payer: str, authorization: str | None) -> bool:
    """Whether this `Authorization` header is the payer's, in constant time."""
    given = (authorization or "").removeprefix("Bearer ").encode(errors="replace")
    return hmac.compare_digest(given, webhook_secret(keyring, payer).encode())
