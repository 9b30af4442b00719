"""Seals every payload that goes to Temporal, bound to its workflow; also the two conversions of the codec server."""

import json
from collections.abc import Awaitable, Callable, Sequence

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import (
    ActivitySerializationContext,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.keyring.sealing import Sealer, Unsealable

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
WORKFLOW_ID = "workflow-id"


class SealingCodec(PayloadCodec, WithSerializationContext):
    """AES-256-GCM under the keyring's active key; older keys still open.

    The workflow's id is associated data and travels in the metadata, so that the codec server can open what it shows.
    A payload in any other encoding passes through: people may send plain JSON from the Web UI. One that cannot be
    opened raises Unsealable: its workflow stands still until the keys are mended, and no signal is dropped meanwhile.
    """

    def __init__(self, keyring: Keyring, workflow_id: str = "") -> None:
        self._keyring = keyring
        self._workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> "SealingCodec":
        """A codec that seals for the context's workflow and opens nothing of another one."""
        if not isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return self
        return SealingCodec(self._keyring, context.workflow_id or "")

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal each payload."""
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open each payload that we sealed."""
        return [self._open(payload) if _is_sealed(payload) else payload for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        key_id = self._keyring.active_id
        sealed = self._sealer(key_id).seal(payload.SerializeToString(), self._workflow_id)
        return Payload(
            metadata={"encoding": ENCODING, KEY_ID: key_id.encode(), WORKFLOW_ID: self._workflow_id.encode()},
            data=sealed,
        )

    def _open(self, payload: Payload) -> Payload:
        workflow_id = _text(payload, WORKFLOW_ID)
        # Sealed without a workflow (the codec server cannot know it) fits any; sealed for another one does not.
        if workflow_id and self._workflow_id and workflow_id != self._workflow_id:
            raise Unsealable("the payload was sealed for another workflow")
        plain = self._sealer(_text(payload, KEY_ID)).open(payload.data, workflow_id)
        return Payload.FromString(plain)

    def _sealer(self, key_id: str) -> Sealer:
        return Sealer(self._keyring.derive("temporal-payload", key_id=key_id))


async def decode_endpoint(codec: SealingCodec, body: bytes) -> bytes:
    """Answer the codec server's `/decode`: `{"payloads": […]}` in and out. Raises ValueError with a fixed text."""
    return await _convert(codec.decode, body)


async def encode_endpoint(codec: SealingCodec, body: bytes) -> bytes:
    """Answer the codec server's `/encode`: `{"payloads": […]}` in and out. Raises ValueError with a fixed text."""
    return await _convert(codec.encode, body)


async def _convert(convert: Callable[[Sequence[Payload]], Awaitable[list[Payload]]], body: bytes) -> bytes:
    try:
        given = json_format.Parse(body, Payloads(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError):
        raise ValueError("the body is not a JSON object with payloads") from None
    try:
        converted = await convert(given.payloads)
    except Unsealable:
        raise ValueError("a payload cannot be opened") from None
    return json.dumps({"payloads": [json_format.MessageToDict(payload) for payload in converted]}).encode()


def _is_sealed(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING


def _text(payload: Payload, name: str) -> str:
    return payload.metadata.get(name, b"").decode(errors="replace")
