"""Sealing: AES-256-GCM over bytes, bound to the place where the sealed value lives."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12


class Unsealable(Exception):
    """Wrong key, changed bytes or a value moved to another place. Carries no content."""


class Sealer:
    """Seals with one key; sealed is version (1 byte), nonce (12), ciphertext and tag.

    The random 96-bit nonce allows 2^32 values for one key (NIST SP 800-38D, 8.3): a data key serves one referral.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key is {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, *place: str) -> bytes:
        """Seal `plain` for its place: table, row id, column."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _bound(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """The plain bytes of what `seal` made for the same place. Raises Unsealable."""
        if sealed[:1] != _VERSION or len(sealed) <= 1 + _NONCE_BYTES:
            raise Unsealable("the value is not in the sealed format")
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, _bound(place))
        except InvalidTag:
            raise Unsealable("the value does not belong to this key and place, or was changed") from None


class SameSealer:
    """Seals the same bytes to the same bytes (AES-256-SIV, RFC 5297), under a key derived from `key`.

    For what is compared while it is sealed: that two values are equal shows, and nothing else.
    """

    def __init__(self, key: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"firstdose|same").derive(key)
        self._cipher = AESSIV(derived)

    def seal(self, plain: bytes) -> bytes:
        """Raises ValueError for nothing at all."""
        return self._cipher.encrypt(plain, None)

    def open(self, sealed: bytes) -> bytes:
        """Raises Unsealable."""
        try:
            return self._cipher.decrypt(sealed, None)
        except InvalidTag:
            raise Unsealable("the value does not belong to this key, or was changed") from None


def _bound(place: tuple[str, ...]) -> bytes:
    # Each part with its length, so that no two places share their associated data.
    parts = [part.encode() for part in place]
    return b"".join(len(part).to_bytes(4) + part for part in parts)
