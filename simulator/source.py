"""The simulated referral source: it signs what it sends, and may change its mind when a referral has come so far."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from pydantic import Field, TypeAdapter

from firstdose.adapters.webhooks import sign
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.referral.paths import place
from firstdose.domain.referral.source_message import CancelReason, MessageType
from firstdose.domain.work.stage import Stage
from simulator.scenario import Scenario, ScenarioPart, load_scenarios
from simulator.staff_api import Row, ask


class ChangeOfMind(ScenarioPart):
    """In a scenario's `people.source`: what is sent `after` the referral has come to this stage and authorization."""

    stage: Stage
    authorization: LineState | None = None
    after: timedelta = timedelta()
    send: MessageType
    reason: CancelReason = CancelReason.WITHDRAWN
    """Of a cancellation."""
    facts: dict[str, Any] = Field(default={})
    """By path, what an update changes."""

    def is_due(self, row: Row) -> bool:
        return row.stage == self.stage and self.authorization in (None, row.authorization)

    def data(self, known: dict[str, Any]) -> dict[str, Any]:
        """The message's data, about a referral of which these facts are known."""
        if self.send is MessageType.CANCELLED:
            return {"source_referral_id": known["source_referral_id"], "reason": self.reason}
        changed: dict[str, Any] = json.loads(json.dumps(known))
        for path, value in self.facts.items():
            place(changed, path, value)
        return changed


_CHANGES = TypeAdapter(tuple[ChangeOfMind, ...])


def changes_of_mind(scenario: Scenario) -> tuple[ChangeOfMind, ...]:
    """Raises ValidationError."""
    return _CHANGES.validate_python(scenario.people.get("source", ()))


def watched_stages() -> Iterator[Stage]:
    """The stages in which the source of any scenario may change its mind."""
    yield from sorted({change.stage for scenario in load_scenarios().values() for change in changes_of_mind(scenario)})


class SimulatedSource:
    """Raises DeskAway, DeskRefused. `http` has the desk as its base URL."""

    def __init__(self, http: httpx2.AsyncClient, name: str, secret: str) -> None:
        self._http = http
        self._name = name
        self._secret = secret

    async def send(self, kind: MessageType, data: dict[str, Any], message_id: str) -> str:
        """Post a message; the same id with the same data is the same message. Returns the referral's id."""
        body = json.dumps({"type": kind, "data": data}).encode()
        headers = {
            "content-type": "application/json",
            **sign(self._secret, message_id, datetime.now(UTC), body),
        }
        path = f"/webhooks/referrals/{self._name}"
        receipt = await ask(self._http, "POST", path, content=body, headers=headers)
        return str(receipt["referral_id"])
