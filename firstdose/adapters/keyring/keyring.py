"""The pharmacy's keys: they wrap each referral's data key, and every other secret of ours is derived from them.

The first key is active: it wraps what is new. The last one is the oldest, the root: what must stay the same for years
(blind indexes, the audit chain, secrets given to payers) comes from it, so it stays in the list when keys rotate.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firstdose.adapters.keyring.sealing import KEY_BYTES, Sealer, Unsealable


class WrappedKey(NamedTuple):
    """A data key as it is stored, and the id of the key that wraps it."""

    key_id: str
    sealed: bytes


class Keyring:
    """Keys by id, each 32 bytes, active first and root last. A key itself encrypts nothing: its derivations do."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError(f"a keyring needs at least one key, each of {KEY_BYTES} bytes")
        self._keys = dict(keys)
        self.key_ids = tuple(self._keys)
        self.active_id, self.root_id = self.key_ids[0], self.key_ids[-1]
        self._derived = lru_cache(maxsize=1024)(self._derive)

    def new_data_key(self) -> bytes:
        """A fresh key for one referral's PHI."""
        return os.urandom(KEY_BYTES)

    def wrap(self, data_key: bytes, referral_id: str) -> WrappedKey:
        """Wrap a referral's data key with the active key."""
        return WrappedKey(self.active_id, self._wrapper(self.active_id).seal(data_key, "data-key", referral_id))

    def unwrap(self, wrapped: WrappedKey, referral_id: str) -> bytes:
        """The data key of this referral. Raises Unsealable."""
        return self._wrapper(wrapped.key_id).open(wrapped.sealed, "data-key", referral_id)

    def rewrap(self, wrapped: WrappedKey, referral_id: str) -> WrappedKey:
        """The same data key under the active key, for `keys rotate`; what it seals stays as it is."""
        return self.wrap(self.unwrap(wrapped, referral_id), referral_id)

    def derive(self, purpose: str, *, key_id: str | None = None) -> bytes:
        """32 bytes for one purpose, always the same; from the root unless `key_id` names another key.

        Raises Unsealable for a key that is not in the ring.
        """
        return self._derived(purpose, self.root_id if key_id is None else key_id)

    def blind_index(self, purpose: str, value: str) -> bytes:
        """A keyed fingerprint (32 bytes) to look up a value by equality; the caller normalizes the value."""
        return hmac.new(self.derive(f"blind-index|{purpose}"), value.encode(), hashlib.sha256).digest()

    @property
    def root_fingerprint(self) -> str:
        """16 hex digits, to compare the root with the one that made the stored indexes."""
        return self.derive("root-fingerprint")[:8].hex()

    @property
    def fingerprints(self) -> dict[str, str]:
        """16 hex digits for each key, by its id in the order of the ring: whether two rings hold the same key."""
        return {key_id: self.derive("key-fingerprint", key_id=key_id)[:8].hex() for key_id in self.key_ids}

    def _wrapper(self, key_id: str) -> Sealer:
        return Sealer(self.derive("wrap-data-key", key_id=key_id))

    def _derive(self, purpose: str, key_id: str) -> bytes:
        if key_id not in self._keys:
            raise Unsealable("the key that sealed this value is not in the keyring")
        info = f"firstdose|{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._keys[key_id])
