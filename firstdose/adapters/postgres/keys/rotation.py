"""Rotation: every data key comes under the active key, once every process works with it."""

from firstdose.adapters.keyring.keyring import Keyring, WrappedKey
from firstdose.adapters.postgres.keys.keyed_database import without_key
from firstdose.adapters.postgres.pool import Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load

_REWRAPPED_AT_ONCE = 200

_sql = load("vault")
_keys = load("key_check")


class NotEverywhere(Exception):
    """Processes are connected that do not work with the active key yet; `processes` are what they are."""

    def __init__(self, processes: list[str]) -> None:
        super().__init__(", ".join(processes))
        self.processes = processes


async def processes_without(pool: Pool, keyring: Keyring) -> list[str]:
    """What is connected and works with another active key than ours. Raises Unavailable."""
    async with reachable():
        return without_key([row["name"] async for row in _keys.sessions(pool)], keyring)


async def rotate(pool: Pool, keyring: Keyring) -> int:
    """Wrap every data key under the active key, some at a time; the number that was not.

    From its beginning no process starts any more that does not hold the active key.

    Raises:
        NotEverywhere: nothing was wrapped.
        Unsealable, Unavailable.
    """
    await _require_everywhere(pool, keyring)
    rewrapped = 0
    while batch := await _rotate_some(pool, keyring):
        rewrapped += batch
    async with reachable():
        await _keys.wraps_alone(pool, key_id=keyring.active_id)
    return rewrapped


async def _require_everywhere(pool: Pool, keyring: Keyring) -> None:
    # First the requirement, then the look: who connects after the look has seen the requirement.
    async with reachable():
        newly = await _keys.require(pool, key_id=keyring.active_id)
    if lacking := await processes_without(pool, keyring):
        if newly:
            async with reachable():
                await _keys.require_no_more(pool, key_id=keyring.active_id)
        raise NotEverywhere(lacking)


async def _rotate_some(pool: Pool, keyring: Keyring) -> int:
    async with transaction(pool) as connection:
        rows = [
            row async for row in _sql.keys_to_rewrap(connection, active=keyring.active_id, number=_REWRAPPED_AT_ONCE)
        ]
        for row in rows:
            wrapped = keyring.rewrap(WrappedKey(row["kek_id"], row["wrapped"]), row["referral_id"])
            await _sql.rewrap(connection, referral_id=row["referral_id"], kek_id=wrapped.key_id, wrapped=wrapped.sealed)
    return len(rows)
