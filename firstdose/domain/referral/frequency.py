"""How often, as a code: per diem codes, visits and quantities depend on it. The words are a table and a small grammar.

What is in neither has no code: it is kept as it came, and a person is asked.
"""

import re

_HOURS = {
    "qd": 24,
    "daily": 24,
    "each day": 24,
    "everyday": 24,
    "qam": 24,
    "qpm": 24,
    "am": 24,
    "pm": 24,
    "qhs": 24,
    "hs": 24,
    "bed": 24,
    "nightly": 24,
    "at bedtime": 24,
    "at night": 24,
    "in the morning": 24,
    "in the evening": 24,
    "every morning": 24,
    "every evening": 24,
    "every night": 24,
    "each morning": 24,
    "each evening": 24,
    "q am": 24,
    "q pm": 24,
    "bid": 12,
    "tid": 8,
    "qid": 6,
    "hourly": 1,
    "qod": 48,
    "alternate days": 48,
    "on alternate days": 48,
    "weekly": 168,
    "qw": 168,
    "qwk": 168,
    "qweek": 168,
    "wk": 168,
    "fortnightly": 336,
}
"""Not "od", which is an eye to some, and not "biweekly", which is twice a week to some."""
_OTHER = {
    "continuous": "continuous",
    "continuously": "continuous",
    "continuous infusion": "continuous",
    "cont": "continuous",
    "ci": "continuous",
    "civi": "continuous",
    "over 24 hours": "continuous",
    "24 hour infusion": "continuous",
    "weekdays": "weekdays",
    "on weekdays": "weekdays",
    "every weekday": "weekdays",
    "monday through friday": "weekdays",
    "monday to friday": "weekdays",
    "monday-friday": "weekdays",
    "mon-fri": "weekdays",
    "m-f": "weekdays",
    "mo": "monthly",
    "qmo": "monthly",
    "monthly": "monthly",
    "every month": "monthly",
    "every 1 month": "monthly",
    "1 a month": "monthly",
    "1 per month": "monthly",
    "1 monthly": "monthly",
    "1 every month": "monthly",
    "once": "once",
    "1 time": "once",
    "one time": "once",
    "1 time only": "once",
    "1 dose": "once",
    "single dose": "once",
    "x1": "once",
}
"""What is no interval of hours."""
_NUMBERS = {
    name: str(number)
    for number, names in enumerate(
        (
            "once one first",
            "twice two second 2nd other",
            "thrice three third 3rd",
            "four fourth 4th",
            "five fifth 5th",
            "six sixth 6th",
            "seven seventh 7th",
            "eight eighth 8th",
            "nine ninth 9th",
            "ten tenth 10th",
            "eleven eleventh 11th",
            "twelve twelfth 12th",
        ),
        start=1,
    )
    for name in names.split()
}
_UNITS = {"h": 1, "d": 24, "w": 168}
_UNIT = r"(h|d|w)(?:ours?|rs?|ays?|(?<=w)k|(?<=w)eek|(?<=w)ks|(?<=w)eeks)?"
_EVERY = re.compile(rf"(?:1 (?:time )?)?(?:q|every|each) ?([0-9]{{1,3}})? ?{_UNIT}")
_Q_ALONE = re.compile(r"q ?(3|4|6|8|12|24|48|72)")
_HOURLY = re.compile(r"([0-9]{1,2})[ -]?hourly")
_PER = r"(?:a|per|each|every|in|/) ?"
_TIMES = re.compile(
    rf"([0-9]{{1,2}}) ?(?:(?:x|times?) ?(?:{_PER})?|{_PER})(?:1 ?)?(?:(d|day|daily|24 ?h|24 hours)|(w|wk|week|weekly))"
    r"|([0-9]{1,2}) (?:daily|(weekly))"
)
_EVENLY = (1, 2, 3, 4, 6, 8, 12, 24)
_MOST_DAYS_A_WEEK = 7


def hours_between(text: str) -> int | None:
    """The hours between two doses; None if no plain interval."""
    plain = _plain(text)
    counted = _counted(plain)
    if plain in _HOURS:
        return _HOURS[plain]
    if match := _EVERY.fullmatch(counted):
        return int(match[1] or 1) * _UNITS[match[2]] or None
    if match := _Q_ALONE.fullmatch(counted) or _HOURLY.fullmatch(counted):
        return int(match[1]) or None
    times = _times(counted)
    if times is None:
        return None
    number, days = times
    if days == 1:
        return 24 // number if number in _EVENLY else None
    return {1: 168, 7: 24}.get(number)


def frequency_code(text: str) -> str | None:
    """`every 8 hours` and `TID` are `q8h`; there are `2/week`, `continuous`, `weekdays`, `monthly`, `once`; or None."""
    hours = hours_between(text)
    if hours:
        return f"q{hours}h"
    plain = _plain(text)
    counted = _counted(plain)
    other = _OTHER.get(plain) or _OTHER.get(counted)
    if other:
        return other
    match _times(counted):
        case (number, 7) if 1 < number < _MOST_DAYS_A_WEEK:
            return f"{number}/week"
    return None


def _plain(text: str) -> str:
    """In small letters and single blanks, without points that are no decimal ones."""
    return " ".join(re.sub(r"\.(?![0-9])", "", text.lower()).split()).strip(" ,;")


def _counted(plain: str) -> str:
    """With figures for number words, and a blank where two words are joined by a hyphen."""
    apart = re.sub(r"(?<![0-9])-|-(?![0-9])", " ", plain)
    return " ".join(_NUMBERS.get(word, word) for word in apart.split())


def _times(counted: str) -> tuple[int, int] | None:
    """So many times in so many days."""
    match = _TIMES.fullmatch(counted)
    number = int(match[1] or match[4]) if match else 0
    return (number, 7 if match[3] or match[5] else 1) if match and number else None
