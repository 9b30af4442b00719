"""The simulated payer's notifications: handshakes and decisions to the registered hooks, again until they arrive."""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import httpx2

from simulator.payer_answer import response_bundle
from simulator.payer_book import Filed, PayerBook, Subscribed
from simulator.scenario import Shape, Telling

_log = logging.getLogger(__name__)
_TOPIC = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
_RETRY = 0.5
"""Real seconds between two attempts, whatever the speed: the other side may be restarting."""
_PATIENCE = 10.0
_SOMEBODY_ELSES = "0" * 32
_WITH_THE_WORD_BEFORE = (Telling.OUT_OF_ORDER, Telling.AT_ONCE)


class SubscriptionNotifier:
    """Decides what is due and tells it."""

    def __init__(self, book: PayerBook, http: httpx2.AsyncClient) -> None:
        self._book = book
        self._http = http

    async def run(self) -> None:
        while True:
            self._book.changed.clear()
            self._book.decide_due()
            all_told = await self._tell_all()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._book.changed.wait(), self._pause(all_told=all_told))

    def _pause(self, *, all_told: bool) -> float | None:
        due = self._book.next_due()
        until_due = None if due is None else max(0.0, (due - self._book.clock()).total_seconds())
        if all_told:
            return until_due
        return _RETRY if until_due is None else min(_RETRY, until_due)

    async def _tell_all(self) -> bool:
        told = True
        for subscription in [one for one in self._book.subscriptions.values() if one.tells]:
            if not subscription.active and await self._post(subscription, json.dumps(handshake(subscription))):
                self._book.keep(subscription.model_copy(update={"active": True}))
            told &= self._book.subscriptions[subscription.payer, subscription.criteria].active
        for filed in [filed for filed in self._book.filed.values() if filed.untold]:
            told &= await self._tell(filed)
        return told

    async def _tell(self, filed: Filed) -> bool:
        step, theirs = filed.step, [one for one in self._book.subscriptions.values() if one.payer == filed.payer]
        for subscription in [one for one in theirs if one.tells]:
            if not subscription.active:
                return False
            arrived = await self._deliver(subscription, _told(subscription, filed), filed.payer_script.telling)
            if not arrived and filed.payer_script.telling is not Telling.MALFORMED:
                return False
            self._book.keep(subscription)
        filed.notified = step
        self._book.keep(filed)
        return True

    async def _deliver(self, subscription: Subscribed, told: list[str], telling: Telling) -> bool:
        """One after the other until one does not arrive, or all at once."""
        if telling is Telling.AT_ONCE:
            return all(await asyncio.gather(*(self._post(subscription, each) for each in told)))
        for each in told:
            if not await self._post(subscription, each):
                return False
        return True

    async def _post(self, subscription: Subscribed, body: str) -> bool:
        split = (header.partition(":") for header in subscription.headers)
        headers = {"content-type": "application/fhir+json", **{name.strip(): value.strip() for name, _, value in split}}
        try:
            async with asyncio.timeout(_PATIENCE):
                response = await self._http.post(subscription.endpoint, content=body, headers=headers)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL):
            return False
        if not response.is_success:
            _log.warning("notification refused", extra={"payer": subscription.payer, "status": response.status_code})
        return response.is_success


def handshake(subscription: Subscribed) -> dict[str, Any]:
    return _history(subscription, _status(subscription, "handshake", Shape.NESTED))


def _told(subscription: Subscribed, filed: Filed) -> list[str]:
    """What is posted of a decision, in turn, as the request's scenario wants; each event under a number of its own."""
    telling = filed.payer_script.telling
    subscription.events += 2 if telling in _WITH_THE_WORD_BEFORE else 1
    decision = json.dumps(notification(subscription, filed))
    match telling:
        case Telling.ONCE:
            return [decision]
        case Telling.TWICE:
            return [decision, decision]
        case Telling.OUT_OF_ORDER | Telling.AT_ONCE:
            earlier = subscription.model_copy(update={"events": subscription.events - 1})
            before = filed.model_copy(update={"step": filed.step - 1})
            return [decision, json.dumps(notification(earlier, before))]
        case Telling.WRONG_TRACE:
            return [decision.replace(filed.trace, _SOMEBODY_ELSES)]
        case Telling.MALFORMED:
            return [decision[: len(decision) // 2]]
        case Telling.NEVER:
            return []


def notification(subscription: Subscribed, filed: Filed) -> dict[str, Any]:
    """In the shape that the request's scenario wants."""
    shape = filed.payer_script.notification
    answer = response_bundle(filed)
    focus = answer["entry"][0]["fullUrl"] if shape is Shape.FLATTENED else f"urn:uuid:{filed.trace}-answer"
    event = [
        {"name": "event-number", "valueString": str(subscription.events)},
        {"name": "timestamp", "valueInstant": filed.answered_at.isoformat()},
        {"name": "focus", "valueReference": {"reference": focus}},
    ]
    status = _status(subscription, "event-notification", shape)
    if shape is Shape.EMPTY:
        return _history(subscription, status)
    status["parameter"].append({"name": "notification-event", "part": event})
    if shape is Shape.ID_ONLY:
        return _history(subscription, status)
    if shape is Shape.FLATTENED:
        return _history(subscription, status, *(entry["resource"] for entry in answer["entry"]))
    return _history(subscription, status, answer)


def _status(subscription: Subscribed, kind: str, shape: Shape) -> dict[str, Any]:
    reference = {"reference": f"Subscription/{subscription.id}"}
    whole = {"resourceType": "Subscription", "id": subscription.id, "status": "active"}
    named: dict[str, Any] = {"resource": whole} if shape is Shape.INLINED else {"valueReference": reference}
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", **named},
            {"name": "topic", "valueCanonical": _TOPIC},
            {"name": "status", "valueCode": "active"},
            {"name": "type", "valueCode": kind},
            {"name": "events-since-subscription-start", "valueString": str(subscription.events)},
        ],
    }


def _history(subscription: Subscribed, *resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{subscription.id}-{n}", "resource": one} for n, one in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "history", "entry": entries}
