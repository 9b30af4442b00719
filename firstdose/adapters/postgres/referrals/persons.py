"""Whose a referral is, as keyed fingerprints: by them the same patient is found under another number."""

from collections.abc import Iterable

from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.domain.referral.caller import phone_marks
from firstdose.domain.referral.likeness import person_marks
from firstdose.domain.referral.referral import Referral

_sql = load("possible_duplicates")


async def lock_persons(connection: Connection, vault: Vault, referral: Referral) -> list[bytes]:
    """The fingerprints, locked until the transaction ends: two that come at once see one another."""
    indexes = sorted(vault.index("person", mark) for mark in person_marks(referral))
    if indexes:
        keys = sorted(int.from_bytes(index[:8], signed=True) for index in indexes)
        await _sql.lock_persons(connection, keys=keys)
    return indexes


async def keep_persons(connection: Connection, vault: Vault, referral_id: str, referral: Referral) -> None:
    """Have the referral found by these facts from now on, in the caller's transaction."""
    indexes = await lock_persons(connection, vault, referral)
    # A caller's number finds a referral, and makes two of them no more alike.
    indexes += [vault.index("person", mark) for mark in phone_marks(referral)]
    await _sql.keep_persons(connection, referral_id=referral_id, indexes=indexes)


async def find_persons(connection: Connection, vault: Vault, marks: Iterable[str]) -> list[str]:
    """The referrals of the persons who have one of these marks."""
    indexes = [vault.index("person", mark) for mark in marks]
    return [row["referral_id"] async for row in _sql.of_persons(connection, indexes=indexes)]
