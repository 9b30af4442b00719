"""The codec server opens what it is shown, and seals a person's messages as that person's, each for one referral."""

import base64
import json
from typing import Any

import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload

from firstdose.adapters.codec_server import AnotherActor, Unfit, opened, sealed_as_given, sealed_from
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.payload_codec import REFUSED, SealingCodec
from firstdose.domain.work.role import Actor, ActorKind, Role

CODEC = SealingCodec(Keyring({"k1": bytes([1] * 32)}))
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"Maria"')
ROSA = Actor(kind=ActorKind.STAFF, id="rosa", roles=(Role.SUPERVISOR,))
AS_ROSA = {"id": "rosa", "roles": ["supervisor"], "kind": "staff"}
REFERRAL, OTHER = (f"0190d0d0-0000-7000-8000-00000000000{number}" for number in (1, 2))


def _body(*messages: object) -> bytes:
    payloads = [
        {
            "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
            "data": base64.b64encode(json.dumps(message).encode()).decode(),
        }
        for message in messages
    ]
    return json.dumps({"payloads": payloads}).encode()


def _payloads(body: bytes) -> list[Payload]:
    return [json_format.ParseDict(each, Payload()) for each in json.loads(body)["payloads"]]


async def _arrives(body: bytes, referral_id: str = REFERRAL) -> list[Any]:
    """What the workflow gets of it."""
    decoded = await CODEC.for_workflow(f"referral-{referral_id}").decode(_payloads(body))
    return [None if each == REFUSED else json.loads(each.data) for each in decoded]


async def test_what_any_workflow_sealed_is_opened_and_counted() -> None:
    sealed = [CODEC.for_workflow(f"referral-{number}").seal(PLAIN) for number in (1, 2, 2)]
    shown = [json_format.MessageToDict(each) for each in (*sealed, PLAIN)]
    body, workflows = opened(CODEC, json.dumps({"payloads": shown, "later": "field"}).encode())
    assert _payloads(body) == [PLAIN] * 4
    assert workflows == {"referral-1": 1, "referral-2": 2}


@pytest.mark.parametrize("actor", [None, {}, {"id": "rosa"}, {"id": "rosa", "roles": ["pharmacist"], "kind": "system"}])
@pytest.mark.parametrize("named", [{"referral_id": REFERRAL}, {"referral_id": f"referral-{REFERRAL}"}])
async def test_a_message_is_sealed_for_its_referral_as_its_senders(named: dict[str, str], actor: object) -> None:
    told = {"reason": "patient_away", "message_id": "m-1", **named, **({} if actor is None else {"actor": actor})}
    sealed = sealed_from(CODEC, _body(told), ROSA)
    assert await _arrives(sealed) == [{"reason": "patient_away", "actor": AS_ROSA}]
    assert await _arrives(sealed, OTHER) == [None]


@pytest.mark.parametrize("named", ["-3", "-contact_patient-1", "-confirm_visit-0a1b2c3d-12"])
async def test_a_work_items_id_names_its_referral(named: str) -> None:
    told = {"item_id": f"{REFERRAL}{named}", "resolution": {"outcome": "reached"}}
    assert await _arrives(sealed_from(CODEC, _body(told), ROSA)) == [{**told, "actor": AS_ROSA}]


@pytest.mark.parametrize("actor", [{"id": "sam"}, {"id": "system"}, {"id": None}, "rosa", []])
def test_nobody_speaks_for_another(actor: object) -> None:
    with pytest.raises(AnotherActor):
        sealed_from(CODEC, _body({"referral_id": REFERRAL, "actor": actor}), ROSA)


@pytest.mark.parametrize(
    "message",
    [
        7,
        "CANARY",
        [],
        {"reason": "away"},
        {"referral_id": "CANARY"},
        {"referral_id": [REFERRAL]},
        {"item_id": f"{REFERRAL}-CANARY"},
        {"referral_id": REFERRAL, "item_id": f"{OTHER}-1"},
    ],
)
def test_what_is_no_message_to_one_referral_is_not_sealed(message: object) -> None:
    with pytest.raises(Unfit) as refusal:
        sealed_from(CODEC, _body(message), ROSA)
    assert "CANARY" not in str(refusal.value)


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"note": "CANARY is at home"}, "note"),
        ({"resolution": {"outcome": "CANARY"}}, "resolution.outcome"),
        ({"resolution": {"outcome": "reached", "facts": {"patient.email": 1}}}, "resolution.facts.<unknown field>"),
        ({"resolution": {"lines": [{"sequence": 1, "number": "CANARY"}]}}, "resolution.lines[0].number"),
        ({"CANARY": 1}, "<unknown field>"),
    ],
)
def test_what_could_be_about_a_person_does_not_travel_this_way(message: dict[str, Any], path: str) -> None:
    """In a history it could be read for as long as somebody has the keys, whatever becomes of the message."""
    with pytest.raises(Unfit) as refusal:
        sealed_from(CODEC, _body({"referral_id": REFERRAL, **message}), ROSA)
    assert refusal.value.path == path
    assert "CANARY" not in str(refusal.value)


async def test_what_nobody_signed_for_counts_in_no_workflow() -> None:
    told = {"referral_id": REFERRAL, "actor": AS_ROSA}
    assert await _arrives(sealed_as_given(CODEC, _body(told))) == [None]


def test_no_payloads_are_answered_with_none() -> None:
    assert json.loads(opened(CODEC, b"{}").body) == {"payloads": []}


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
def test_malformed_requests_are_refused_with_a_fixed_text(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(the body is not|a payload cannot be)") as refusal:
        opened(CODEC, body)
    assert "CANARY" not in str(refusal.value)
    assert refusal.value.__cause__ is None
