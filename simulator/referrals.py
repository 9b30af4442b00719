"""Synthetic referrals: people who never were, with every fact that the process needs but what their scenario lacks."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from firstdose.domain.referral.identifiers import npi_check_digit
from firstdose.domain.referral.paths import place, steps
from simulator.scenario import DEFAULT, Scenario, load_scenarios

_NUMBER = re.compile(r"-([0-9]+)$")


def member_of(scenario: str, number: int) -> str:
    """A member id that tells everybody in the simulated world which scenario this is."""
    return f"SIM-{scenario.upper().replace('_', '-')}-{number}"


def make_referral(
    scenario: Scenario, number: int, *, run: str = "SIM", seed: int = 1, plan: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The `data` of a `referral.received` (docs/intake.md).

    The same arguments give the same referral on the same day; `run` tells the runs of one source apart. The patient's
    plan is one of the cast's if none is given (`id`, `name`, `line_of_business`).
    """
    referral = _complete(scenario.name, number, seed)
    if plan:
        payer = {"id": plan["id"], "name": plan["name"]}
        referral["coverages"][0] |= {"payer": payer, "line_of_business": plan["line_of_business"]}
    referral["source_referral_id"] = f"{run}-{number:04}"
    for path, value in scenario.referral.items():
        place(referral, path, value)
    return referral


def usual_facts(member: str) -> "UsualFacts":
    """What the prescriber's office knows of this member's patient."""
    number = _NUMBER.search(member)
    return UsualFacts(_complete(DEFAULT, int(number[1]) if number else 1, seed=1))


class UsualFacts:
    """Facts of a complete referral by their path."""

    def __init__(self, referral: dict[str, Any]) -> None:
        self._referral = referral

    def __getitem__(self, path: str) -> Any:
        """Raises LookupError."""
        section, _, kind = path.partition(".")
        if section == "documents":
            return next(document for document in self._referral["documents"] if document["kind"] == kind)
        value: Any = self._referral
        for step in steps(path):
            # Whichever plan is asked for: everybody here has one.
            value = value[0 if isinstance(step, int) else step]
        return value


def _complete(scenario: str, number: int, seed: int) -> dict[str, Any]:
    chance = Random(f"{seed}:{number}")  # noqa: S311 - variety, no secret
    payer, home, order = (_in_turn(kind, number) for kind in ("payers", "places", "orders"))
    return {
        "urgency": chance.choice(("routine", "routine", "urgent")),
        "source": {
            "organization": "Springfield General Hospital (synthetic)",
            "npi": _npi(chance),
            "contact_name": "Discharge Planner Made Up",
            "phone": _phone(chance),
        },
        "patient": {**_person(chance, number), "address": {**home, "line": [f"{number} Made Up Street"]}},
        "coverages": [
            {
                "order": "primary",
                "payer": {"id": payer["id"], "name": payer["name"]},
                "line_of_business": payer["line_of_business"],
                "member_id": member_of(scenario, number),
                "relationship": "self",
            }
        ],
        "prescriber": {"npi": _npi(chance), "name": "Dr. Synthia Prescriber", "phone": _phone(chance)},
        "order": _order(order),
        "documents": [_document("clinical_note", number), _document("lab_result", number)],
    }


def _person(chance: Random, number: int) -> dict[str, Any]:
    return {
        "given_name": chance.choice(_cast()["given_names"]),
        "family_name": f"{chance.choice(_cast()['family_names'])}-{number}",
        "birth_date": (date(1940, 1, 1) + timedelta(days=chance.randrange(23_000))).isoformat(),
        "sex": chance.choice(("female", "male")),
        "phones": [_phone(chance)],
        "language": "en",
        "weight_kg": float(chance.randrange(48, 110)),
        "weighed_on": (_today() - timedelta(days=3)).isoformat(),
        "height_cm": 172.0,
        "allergies": chance.choice(("none_known", [{"substance": "penicillin", "reaction": "rash"}])),
    }


def _order(order: dict[str, Any]) -> dict[str, Any]:
    return {
        **order,
        "needs_nursing": True,
        "site": "home",
        "first_dose_given": False,
        "requested_start": _today().isoformat(),
        "signed_on": (_today() - timedelta(days=1)).isoformat(),
        "anaphylaxis_kit_ordered": True,
    }


def _document(kind: str, number: int) -> dict[str, Any]:
    text = f"Synthetic {kind.replace('_', ' ')} of a made-up patient, number {number}. Nobody is described here."
    return {
        "kind": kind,
        "content_type": "text/plain",
        "title": f"Synthetic {kind.replace('_', ' ')}",
        "data": base64.b64encode(text.encode()).decode(),
    }


def _npi(chance: Random) -> str:
    first_nine = f"1{chance.randrange(10**8):08}"
    return first_nine + npi_check_digit(first_nine)


def _phone(chance: Random) -> str:
    """In the range that is kept free for fiction."""
    return f"+1-{chance.randrange(201, 990)}-555-01{chance.randrange(100):02}"


def _today() -> date:
    return datetime.now(UTC).date()


def _in_turn(kind: str, number: int) -> dict[str, Any]:
    """One of the cast after the other."""
    each: dict[str, Any] = _cast()[kind][(number - 1) % len(_cast()[kind])]
    return each


@cache
def _cast() -> dict[str, Any]:
    cast: dict[str, Any] = yaml.safe_load((files("simulator") / "cast.yaml").read_text())
    return cast


def scenarios_in_turn(names: tuple[str, ...], count: int) -> list[Scenario]:
    """`count` scenarios, those named one after the other and again from the first."""
    known = load_scenarios()
    return [known[names[number % len(names)]] for number in range(count)]
