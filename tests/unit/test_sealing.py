"""What is sealed for one place opens there, unchanged, with its key, and nowhere else."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firstdose.adapters.keyring.sealing import Sealer, Unsealable

SEALER = Sealer(bytes(32))
place = st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))


@given(plain=st.binary(), where=place)
def test_sealed_opens_in_its_place(plain: bytes, where: tuple[str, ...]) -> None:
    assert SEALER.open(SEALER.seal(plain, *where), *where) == plain


@given(plain=st.binary(), where=place, elsewhere=place)
def test_sealed_does_not_open_elsewhere(plain: bytes, where: tuple[str, ...], elsewhere: tuple[str, ...]) -> None:
    assume(where != elsewhere)
    with pytest.raises(Unsealable):
        SEALER.open(SEALER.seal(plain, *where), *elsewhere)


def test_places_that_join_to_the_same_text_are_different() -> None:
    with pytest.raises(Unsealable):
        SEALER.open(SEALER.seal(b"Maria", "patients", "1|name", ""), "patients|1", "name", "")


@given(plain=st.binary(), flip=st.integers(min_value=0))
def test_a_changed_bit_is_noticed(plain: bytes, flip: int) -> None:
    sealed = bytearray(SEALER.seal(plain, "patients", "1", "name"))
    sealed[flip // 8 % len(sealed)] ^= 1 << flip % 8
    with pytest.raises(Unsealable):
        SEALER.open(bytes(sealed), "patients", "1", "name")


@given(st.binary())
def test_bytes_that_were_never_sealed_are_unsealable(anything: bytes) -> None:
    with pytest.raises(Unsealable):
        SEALER.open(anything, "patients", "1", "name")


def test_another_key_does_not_open_and_the_error_holds_no_content() -> None:
    sealed = SEALER.seal(b"CANARY", "patients", "CANARY-row", "name")
    with pytest.raises(Unsealable) as refusal:
        Sealer(bytes([1] * 32)).open(sealed, "patients", "CANARY-row", "name")
    assert "CANARY" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_the_same_value_never_looks_the_same_twice() -> None:
    assert SEALER.seal(b"Maria", "patients", "1", "name") != SEALER.seal(b"Maria", "patients", "1", "name")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(bytes(16))
