"""Payloads are sealed for their workflow; the codec server opens what it is shown and nothing else breaks."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.adapters.payload_codec import SealingCodec, decode_endpoint, encode_endpoint

K1, K2 = bytes([1] * 32), bytes([2] * 32)
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"Maria"')


def _codec(workflow_id: str = "", keyring: Keyring | None = None) -> SealingCodec:
    codec = SealingCodec(keyring or Keyring({"k1": K1}))
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


async def test_another_workflow_does_not_open_it() -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    with pytest.raises(Unsealable):
        await _codec("referral-2").decode([sealed])


@pytest.mark.parametrize("claimed", [b"referral-2", b"", b"\xff"])
async def test_a_changed_workflow_id_does_not_open(claimed: bytes) -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    sealed.metadata["workflow-id"] = claimed
    with pytest.raises(Unsealable):
        await _codec().decode([sealed])


@pytest.mark.parametrize("key_id", [b"k2", b"", b"\xff"])
async def test_an_unknown_key_id_is_unsealable(key_id: bytes) -> None:
    [sealed] = await _codec().encode([PLAIN])
    sealed.metadata["encryption-key-id"] = key_id
    with pytest.raises(Unsealable):
        await _codec().decode([sealed])


async def test_plain_payloads_pass_through() -> None:
    assert await _codec("referral-1").decode([PLAIN]) == [PLAIN]


async def test_old_payloads_open_after_rotation_and_new_ones_use_the_active_key() -> None:
    rotated = _codec("referral-1", Keyring({"k2": K2, "k1": K1}))
    [old], [new] = await _codec("referral-1").encode([PLAIN]), await rotated.encode([PLAIN])
    assert new.metadata["encryption-key-id"] == b"k2"
    assert await rotated.decode([old, new]) == [PLAIN, PLAIN]


async def test_the_codec_server_opens_what_any_workflow_sealed() -> None:
    [sealed] = await _codec("referral-1").encode([PLAIN])
    metadata = {name: base64.b64encode(value).decode() for name, value in sealed.metadata.items()}
    body = {"payloads": [{"metadata": metadata, "data": base64.b64encode(sealed.data).decode(), "later": "field"}]}
    opened = json.loads(await decode_endpoint(_codec(), json.dumps(body).encode()))
    assert opened == {
        "payloads": [
            {
                "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
                "data": base64.b64encode(b'"Maria"').decode(),
            }
        ]
    }


async def test_what_the_codec_server_seals_is_accepted_by_any_workflow() -> None:
    body = b'{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"Ik1hcmlhIg=="}]}'
    sealed = json.loads(await encode_endpoint(_codec(), body))["payloads"][0]
    payload = Payload(
        metadata={name: base64.b64decode(value) for name, value in sealed["metadata"].items()},
        data=base64.b64decode(sealed["data"]),
    )
    assert await _codec("referral-1").decode([payload]) == [PLAIN]


async def test_no_payloads_are_answered_with_none() -> None:
    assert json.loads(await decode_endpoint(_codec(), b"{}")) == {"payloads": []}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"CANARY",
        b"\xff",
        b'{"payloads":"CANARY"}',
        b'{"payloads":[{"data":"CANARY!"}]}',
        b'{"payloads":[{"metadata":{"encoding":7}}]}',
        b'{"payloads":' + b"[" * 100_000,
        b'{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA=="},"data":"Q0FOQVJZ"}]}',
    ],
)
async def test_malformed_requests_are_refused_with_a_fixed_text(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(the body is not|a payload cannot be)") as refusal:
        await decode_endpoint(_codec(), body)
    assert "CANARY" not in str(refusal.value)
    assert refusal.value.__cause__ is None
