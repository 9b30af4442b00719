"""From FHIR: how often. What a Timing says is written as people do, for the vocabulary of frequencies to judge."""

from desk.intake.fhir_elements import as_sent, codings, dig, plain, text, wording
from firstdose.domain.referral.choice import Candidate
from firstdose.domain.referral.frequency import hours_between

_ABBREVIATIONS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
_UNITS = {"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}
_ONCE_IN = {"d": "a day", "wk": "a week", "mo": "a month", "a": "a year"}
_PLACES = ("dayOfWeek", "timeOfDay", "when")


def frequencies(instruction: object) -> list[Candidate[str]]:
    """What the code and the numbers say; both, where they do not say the same."""
    timing = dig(instruction, "timing")
    told = [one for one in (_coded(dig(timing, "code")), _counted(dig(timing, "repeat"))) if one]
    hours = {hours_between(one) for one in told}
    same = told[:1] if len(hours) == 1 and None not in hours else told
    return [Candidate(f"{one} as needed" if _is_as_needed(instruction) else one) for one in same]


def _is_as_needed(instruction: object) -> bool:
    return dig(instruction, "asNeededBoolean") is True or bool(dig(instruction, "asNeededCodeableConcept"))


def _coded(concept: object) -> str | None:
    """An abbreviation counts by its code system only; another code's words are read as words."""
    known = min((code for system, code in codings(concept) if system == _ABBREVIATIONS), default=None)
    return known or wording(concept) or as_sent(concept)


def _counted(repeat: object) -> str | None:
    """`every 8 hours`, `3 times a day`; with the days and times where the numbers do not tell all."""
    period, unit, times = dig(repeat, "period"), text(repeat, "periodUnit") or "", dig(repeat, "frequency") or 1
    if not plain(period) or unit not in _UNITS or not isinstance(times, int):
        return _placed(repeat) or None
    often, span = _range(times, dig(repeat, "frequencyMax")), _range(period, dig(repeat, "periodMax"))
    if "to" in often + span:
        return f"{often} times every {span} {_UNITS[unit]}s"
    told = _plainly(times, period, unit)
    says_all = (
        times == 1 and sum(len(dig(repeat, name) or []) for name in _PLACES) <= 1 and not dig(repeat, "dayOfWeek")
    )
    return told if says_all else f"{told} {_placed(repeat)}".strip()


def _plainly(times: int, period: float, unit: str) -> str:
    if unit == "h" and period % times == 0:
        return f"every {plain(period // times)} hours"
    if unit == "d" and times == 1 and period * 24 == int(period * 24) and period != int(period):
        return f"every {plain(int(period * 24))} hours"
    if times == 1:
        return f"every {plain(period)} {_UNITS[unit]}s"
    if period == 1 and unit in _ONCE_IN:
        return f"{times} times {_ONCE_IN[unit]}"
    return f"{times} times every {plain(period)} {_UNITS[unit]}s"


def _range(low: object, high: object) -> str:
    return f"{plain(low)} to {plain(high)}" if plain(high) else str(plain(low))


def _placed(repeat: object) -> str:
    """`on mon fri at 08:00:00`, as they were sent."""
    told = {name: [str(one) for one in dig(repeat, name) or [] if isinstance(one, str)] for name in _PLACES}
    on, at = told["dayOfWeek"], [*told["timeOfDay"], *told["when"]]
    return " ".join(part for part in (f"on {' '.join(on)}" if on else "", f"at {' '.join(at)}" if at else "") if part)
