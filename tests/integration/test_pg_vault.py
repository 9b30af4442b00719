"""Each referral's PHI opens with its own data key, in its own place, until the key is destroyed."""

from typing import Any

import pytest

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.adapters.postgres.keys.rotation import rotate
from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.referral.referral import Referral

PLACE = {"table": "messages", "row": "1", "column": "sealed"}


async def test_what_one_vault_seals_another_with_the_same_keys_opens(
    pool: Pool, keyring: Keyring, referral_id: str
) -> None:
    async with pool.acquire() as connection:
        sealed = (await Vault(keyring).sealer(connection, referral_id)).seal({"note": "ü"}, **PLACE)
        assert (await Vault(keyring).sealer(connection, referral_id)).open(sealed, **PLACE) == {"note": "ü"}


async def test_a_value_moved_to_another_place_does_not_open(pool: Pool, vault: Vault, referral_id: str) -> None:
    async with pool.acquire() as connection:
        sealer = await vault.sealer(connection, referral_id)
    sealed = sealer.seal({"note": "n"}, **PLACE)
    for elsewhere in ({"table": "outbox"}, {"row": "2"}, {"column": "sealed_note"}):
        with pytest.raises(Unsealable):
            sealer.open(sealed, **{**PLACE, **elsewhere})


async def test_another_referrals_key_does_not_open_it(pool: Pool, vault: Vault, referral_id: str, refer: Any) -> None:
    other = await refer()
    async with pool.acquire() as connection:
        sealed = (await vault.sealer(connection, referral_id)).seal({}, **PLACE)
        with pytest.raises(Unsealable):
            (await vault.sealer(connection, other)).open(sealed, **PLACE)


async def test_a_key_made_in_a_failed_transaction_is_not_there(pool: Pool, vault: Vault) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(NoDataKey):
            await vault.sealer(connection, "0190d0d0-0000-7000-8000-000000000000")


async def test_a_shredded_referral_cannot_be_read_any_more(
    pool: Pool, vault: Vault, keyring: Keyring, referral_id: str
) -> None:
    another_process = Vault(keyring)
    async with transaction(pool) as connection:
        await another_process.sealer(connection, referral_id)
        assert await vault.shred(connection, referral_id)
        assert not await vault.shred(connection, referral_id)
    async with pool.acquire() as connection:
        for one in (vault, another_process):
            with pytest.raises(NoDataKey):
                await one.sealer(connection, referral_id)


async def test_rotation_rewraps_every_data_key_and_what_was_sealed_stays_readable(
    pool: Pool, keyring: Keyring, referral_id: str, refer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstdose.adapters.postgres.keys.rotation._REWRAPPED_AT_ONCE", 2)
    for _ in range(4):
        await refer()
    rotated = Keyring({"k2": bytes(32), "k1": bytes(range(32))})
    assert await rotate(pool, rotated) == 5
    assert await rotate(pool, rotated) == 0
    assert await pool.fetchval("SELECT count(*) FROM referral_keys WHERE kek_id = 'k2'") == 5
    sealed = await pool.fetchval("SELECT sealed FROM referral_revisions WHERE referral_id = $1", referral_id)
    async with pool.acquire() as connection:
        sealer = await Vault(rotated).sealer(connection, referral_id)
        facts = sealer.open(sealed, table="referral_revisions", row=f"{referral_id}/1", column="sealed")
        assert Referral.model_validate(facts).patient.address.state == "OH"
        with pytest.raises(Unsealable):
            await Vault(keyring).sealer(connection, referral_id)


async def test_a_ring_without_the_wrapping_key_changes_nothing(pool: Pool, referral_id: str) -> None:
    with pytest.raises(Unsealable):
        await rotate(pool, Keyring({"k9": bytes(32)}))
    assert await pool.fetchval("SELECT kek_id FROM referral_keys") == "k1"


def test_an_index_depends_on_purpose_value_and_key(vault: Vault) -> None:
    other = Vault(Keyring({"k1": bytes(32)}))
    indexes = {vault.index("a", "x"), vault.index("a", "y"), vault.index("b", "x"), other.index("a", "x")}
    assert len(indexes) == 4
    assert vault.index("a", "x") == vault.index("a", "x")
