"""Numbers with units, as FHIR and HL7 v2 write them, in the referral's units."""

from math import isfinite
from typing import TypeGuard

_POUND = 0.45359237
_KILOGRAMS = {
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"), 1.0),
    **dict.fromkeys(("g", "gm", "gram", "grams"), 0.001),
    **dict.fromkeys(("lb", "lbs", "[lb_av]", "lb_av", "pound", "pounds"), _POUND),
    **dict.fromkeys(("oz", "[oz_av]", "oz_av", "ounce", "ounces"), _POUND / 16),
}
_DAYS = {"d": 1, "day": 1, "days": 1, "wk": 7, "w": 7, "week": 7, "weeks": 7}


def number(value: object) -> object:
    """The number that a text writes; anything else as it is, for the referral to judge."""
    if not isinstance(value, str):
        return value
    try:
        read = float(value)
    except ValueError:
        return value
    return read if isfinite(read) else value


def kilograms(value: object, unit: str | None) -> object:
    """To the nearest gram. Without a unit that we know a weight says nothing, and a guess could kill: None."""
    factor = _KILOGRAMS.get((unit or "").lower())
    amount = number(value)
    if factor is None or value is None:
        return None
    return round(amount * factor, 3) if _is_number(amount) else amount


def days(value: object, unit: str | None) -> object:
    """Whole days; None without a unit that we know."""
    factor = _DAYS.get((unit or "").lower())
    amount = number(value)
    if factor is None or value is None:
        return None
    if not _is_number(amount):
        return amount
    whole = amount * factor
    return int(whole) if isfinite(whole) and whole == int(whole) else whole


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
