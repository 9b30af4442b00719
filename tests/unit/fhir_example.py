"""The example of a FHIR referral, changed."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from desk.intake.message import ParsedMessage
from desk.intake.parse import parse
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Referral

TODAY = date(2026, 11, 21)
EXAMPLE = (Path(__file__).parents[2] / "docs/examples/referral.fhir.json").read_text()
Tree = dict[str, Any]
Change = Callable[[dict[str, Tree]], object]


def message(change: Change = lambda resources: None, *more: Tree) -> ParsedMessage:
    """The example after a change to its resources by id (None in place of one leaves it out), with more of them."""
    bundle: Tree = json.loads(EXAMPLE)
    resources = {one["resource"]["id"]: one["resource"] for one in bundle["entry"]}
    change(resources)
    kept = [one for one in bundle["entry"] if any(one["resource"] is resource for resource in resources.values())]
    bundle["entry"] = [*({"resource": resource} for resource in more), *kept]
    return parse("application/fhir+json", json.dumps(bundle).encode(), today=TODAY)


def referral(change: Change = lambda resources: None, *more: Tree) -> Referral:
    told = message(change, *more).referral
    assert told is not None
    return told


def asked(told: Referral) -> list[tuple[str, QuestionReason]]:
    return [(one.path, one.reason) for one in told.open_questions]


def updated(resource: str, **values: Any) -> Change:
    return lambda resources: resources[resource].update(values)


def coded(system: str | None, code: str) -> Tree:
    return {"coding": [{"system": system, "code": code} if system else {"code": code}]}


def drug(number: int, name: str, **values: Any) -> Tree:
    """Another MedicationRequest."""
    request = {"resourceType": "MedicationRequest", "id": f"mr{number}", "status": "active", "intent": "order"}
    return {**request, "subject": {"reference": "Patient/p1"}, "medicationCodeableConcept": {"text": name}, **values}
