"""How long a FHIR bundle of 200 resources takes, from its bytes to the referral."""

import json
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.figures import Report, spread
from desk.intake.parse import parse

TARGET_MS = 20
RESOURCES = 200
_EXAMPLE = Path(__file__).parents[1] / "docs/examples/referral.fhir.json"
_TODAY = date(2026, 11, 28)


def bundle_of(resources: int) -> bytes:
    """The example with a long record: old weights, resolved problems, stopped drugs, ended plans."""
    bundle = json.loads(_EXAMPLE.read_text())
    kinds = [one for one in bundle["entry"] if one["resource"]["resourceType"] in _OVER]
    while len(bundle["entry"]) < resources:
        number = len(bundle["entry"])
        resource = kinds[number % len(kinds)]["resource"]
        over = {**resource, "id": f"x{number}", **_OVER[resource["resourceType"]]}
        url = f"https://lakeside.example.org/fhir/{resource['resourceType']}/x{number}"
        bundle["entry"].append({"fullUrl": url, "resource": over})
    return json.dumps(bundle).encode()


_OVER: dict[str, dict[str, Any]] = {
    "Observation": {"effectiveDateTime": "2024-05-01"},
    "Condition": {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
    "MedicationRequest": {"status": "stopped"},
    "Coverage": {"period": {"end": "2024-12-31"}},
    "AllergyIntolerance": {"verificationStatus": {"coding": [{"code": "refuted"}]}},
}


async def measure(*, quick: bool) -> Report:
    body, took = bundle_of(RESOURCES), []
    for _ in range(20 if quick else 300):
        begun = perf_counter()
        parse("application/fhir+json", body, today=_TODAY)
        took.append(perf_counter() - begun)
    return {"target_ms": TARGET_MS, "resources": RESOURCES, "bytes": len(body), **spread(took)}
