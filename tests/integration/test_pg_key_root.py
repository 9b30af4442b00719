"""A database and the root of its keyring belong together."""

import pytest

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.key_root import OtherRoot, check_root
from firstdose.adapters.postgres.pool import Pool


async def test_the_first_root_is_remembered_and_another_is_refused(pool: Pool, keyring: Keyring) -> None:
    await check_root(pool, keyring)
    await check_root(pool, keyring)
    with pytest.raises(OtherRoot, match="FIRSTDOSE_KEYS"):
        await check_root(pool, Keyring({"k1": bytes(32)}))


async def test_a_new_active_key_over_the_same_root_is_welcome(pool: Pool, keyring: Keyring) -> None:
    await check_root(pool, keyring)
    await check_root(pool, Keyring({"k2": bytes(32), "k1": bytes(range(32))}))
