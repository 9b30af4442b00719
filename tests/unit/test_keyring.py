"""Data keys survive rotation; what is derived from the root stays the same for years."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.keyring.keyring import Keyring, WrappedKey
from firstdose.adapters.keyring.sealing import Unsealable

K1, K2 = bytes([1] * 32), bytes([2] * 32)
BEFORE = Keyring({"k1": K1})
AFTER = Keyring({"k2": K2, "k1": K1})


def test_a_data_key_is_wrapped_with_the_active_key() -> None:
    data_key = AFTER.new_data_key()
    wrapped = AFTER.wrap(data_key, "referral-1")
    assert wrapped.key_id == "k2"
    assert AFTER.unwrap(wrapped, "referral-1") == data_key


def test_data_keys_are_all_different() -> None:
    assert len({AFTER.new_data_key() for _ in range(100)}) == 100


def test_a_wrapped_key_belongs_to_one_referral() -> None:
    wrapped = AFTER.wrap(AFTER.new_data_key(), "referral-1")
    with pytest.raises(Unsealable):
        AFTER.unwrap(wrapped, "referral-2")


def test_rotation_rewraps_and_then_needs_only_the_new_key() -> None:
    data_key = BEFORE.new_data_key()
    old = BEFORE.wrap(data_key, "referral-1")
    new = AFTER.rewrap(old, "referral-1")
    assert new.key_id == "k2"
    assert Keyring({"k2": K2}).unwrap(new, "referral-1") == data_key


def test_a_key_that_is_not_in_the_ring_is_unsealable() -> None:
    wrapped = BEFORE.wrap(BEFORE.new_data_key(), "referral-1")
    with pytest.raises(Unsealable, match="not in the keyring"):
        Keyring({"k2": K2}).unwrap(wrapped, "referral-1")


def test_a_key_under_another_id_does_not_unwrap() -> None:
    wrapped = BEFORE.wrap(BEFORE.new_data_key(), "referral-1")
    with pytest.raises(Unsealable):
        AFTER.unwrap(WrappedKey("k2", wrapped.sealed), "referral-1")


@given(st.text(), st.text())
def test_indexes_and_secrets_survive_rotation(purpose: str, value: str) -> None:
    assert BEFORE.blind_index(purpose, value) == AFTER.blind_index(purpose, value)
    assert BEFORE.derive(purpose) == AFTER.derive(purpose)


def test_purposes_values_and_keys_are_told_apart() -> None:
    derived = [
        AFTER.derive("audit-chain"),
        AFTER.derive("audit-chain", key_id="k2"),
        AFTER.derive("payer-notifications|a"),
        AFTER.blind_index("member-id", "1"),
        AFTER.blind_index("member-id", "2"),
        AFTER.blind_index("name", "1"),
    ]
    assert len(set(derived)) == len(derived)
    assert {len(key) for key in derived} == {32}


def test_the_fingerprint_notices_a_lost_root() -> None:
    assert BEFORE.root_fingerprint == AFTER.root_fingerprint
    assert BEFORE.root_fingerprint != Keyring({"k2": K2}).root_fingerprint


@pytest.mark.parametrize("keys", [{}, {"k1": b"short"}])
def test_a_keyring_without_usable_keys_is_refused(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(keys)


def test_a_keyring_does_not_show_its_keys() -> None:
    assert "\\x01" not in repr(AFTER)
