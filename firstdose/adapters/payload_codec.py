"""Seals every payload that goes to Temporal, bound to its workflow, and marks what was not sealed."""

import zlib
from collections.abc import Sequence
from typing import Final

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
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
COMPRESSION = "compression"
_ZLIB: Final = b"zlib"
_WORTH_COMPRESSING: Final = 300
"""In bytes. Histories are kept for months, and Temporal bounds them by size."""

REFUSED: Final = Payload(metadata={"encoding": b"json/plain"}, data=b'"not sealed for this workflow"')
"""What a workflow gets instead of a payload that proves nothing: a text, which none of our types accepts."""


class SealingCodec(PayloadCodec, WithSerializationContext):
    """AES-256-GCM under the keyring's active key; older keys still open.

    The workflow's id is associated data and travels in the metadata, so that the codec server can open what it shows.
    Within a workflow anything that was not sealed for it becomes REFUSED, and the workflow refuses it: an update is
    answered so, a signal is noted. Raising would have the workflow stand still, which a stranger could bring about.
    `plain` takes what was not sealed as it is, for the local stack. The answer depends on payload and key alone: an
    older key opens what it sealed for as long as it is in the ring. A key that is missing raises Unsealable: its
    workflow stands still until the keys are mended, and no signal is dropped meanwhile.
    """

    def __init__(self, keyring: Keyring, workflow_id: str = "", *, plain: bool = False) -> None:
        self._keyring = keyring
        self._workflow_id = workflow_id
        self._plain = plain

    def with_context(self, context: SerializationContext) -> "SealingCodec":
        """A codec that seals for the context's workflow and opens nothing of another one."""
        if not isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return self
        return self.for_workflow(context.workflow_id or "")

    def for_workflow(self, workflow_id: str) -> "SealingCodec":
        """`with_context` by the id alone."""
        return SealingCodec(self._keyring, workflow_id, plain=self._plain)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal each payload."""
        return [self.seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open each payload that we sealed. Outside a workflow one that cannot be opened raises Unsealable."""
        return [self._opened(payload) if self._workflow_id else self.open(payload) for payload in payloads]

    def seal(self, payload: Payload) -> Payload:
        """Under the active key, for this codec's workflow."""
        key_id, plain = self._keyring.active_id, payload.SerializeToString()
        metadata = {"encoding": ENCODING, KEY_ID: key_id.encode(), WORKFLOW_ID: self._workflow_id.encode()}
        if len(plain) > _WORTH_COMPRESSING:
            plain, metadata[COMPRESSION] = zlib.compress(plain, 1), _ZLIB
        return Payload(metadata=metadata, data=self._sealer(key_id).seal(plain, self._workflow_id))

    def open(self, payload: Payload) -> Payload:
        """Whatever workflow it was sealed for; one that is not sealed as it is. Raises Unsealable."""
        if not is_sealed(payload):
            return payload
        return _unpacked(payload, self._sealer(_text(payload, KEY_ID)).open(payload.data, sealed_for(payload)))

    def _opened(self, payload: Payload) -> Payload:
        """Raises Unsealable only where a key is missing."""
        if not is_sealed(payload):
            return payload if self._plain else REFUSED
        sealer = self._sealer(_text(payload, KEY_ID))
        bound = sealed_for(payload)
        # Sealed without a workflow, by the local stack's Web UI, counts no more than what is plain.
        if bound != self._workflow_id and not (self._plain and bound == ""):
            return REFUSED
        try:
            return _unpacked(payload, sealer.open(payload.data, bound))
        except Unsealable:
            return REFUSED

    def _sealer(self, key_id: str) -> Sealer:
        return Sealer(self._keyring.derive("temporal-payload", key_id=key_id))


def _unpacked(payload: Payload, plain: bytes) -> Payload:
    """What lay under the seal. Raises Unsealable if the metadata beside it was changed."""
    try:
        return Payload.FromString(zlib.decompress(plain) if payload.metadata.get(COMPRESSION) == _ZLIB else plain)
    except (zlib.error, DecodeError):
        raise Unsealable("the payload was changed") from None


def is_sealed(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING


def sealed_for(payload: Payload) -> str:
    """The workflow that it claims to be sealed for; true once it was opened."""
    return _text(payload, WORKFLOW_ID)


def _text(payload: Payload, name: str) -> str:
    return payload.metadata.get(name, b"").decode(errors="replace")
