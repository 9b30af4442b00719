"""The simulated payer's answers over FHIR to questions for eligibility: CoverageEligibilityResponses.

Written apart from the product's adapter on purpose, so that one cannot hide the other's mistake.
"""

from simulator.payer_book import Asking
from simulator.payer_request import Json, resource
from simulator.scenario import Eligibility

_X12 = "https://codesystem.x12.org/005010/"
_DAYS_ALLOWED = 60
_OTHERS = "managed"
"""The id of the Coverage that another payer manages."""


def eligibility_response(bundle: Json, script: Eligibility) -> Json:
    """Raises BadRequest."""
    asked = resource(bundle, "CoverageEligibilityRequest")
    common = {
        "resourceType": "CoverageEligibilityResponse",
        "identifier": [{"value": f"BV-{asked['identifier'][0]['value'][:8]}"}],
        "status": "active",
        "purpose": asked["purpose"],
        "patient": {"display": "beneficiary"},
        "created": asked["created"],
        "request": {"display": "eligibility"},
        "outcome": "complete",
        "insurer": {"display": "insurer"},
    }
    rejected = script.rejected or ("75" if script.status == "not_found" else None)
    if rejected:
        code = {"coding": [{"system": f"{_X12}901", "code": rejected}]}
        return {**common, "outcome": "error", "error": [{"code": code}]}
    others = {"contained": [_managed_by(script.another_payer)]} if script.another_payer else {}
    return {**common, **others, "insurance": [*_former(script), _present(asked, script)]}


def _present(asked: Json, script: Eligibility) -> Json:
    items = [_covered(item, script) for item in asked.get("item", [])]
    if items:
        items[0]["benefit"] = _benefits(script)
    coverage = {"reference": f"#{_OTHERS}"} if script.another_payer else {"display": "coverage"}
    return {"coverage": coverage, "inforce": script.status == "active", "item": [*items, *_home_care(script)]}


def _former(script: Eligibility) -> list[Json]:
    period = {"start": "2020-01-01", "end": "2020-12-31"}
    plan = {"coverage": {"display": script.former_plan}, "inforce": False, "benefitPeriod": period}
    return [plan] if script.former_plan else []


def _managed_by(payer: str) -> Json:
    payor = {"display": payer, "identifier": {"value": "SIM99"}}
    return {"resourceType": "Coverage", "id": _OTHERS, "status": "active", "payor": [payor]}


def _covered(item: Json, script: Eligibility) -> Json:
    kind = Asking(sequence=1, code=item["productOrService"]["coding"][0]["code"], units=1).kind
    excluded = {"excluded": True, "description": "Not part of this plan."} if kind in script.not_covered else {}
    return {
        "productOrService": item["productOrService"],
        "network": {"coding": [{"code": "in" if script.in_network else "out"}]},
        "authorizationRequired": kind in script.needs_authorization,
        **excluded,
    }


def _home_care(script: Eligibility) -> list[Json]:
    """How many of its days are left."""
    if script.days_left is None:
        return []
    counted = {"allowedUnsignedInt": _DAYS_ALLOWED, "usedUnsignedInt": _DAYS_ALLOWED - script.days_left}
    kind = {"coding": [{"code": "visit"}], "text": "Days of home care"}
    return [{"category": {"coding": [{"code": "42"}]}, "benefit": [{"type": kind, **counted}]}]


def _benefits(script: Eligibility) -> list[Json]:
    amounts = {
        "copay": script.copay,
        "deductible": script.deductible_remaining,
        "out-of-pocket": script.out_of_pocket_remaining,
    }
    money = [
        {"type": {"coding": [{"code": code}]}, "allowedMoney": {"value": float(amount), "currency": "USD"}}
        for code, amount in amounts.items()
    ]
    percent = {"type": {"coding": [{"code": "copay-percent"}]}, "allowedUnsignedInt": script.coinsurance_percent}
    return [*money, percent]
