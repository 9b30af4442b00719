"""Whether the keyring's root is the one that made this database's indexes and seals."""

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.adapters.postgres.queries import load

_sql = load("key_root")


class OtherRoot(Exception):
    """With this key known referrals would look new, and the audit broken; the text says what to do."""


async def check_root(pool: Pool, keyring: Keyring) -> None:
    """At start: the first keyring to come is remembered. Raises OtherRoot, Unavailable."""
    async with reachable():
        known = await _sql.claim(pool, fingerprint=keyring.root_fingerprint)
    if known != keyring.root_fingerprint:
        raise OtherRoot("FIRSTDOSE_KEYS: its last key is not the root that this database was begun with; put it back")
