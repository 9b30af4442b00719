"""The vault: one data key per referral, kept wrapped in the database, seals that referral's PHI.

Without its data key a referral cannot be read any more: that is shredding.
"""

import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import orjson

from firstdose.adapters.keyring import sealing
from firstdose.adapters.keyring.keyring import Keyring, WrappedKey
from firstdose.adapters.keyring.sealed_texts import SealedTexts
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load

_FAST = 1
"""zlib's level: a state is sealed at each batch of the journal."""

_sql = load("vault")


class NoDataKey(LookupError):
    """The referral was shredded, or there is no such referral."""


class RecordSealer:
    """Seals one referral's JSON for a column of a row; sealed for one place it opens at no other."""

    def __init__(self, data_key: bytes) -> None:
        self._data_key = data_key
        self._sealer = sealing.Sealer(data_key)

    @cached_property
    def texts(self) -> SealedTexts:
        """For the referral's texts that travel through its workflow."""
        return SealedTexts(self._data_key)

    def seal(self, content: object, *, table: str, row: str, column: str) -> bytes:
        """Seal what orjson can write."""
        return self._sealer.seal(orjson.dumps(content), table, row, column)

    def open(self, sealed: bytes, *, table: str, row: str, column: str) -> Any:
        """What was sealed for this place. Raises Unsealable."""
        return orjson.loads(self._sealer.open(sealed, table, row, column))

    def seal_text(self, text: str, *, table: str, row: str, column: str) -> bytes:
        """Seal a long text, compressed."""
        return self._sealer.seal(zlib.compress(text.encode(), _FAST), table, row, column)

    def open_text(self, sealed: bytes, *, table: str, row: str, column: str) -> str:
        """The text that `seal_text` sealed for this place. Raises Unsealable."""
        return zlib.decompress(self._sealer.open(sealed, table, row, column)).decode()


class Vault:
    """Makes, finds and destroys data keys. It remembers none, so that what is shredded is so for everybody at once."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def index(self, purpose: str, value: str) -> bytes:
        """A keyed fingerprint (32 bytes) for look-ups by a value that must not be read in the database."""
        return self._keyring.blind_index(purpose, value)

    async def create(self, connection: Connection, referral_id: str) -> RecordSealer:
        """Make and store the referral's data key, in the caller's transaction."""
        data_key = self._keyring.new_data_key()
        wrapped = self._keyring.wrap(data_key, referral_id)
        await _sql.create_key(connection, referral_id=referral_id, kek_id=wrapped.key_id, wrapped=wrapped.sealed)
        return RecordSealer(data_key)

    async def sealer(self, connection: Connection, referral_id: str) -> RecordSealer:
        """The sealer of this referral. Raises NoDataKey, and Unsealable without the key that wraps it."""
        return self.sealer_of(referral_id, await _sql.key_of(connection, referral_id=referral_id))

    def sealer_of(self, referral_id: str, row: Mapping[str, Any] | None) -> RecordSealer:
        """`sealer` from what was read: a row that joins `referral_keys`, with `kek_id` and `wrapped`."""
        if row is None or row["kek_id"] is None:
            raise NoDataKey("no data key for this referral")
        data_key = self._keyring.unwrap(WrappedKey(row["kek_id"], row["wrapped"]), referral_id)
        return RecordSealer(data_key)

    async def shred(self, connection: Connection, referral_id: str) -> bool:
        """Destroy the data key; False if there was none. The caller writes the audit in the same transaction."""
        return await _sql.shred(connection, referral_id=referral_id) is not None
