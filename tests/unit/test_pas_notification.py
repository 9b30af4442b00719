"""Notifications in the shapes that payers send, and handshakes."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from firstdose.adapters.payers.pas.elements import UnreadableFhir
from firstdose.adapters.payers.pas.notification import read_notification
from firstdose.domain.authorization.lines import LineState, PayerEvent
from tests.unit.test_pas_answer import ANYTHING, answered, item, public


def status(kind: str, **subscription: Any) -> dict[str, Any]:
    event = [{"name": "event-number", "valueString": "7"}]
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", **(subscription or {"valueReference": {"reference": "Subscription/1"}})},
            {"name": "type", "valueCode": kind},
            {"name": "notification-event", "part": event},
        ],
    }


def history(*resources: dict[str, Any]) -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return orjson.dumps({"resourceType": "Bundle", "type": "history", "entry": entries})


ANSWER = orjson.loads(answered(item(1, "A1"), identifier=[{"value": "ours"}]))
WHOLE = {"resourceType": "Subscription", "id": "1"}


@pytest.mark.parametrize(
    "body",
    [
        history(status("event-notification"), ANSWER),
        history(status("event-notification", resource=WHOLE), ANSWER),
        history(status("event-notification"), *(entry["resource"] for entry in ANSWER["entry"])),
    ],
    ids=["nested", "inlined", "flattened"],
)
def test_three_shapes_tell_the_same(body: bytes) -> None:
    notification = read_notification(body)
    (told,) = notification.told
    assert notification.event == PayerEvent(subscription="1", number=7, answers=(told.digest,))
    assert told.traces == ("ours",)
    assert [line.state for line in told.received().answer.lines] == [LineState.APPROVED]


def test_a_handshake_tells_nothing() -> None:
    assert read_notification(history(status("handshake"))).told == ()


@pytest.mark.parametrize(
    ("subscription", "named"),
    [
        ({"valueReference": {"reference": "https://payer.example/fhir/Subscription/abc"}}, "abc"),
        ({"valueReference": {"display": "ours"}}, ""),
        ({"valueString": "abc"}, ""),
    ],
)
def test_the_subscription_is_known_by_its_id_alone(subscription: dict[str, Any], named: str) -> None:
    event = read_notification(history(status("event-notification", **subscription), ANSWER)).event
    assert event is not None
    assert event.subscription == named


@pytest.mark.parametrize(
    ("number", "read"),
    [
        ({"valueInteger": 7}, 7),
        ({"valueString": "7 "}, 7),
        ({"valueString": "seven"}, None),
        ({"valueString": "9" * 19}, None),
        ({"valueDecimal": 7.5}, None),
        ({}, None),
    ],
)
def test_an_event_without_a_number_is_no_event(number: dict[str, Any], read: int | None) -> None:
    told = status("event-notification")
    told["parameter"][2]["part"] = [{"name": "event-number", **number}]
    event = read_notification(history(told, ANSWER)).event
    assert (event.number if event else None) == read


def test_the_public_flattened_example() -> None:
    notification = read_notification(public("inferno_PAS_notification_example_full_resource.json"))
    (told,) = notification.told
    assert notification.event is not None
    assert (notification.event.number, told.traces) == (1, ("1263291",))
    assert [line.state for line in told.received().answer.lines] == [LineState.NEEDS_REVIEW]


def test_an_answer_without_items_is_read_for_the_lines_that_were_asked() -> None:
    bare = orjson.loads(answered(identifier=[{"value": "ours"}]))
    (told,) = read_notification(history(status("event-notification"), bare)).told
    assert [line.state for line in told.received((1, 2)).answer.lines] == [LineState.NEEDS_REVIEW] * 2


@pytest.mark.parametrize("body", [b"", b"{}", history(), history(ANSWER), b"[]"])
def test_what_is_no_notification_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableFhir):
        read_notification(body)


def test_nesting_deeper_than_can_be_kept_is_unreadable() -> None:
    deep = b"[" * 500 + b"]" * 500
    body = history(status("event-notification"), {"resourceType": "ClaimResponse", "item": "DEEP"})
    with pytest.raises(UnreadableFhir):
        read_notification(body.replace(b'"DEEP"', deep))


@given(parameters=ANYTHING, resource=ANYTHING)
def test_nothing_raises_but_unreadable(parameters: object, resource: object) -> None:
    whole = {"resourceType": "Parameters", "parameter": parameters}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": whole}, {"resource": resource}]}
    for told in read_notification(orjson.dumps(bundle)).told:
        told.received()
