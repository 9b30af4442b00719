"""Made-up plans by the hundred, as a pharmacy's file has them: of every line of business, and reached in every way."""

import csv
import io
from collections.abc import Sequence
from random import Random
from typing import Final

PLANS: Final = 800
"""As many as a pharmacy deals with."""

Row = dict[str, str]
"""Cells by column; docs/plans.md says what they mean."""

_REGIMES: Final = {
    "commercial": "plan",
    "employer": "employer",
    "medicare_advantage": "medicare_advantage",
    "medicare": "plan",
    "medicaid": "medicaid",
    "other": "plan",
}
_FIRST: Final = ("Imaginary", "Fictional", "Pretend", "Invented", "Make-Believe", "Nonesuch", "Sample", "Mock")
_SECOND: Final = ("Prairie", "Lakeshore", "Riverbend", "Heartland", "Summit", "Harbor", "Cornfield", "Bluegrass")
_THIRD: Final = ("Health Plan", "Mutual", "Care Partners", "Benefit Trust", "Advantage", "Assurance")
_WAYS: Final = (*("people",) * 8, *("pas > people",) * 7, *("x12 > people",) * 3, *("pas > x12 > people",) * 2)
_EXEMPT: Final = (*("",) * 6, "nursing", "99601", "per_diem", "S9500; S9501; S9502")
_ZONES: Final = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
_OWN_TIMES: Final = (("", ""), ("3 business days", "1 business day"), ("5 business days", "72 hours"), ("10 days", ""))


def made_up_plans(count: int = PLANS, *, payer_url: str, seed: int = 1) -> list[Row]:
    """The same arguments give the same plans. `payer_url` is where the simulated payers answer."""
    return [_plan(number, payer_url, Random(f"{seed}:{number}")) for number in range(1, count + 1)]  # noqa: S311


def as_csv(plans: Sequence[Row]) -> str:
    """With the heading that `firstdose payers import` reads."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(plans[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(plans)
    return text.getvalue()


def for_the_demo(plans: Sequence[Row]) -> list[Row]:
    """Those with which each scenario can end as it says: asked over FHIR, and they hear appeals."""
    return [plan for plan in plans if plan["authorization"].startswith("pas") and plan["appeal_levels"] != "0"]


def _plan(number: int, payer_url: str, chance: Random) -> Row:
    line_of_business = list(_REGIMES)[number % len(_REGIMES)]
    plan = f"made-up-{number:04}"
    ways = chance.choice(_WAYS)
    return {
        "id": plan,
        "name": f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {chance.choice(_THIRD)} {number:04} (synthetic)",
        "line_of_business": line_of_business,
        "contracted": chance.choice(("yes", "yes", "no")),
        "eligibility": ways,
        "authorization": ways,
        "no_authorization": chance.choice(_EXEMPT),
        "site_of_care": chance.choice(("any", "any", "any", "home_required", "suite_required")),
        "phone": f"+1-{chance.randrange(201, 990)}-555-01{chance.randrange(100):02}",
        "fax": f"+1-{chance.randrange(201, 990)}-555-01{chance.randrange(100):02}",
        **_clocks(_REGIMES[line_of_business], chance),
        **_disputes(chance),
        **_addresses(plan, ways, payer_url, chance),
    }


def _clocks(regime: str, chance: Random) -> Row:
    """Only where no law sets them has a plan times of its own."""
    standard, expedited = chance.choice(_OWN_TIMES) if regime == "plan" else ("", "")
    return {
        "regime": regime,
        "standard_decision": standard,
        "expedited_decision": expedited,
        "time_zone": chance.choice(_ZONES),
        "closes": chance.choice(("", "17:00")),
        "closed_on": chance.choice(("", "", "2026-12-24; 2026-12-31")),
    }


def _disputes(chance: Random) -> Row:
    return {
        "peer_to_peer": chance.choice(("binding", "informational", "none")),
        "appeal_levels": chance.choice(("0", "1", "2", "2")),
        "external_review": chance.choice(("yes", "yes", "no")),
        "appeal_filing_days": chance.choice(("", "", "90")),
    }


def _addresses(plan: str, ways: str, payer_url: str, chance: Random) -> Row:
    return {
        "base_url": f"{payer_url}/fhir/{plan}" if "pas" in ways else "",
        "subscription_filter": chance.choice(("", "", "org-identifier")),
        "timeout": "3",
        "x12_url": f"{payer_url}/x12/{plan}" if "x12" in ways else "",
    }
