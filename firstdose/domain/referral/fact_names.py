"""What people call a fact: `coverages[0].member_id` is "member ID of coverage 1"."""

from collections.abc import Iterator
from typing import Final

from firstdose.domain.referral.order import short_path
from firstdose.domain.referral.paths import steps

_NAMES: Final = {
    "city": "city",
    "coverages": "coverage",
    "documents": "document",
    "duration_days": "duration in days",
    "billing_units": "billing units of the whole course",
    "given_name": "given name",
    "hcpcs": "HCPCS code",
    "height_cm": "height in cm",
    "id": "ID",
    "line": "street address",
    "line_of_business": "line of business",
    "medications": "medication",
    "member_id": "member ID",
    "ndc": "NDC",
    "needs_nursing": "need of a nurse",
    "npi": "NPI",
    "phones": "phone number",
    "postal_code": "ZIP code",
    "rxnorm": "RxNorm code",
    "signed_on": "date of signature",
    "source": "referral source",
    "weighed_on": "day of weighing",
    "weight_kg": "weight in kg",
}
"""Where the field's own words would not do."""


def fact_name(path: str) -> str:
    """In words, the part before what it is part of; what is no path stays as it is."""
    try:
        parts = list(_parts(short_path(path)))
    except LookupError:
        return path
    if len(parts) > 1 and parts[0] in ("document", "order") and parts[1].startswith(("medication ", "clinical ")):
        del parts[0]
    whole = [part if part[-1].isdigit() else f"the {part}" for part in reversed(parts[:-1])]
    return " of ".join([parts[-1], *whole])


def _parts(path: str) -> Iterator[str]:
    """`order`, `medication 2`, `dose`."""
    name = ""
    for step in steps(path):
        if isinstance(step, int):
            name = f"{name} {step + 1}"
            continue
        if name:
            yield name
        name = _NAMES.get(step, step.replace("_", " "))
    yield name
