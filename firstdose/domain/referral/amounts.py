"""Doses and durations as people write them. A range, a condition or an unknown unit is not understood."""

import re
from collections.abc import Mapping
from math import isclose

_SPELLINGS = {
    "g": "g gm gms gram grams",
    "mg": "mg mgs milligram milligrams",
    "mcg": "mcg mcgs ug µg μg microgram micrograms",
    "ng": "ng nanogram nanograms",
    "kg": "kg kilogram kilograms",
    "mL": "ml mls cc milliliter milliliters",
    "L": "l liter liters",
    "units": "u iu unit units [iu] [usp'u]",
    "mEq": "meq milliequivalent milliequivalents",
    "mmol": "mmol millimole millimoles",
    "m2": "m2 m² sqm",
    "kcal": "kcal",
    "min": "min minute minutes",
    "h": "h hr hrs hour hours",
    "day": "d day days",
    "dose": "dose doses",
    "vials": "vial vials",
    "bags": "bag bags",
    "syringes": "syringe syringes",
}
_UNITS = {name: unit for unit, names in _SPELLINGS.items() for name in names.split()}
_MILLIGRAMS = {"g": 1000.0, "mg": 1.0, "mcg": 0.001, "ng": 0.000001}
_DOSE = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(\.[0-9]{1,6})? ?(million )?([^0-9 ].*)")
_DURATION = re.compile(r"(?:for |x ?)?([0-9]{1,4})[ -]?([a-z]+)")
_DURATION_UNITS = {
    **dict.fromkeys(("d", "day", "days"), "days"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "weeks"),
    **dict.fromkeys(("dose", "doses"), "doses"),
}
"""Not months, which differ in length."""


def read_dose(text: str) -> tuple[float, str] | None:
    """`1,500 mg`, `1.5 g/kg`: the number and its unit in one spelling; None if it is not a single amount."""
    match = _DOSE.fullmatch(" ".join(text.split()))
    unit = plain_unit(match[4]) if match else None
    if match is None or unit is None:
        return None
    value = float(match[1].replace(",", "") + (match[2] or "")) * (1_000_000 if match[3] else 1)
    return (value, unit) if value > 0 else None


def same_dose(one: tuple[float, str], other: tuple[float, str]) -> bool:
    """`1 g` is `1000 mg`."""
    (value, unit), (amount, measure) = one, other
    mine, theirs = _UNITS.get(unit.lower(), unit), _UNITS.get(measure.lower(), measure)
    if mine in _MILLIGRAMS and theirs in _MILLIGRAMS:
        return isclose(value * _MILLIGRAMS[mine], amount * _MILLIGRAMS[theirs])
    return mine == theirs and isclose(value, amount)


def read_duration(value: object, unit: str | None) -> Mapping[str, object] | None:
    """Whole days, weeks or doses, as an order writes them; None for anything else."""
    known = _DURATION_UNITS.get((unit or "").strip().strip("{}[]").lower())
    try:
        number = float(str(value))
    except ValueError:
        return None
    return {"value": int(number), "unit": known} if known and number > 0 and number.is_integer() else None


def read_duration_text(text: str) -> Mapping[str, object] | None:
    """`6 weeks`, `x 14 days`, `10 doses`."""
    match = _DURATION.fullmatch(" ".join(text.lower().split()))
    return read_duration(match[1], match[2]) if match else None


def plain_unit(told: str) -> str | None:
    """Each part of `mcg/kg/min` in one spelling; None if one of them is unknown."""
    words = re.sub(r"^(?:international|usp) (?=units?$)", "", told.strip().lower().rstrip("."))
    parts = [_UNITS.get(part.strip()) for part in re.split(r"/| per ", words)]
    return "/".join(part for part in parts if part) if all(parts) else None
