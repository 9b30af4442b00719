"""A payer's subscription notifications: three shapes that are in use, and the handshake.

Nested (the guide), flattened (an Inferno fixture) and with the Subscription inlined (the reference implementation).
Matched by the numbers that we gave our requests.
"""

import hashlib
from typing import NamedTuple

import orjson

from firstdose.adapters.payers.pas.answer import read_answer
from firstdose.adapters.payers.pas.answer_match import SentRequest, traces
from firstdose.adapters.payers.pas.elements import UnreadableFhir, parse, part, parts, resources, short_text, whole
from firstdose.adapters.payers.pas.subscription import ENDED
from firstdose.adapters.payers.pas.terminology import Element
from firstdose.domain.authorization.lines import PayerEvent
from firstdose.payer_ports import PayerCase, ReceivedAnswer

_LONGEST_REFERENCE = 500
_EVENT = "event-notification"
_WITHOUT_NEWS = ("handshake", "heartbeat")
_GO_WITH_IT = ("CommunicationRequest", "Patient", "Coverage", "Claim")
"""What a flattened answer refers to: what is asked for, whom it is about, and what it answers."""


class NotifiedAnswer(NamedTuple):
    """One answer that a notification carries: the numbers that may be ours, and the response Bundle."""

    traces: tuple[str, ...]
    raw: bytes

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal digits."""
        return hashlib.sha256(self.raw).hexdigest()

    def received(
        self,
        asked: tuple[int, ...] = (),
        *,
        trust_outcome: bool = False,
        trace: str | None = None,
        case: PayerCase | None = None,
    ) -> ReceivedAnswer:
        """Parse it for the request that it answers: its number, the sequences of its lines in `asked`, and its `case`.

        Without the case, what was authorized is told and not compared with what was asked for.
        """
        sent = SentRequest(trace, f"Claim/{trace}", case) if trace else None
        return read_answer(self.raw, asked, trust_outcome=trust_outcome, sent=sent)


class Notification(NamedTuple):
    """A payer's POST to our webhook. A handshake or heartbeat has no answers, and gets a 200 like the rest."""

    kind: str
    event: PayerEvent | None
    """None if it is not numbered."""
    told: tuple[NotifiedAnswer, ...]
    subscription: str = ""
    """The payer's id of it; "" if it names none."""
    ended: bool = False
    """Whether the Subscription is off, or in error."""

    @property
    def rings(self) -> bool:
        """Whether there is news that it does not carry: it names ids alone, or nothing."""
        return self.kind == _EVENT and not self.told


def read_notification(body: bytes) -> Notification:
    """Raises Unreadable if it is no notification Bundle."""
    bundle = parse(body)
    if bundle.get("resourceType") != "Bundle":
        raise UnreadableFhir("not a Bundle")
    status = next(resources(bundle, "Parameters"), None)
    if status is None:
        raise UnreadableFhir("no subscription status")
    kind = _parameter(status, "type").get("valueCode")
    named, ended = _subscription(status), _standing(status) in ENDED
    if kind in _WITHOUT_NEWS:
        return Notification(kind, None, (), named, ended)
    read = [_notified_answer(response_bundle) for response_bundle in _response_bundles(bundle)]
    answers = tuple(one for one in read if one)
    return Notification(_EVENT, _event(status, answers), answers, named, ended)


def _response_bundles(bundle: Element) -> list[Element]:
    nested = list(resources(bundle, "Bundle"))[1:]  # the first is the notification itself
    if nested:
        return nested
    others = [entry for entry in parts(bundle, "entry") if part(entry, "resource").get("resourceType") in _GO_WITH_IT]
    return [
        {"resourceType": "Bundle", "entry": [{"resource": response}, *others]}
        for response in resources(bundle, "ClaimResponse")
    ]


def _notified_answer(bundle: Element) -> NotifiedAnswer | None:
    response = next(resources(bundle, "ClaimResponse"), None)
    if response is None:
        return None
    try:
        return NotifiedAnswer(traces(response), orjson.dumps(bundle))
    except orjson.JSONEncodeError:  # it can be read deeper than it can be written
        raise UnreadableFhir("nested too deeply") from None


def _parameter(status: Element, name: str) -> Element:
    return next((one for one in parts(status, "parameter") if one.get("name") == name), {})


def _event(status: Element, answers: tuple[NotifiedAnswer, ...]) -> PayerEvent | None:
    number = _event_number(status)
    if number is None:
        return None
    return PayerEvent(subscription=_subscription(status), number=number, answers=tuple(one.digest for one in answers))


def _subscription(status: Element) -> str:
    """The payer's id of the Subscription, however it is named; "" if it is not."""
    named = _parameter(status, "subscription")
    reference = short_text(part(named, "valueReference").get("reference"), _LONGEST_REFERENCE)
    return (reference or short_text(part(named, "resource").get("id")) or "").rpartition("/")[2]


def _standing(status: Element) -> str | None:
    """What the payer says of its Subscription, in the status or in the inlined Subscription."""
    inlined = part(_parameter(status, "subscription"), "resource").get("status")
    return short_text(_parameter(status, "status").get("valueCode")) or short_text(inlined)


def _event_number(status: Element) -> int | None:
    for event in parts(_parameter(status, "notification-event"), "part"):
        if event.get("name") == "event-number":
            number = short_text(event.get("valueString"), 18)
            if number is not None:
                return int(number) if number.isascii() and number.isdigit() else None
            return whole(event.get("valueInteger", event.get("valueDecimal")))
    return None
