"""The two conversions of Temporal's codec server: payloads opened for who may see them, messages sealed for who sends.

Both take and give `{"payloads": […]}`, Temporal's own JSON. What a person has sealed is a message to one referral and
names the sender: the token does, whatever the message contains.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.adapters.payload_codec import SealingCodec, is_sealed, sealed_for
from firstdose.domain.work.open_answer import not_open
from firstdose.domain.work.role import Actor

_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REFERRAL: Final = re.compile(rf"(?:referral-)?({_UUID})")
_ITEM: Final = re.compile(rf"({_UUID})(?:-[a-z0-9_-]{{1,60}})?-[0-9]{{1,6}}")
_PLAIN: Final = b"json/plain"


class Unfit(ValueError):
    """A message that cannot be sealed. `path` names the field; the text never repeats a value."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


class AnotherActor(ValueError):
    """A message that names somebody else than who sends it."""


class DecodedPayloads(NamedTuple):
    """The answer, and how many payloads of which workflow were opened for it."""

    body: bytes
    workflows: Counter[str]


def opened(codec: SealingCodec, body: bytes) -> DecodedPayloads:
    """Answer `/decode`. Raises ValueError with a fixed text."""
    given = _read(body)
    try:
        payloads = [codec.open(payload) for payload in given]
    except Unsealable:
        raise ValueError("a payload cannot be opened") from None
    return DecodedPayloads(_written(payloads), Counter(sealed_for(payload) for payload in given if is_sealed(payload)))


def sealed_as_given(codec: SealingCodec, body: bytes) -> bytes:
    """Answer `/encode` for nobody in particular: no workflow outside the local stack accepts it. Raises ValueError."""
    return _written([codec.seal(payload) for payload in _read(body)])


def sealed_from(codec: SealingCodec, body: bytes, actor: Actor) -> bytes:
    """Answer `/encode` for this person: each payload is a message of theirs to the referral that it names.

    Raises Unfit, AnotherActor, and ValueError with a fixed text.
    """
    return _written([_sealed_from(codec, payload, actor) for payload in _read(body)])


def _sealed_from(codec: SealingCodec, payload: Payload, actor: Actor) -> Payload:
    message = _message(payload)
    referral_id = _referral_of(message)
    _require_own(message.get("actor"), actor)
    # `message_id` names a stored message, perhaps of somebody else: only the desk may set it.
    content = {name: value for name, value in message.items() if name not in ("referral_id", "message_id")}
    # A signal stays in the history whatever becomes of it: what could be about a person is not sealed at all.
    if path := next(not_open({name: value for name, value in content.items() if name != "actor"}), None):
        raise Unfit(path, "only codes, dates and numbers travel this way; write it at the desk, which keeps it sealed")
    data = json.dumps({**content, "actor": actor.model_dump(mode="json")}).encode()
    return codec.for_workflow(f"referral-{referral_id}").seal(Payload(metadata={"encoding": _PLAIN}, data=data))


def _message(payload: Payload) -> Mapping[str, Any]:
    try:
        message = json.loads(payload.data) if payload.metadata.get("encoding") == _PLAIN else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise Unfit("", "a message to a referral is a JSON object")
    return message


def _referral_of(message: Mapping[str, Any]) -> str:
    named = {
        match[1]
        for name, shape in (("referral_id", _REFERRAL), ("item_id", _ITEM))
        if isinstance(value := message.get(name), str) and (match := shape.fullmatch(value))
    }
    if len(named) != 1:
        raise Unfit("referral_id", "name the one referral that this is for")
    return named.pop()


def _require_own(given: object, actor: Actor) -> None:
    """Roles and kind may be left out or wrong: the token's are sealed. Raises AnotherActor."""
    if given is not None and not (isinstance(given, dict) and given.get("id", actor.id) == actor.id):
        raise AnotherActor("actor: a message is sealed for who sends it; leave the field out")


def _read(body: bytes) -> list[Payload]:
    try:
        return list(json_format.Parse(body, Payloads(), ignore_unknown_fields=True).payloads)
    except (json_format.ParseError, ValueError, RecursionError):
        raise ValueError("the body is not a JSON object with payloads") from None


def _written(payloads: Iterable[Payload]) -> bytes:
    return json.dumps({"payloads": [json_format.MessageToDict(payload) for payload in payloads]}).encode()
