"""How often, as a code: per diem codes and visits depend on the interval between two doses."""

import re

_WORDS = {
    "once daily": 24,
    "daily": 24,
    "every day": 24,
    "qd": 24,
    "twice daily": 12,
    "bid": 12,
    "three times daily": 8,
    "tid": 8,
    "four times daily": 6,
    "qid": 6,
    "every other day": 48,
    "qod": 48,
    "weekly": 168,
    "once weekly": 168,
    "every week": 168,
}
_UNITS = {"h": 1, "hour": 1, "hr": 1, "d": 24, "day": 24, "w": 168, "wk": 168, "week": 168}
_INTERVAL = re.compile(r"(?:q|every)\s*([0-9]{1,2})\s*(h|hour|hr|d|day|w|wk|week)s?")


def hours_between(text: str) -> int | None:
    """The hours between two doses; None if no plain interval."""
    plain = " ".join(text.lower().replace(".", "").split())
    if plain in _WORDS:
        return _WORDS[plain]
    match = _INTERVAL.fullmatch(plain)
    return (int(match[1]) * _UNITS[match[2]] or None) if match else None


def frequency_code(text: str) -> str | None:
    """`every 8 hours`, `TID` and `q8h` are all `q8h`; None if no plain interval."""
    hours = hours_between(text)
    return f"q{hours}h" if hours else None
