"""Payloads are sealed for their workflow; what was not is refused there, and never makes it stand still."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.adapters.payload_codec import REFUSED, SealingCodec

K1, K2 = bytes([1] * 32), bytes([2] * 32)
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"Maria"')


def _codec(workflow_id: str = "", keyring: Keyring | None = None, *, plain: bool = False) -> SealingCodec:
    codec = SealingCodec(keyring or Keyring({"k1": K1}), plain=plain)
    return codec.with_context(WorkflowSerializationContext("default", workflow_id)) if workflow_id else codec


async def test_a_payload_comes_back_and_nothing_of_it_is_visible() -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    assert sealed.metadata["encoding"] == b"binary/encrypted"
    assert b"Maria" not in sealed.SerializeToString()
    assert await _codec("referral-1").decode([sealed]) == [PLAIN]


@given(data=st.binary(), metadata=st.dictionaries(st.text(max_size=5), st.binary(max_size=9), max_size=3))
async def test_any_payload_comes_back(data: bytes, metadata: dict[str, bytes]) -> None:
    payload = Payload(metadata=metadata, data=data)
    assert await _codec("referral-1").decode(await _codec("referral-1").encode([payload])) == [payload]


@pytest.mark.parametrize("length", [10, 5000])
async def test_what_is_said_beside_the_seal_cannot_stop_the_workflow(length: int) -> None:
    [sealed] = await _codec("referral-1").encode([Payload(metadata=PLAIN.metadata, data=b"x" * length)])
    for compression in (b"zlib", b"", b"other"):
        sealed.metadata["compression"] = compression
        [opened] = await _codec("referral-1").decode([sealed])
        assert opened == REFUSED or opened.data == b"x" * length


async def test_a_long_payload_takes_less_room() -> None:
    [sealed] = await _codec("referral-1").encode([Payload(metadata=PLAIN.metadata, data=b'"approved"' * 200)])
    assert sealed.ByteSize() < 500


async def test_another_workflow_does_not_take_it() -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    for plain in (False, True):
        assert await _codec("referral-2", plain=plain).decode([sealed]) == [REFUSED]


@pytest.mark.parametrize("claimed", [b"referral-2", b"", b"\xff"])
async def test_a_changed_workflow_id_does_not_open(claimed: bytes) -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    sealed.metadata["workflow-id"] = claimed
    with pytest.raises(Unsealable):
        await _codec().decode([sealed])
    assert await _codec("referral-2", plain=True).decode([sealed]) == [REFUSED]


@pytest.mark.parametrize("changed", [b"", b"\x01", b"\x02junk", b"\x01" + bytes(40)])
async def test_changed_content_is_refused_and_does_not_stop_the_workflow(changed: bytes) -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    sealed.data = changed
    assert await _codec("referral-1").decode([sealed]) == [REFUSED]


@pytest.mark.parametrize("key_id", [b"k2", b"", b"\xff"])
async def test_a_missing_key_is_unsealable_and_never_a_refusal(key_id: bytes) -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    sealed.metadata["encryption-key-id"] = key_id
    for codec in (_codec(), _codec("referral-1"), _codec("referral-1", plain=True)):
        with pytest.raises(Unsealable):
            await codec.decode([sealed])


async def test_what_nobody_sealed_counts_in_the_local_stack_alone() -> None:
    [unbound] = await _codec().encode([PLAIN])
    assert await _codec("referral-1").decode([PLAIN, unbound]) == [REFUSED, REFUSED]
    assert await _codec("referral-1", plain=True).decode([PLAIN, unbound]) == [PLAIN, PLAIN]
    assert await _codec().decode([PLAIN, unbound]) == [PLAIN, PLAIN]


async def test_old_payloads_open_after_rotation_and_new_ones_use_the_active_key() -> None:
    rotated = _codec("referral-1", Keyring({"k2": K2, "k1": K1}))
    [old], [new] = await _codec("referral-1").encode([PLAIN]), await rotated.encode([PLAIN])
    assert new.metadata["encryption-key-id"] == b"k2"
    assert await rotated.decode([old, new]) == [PLAIN, PLAIN]


async def test_a_rotated_key_changes_no_verdict() -> None:
    """What was taken, or refused, is so again when its history is replayed under a newer key."""
    [ours], [foreign] = await _codec("referral-1").encode([PLAIN]), await _codec("referral-2").encode([PLAIN])
    before = await _codec("referral-1").decode([ours, foreign, PLAIN])
    after = await _codec("referral-1", Keyring({"k3": bytes([3] * 32), "k2": K2, "k1": K1})).decode(
        [ours, foreign, PLAIN]
    )
    assert before == after == [PLAIN, REFUSED, REFUSED]
