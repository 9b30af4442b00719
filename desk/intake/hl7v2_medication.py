"""From HL7 v2: each medication that is ordered, from its RXO or RXE, RXR and TQ1."""

from collections.abc import Iterable, Iterator, Mapping

from desk.intake.draft import Draft
from desk.intake.hl7v2_choice import take
from desk.intake.hl7v2_groups import OrderGroup
from desk.intake.hl7v2_message import Hl7Segment
from desk.intake.hl7v2_time import date_of
from firstdose.domain.referral.amounts import read_dose, read_duration
from firstdose.domain.referral.choice import Candidate
from firstdose.domain.referral.frequency import frequency_code

_SYSTEMS = {
    **dict.fromkeys(("HCPCS", "HPC", "HCPT", "2.16.840.1.113883.6.285"), "hcpcs"),
    **dict.fromkeys(("NDC", "2.16.840.1.113883.6.69"), "ndc"),
    **dict.fromkeys(("RXNORM", "RXN", "2.16.840.1.113883.6.88"), "rxnorm"),
}
_ROUTES = {
    **dict.fromkeys(("IV", "IVP", "IVPB", "INTRAVENOUS", "INTRAVENOUSLY", "47625008"), "IV"),
    **dict.fromkeys(("SC", "SQ", "SUBQ", "SUBCUT", "SUBCUTANEOUS", "SUBCUTANEOUSLY", "34206005"), "SC"),
    **dict.fromkeys(("IM", "INTRAMUSCULAR", "INTRAMUSCULARLY", "78421000"), "IM"),
}
"""Table 0162, SNOMED CT, and words."""
_PATTERN_CODES = {"C": "continuous", "CONT": "continuous", "U": ""}
_PATTERN_UNITS = {"h": "hours", "hr": "hours", "hour": "hours", "d": "days", "day": "days", "wk": "weeks", "w": "weeks"}
_QUANTITY_UNITS = {"D": "days", "W": "weeks", "X": "doses"}
_FIELDS: Mapping[str, tuple[int, int, int, int]] = {"RXO": (1, 2, 3, 4), "RXE": (2, 3, 4, 5)}
"""Of a drug: its code, the least and the most that is given, the unit."""


def map_medication(draft: Draft, group: OrderGroup, at: str, frequencies: Iterable[str], days: Iterable[str]) -> None:
    """`frequencies` and `days` are what observations tell of the only medication."""
    for drug in group.drugs:
        _map_drug(draft, drug, at)
    doses = [dose for drug in group.drugs if (dose := _dose(drug))]
    draft.put(f"{at}.dose", next(iter(doses), None), "RXO-2")
    route = take(draft, f"{at}.route", (Candidate(route) for told in group.every("RXR") if (route := _route(told))))
    draft.put(f"{at}.route", route, "RXR-1")
    frequency = take(draft, f"{at}.frequency", _frequencies(group, frequencies))
    draft.put(f"{at}.frequency", frequency, "TQ1-3")
    durations = [*_durations(group), *map(_told_days, days)]
    draft.put(f"{at}.duration", take(draft, f"{at}.duration", durations, shown=_shown), "TQ1-6")


def drug_name(drug: Hl7Segment) -> str:
    """The words; a code without a system may be one."""
    number = _FIELDS[drug.name][0]
    words = drug.get(number, 2) or drug.get(number, 5) or drug.get(number, 9)
    return words or ("" if drug.get(number, 3) else drug.get(number))


def _map_drug(draft: Draft, drug: Hl7Segment, at: str) -> None:
    """The first of RXO and RXE that says a fact; a code counts by its system."""
    number = _FIELDS[drug.name][0]
    if draft.has(f"{at}.drug"):
        return
    draft.put(f"{at}.drug.name", drug_name(drug), drug.at(number))
    told: dict[str, list[Candidate[str]]] = {}
    for code, system in ((1, 3), (4, 6)):
        kind = _SYSTEMS.get(drug.get(number, system).upper())
        if kind and drug.get(number, code):
            told.setdefault(kind, []).append(Candidate(drug.get(number, code)))
    for kind, codes in told.items():
        taken = take(draft, f"{at}.drug.{kind}", codes)
        draft.put(f"{at}.drug.{kind}", taken, drug.at(number))


def _dose(drug: Hl7Segment) -> str | None:
    """A least and a most that differ make a range, and an amount without a unit stays one: both are asked about."""
    _, least, most, unit = _FIELDS[drug.name]
    told, upper = drug.get(least), drug.get(most)
    amount = f"0{told}" if told.startswith(".") else told
    if not amount:
        return None
    if upper and upper != told:
        amount = f"{amount}-{upper}"
    spellings = [f"{amount} {words}" for words in (drug.get(unit, 2), drug.get(unit)) if words]
    return next((one for one in spellings if read_dose(one)), next(iter(spellings), amount))


def _route(told: Hl7Segment) -> str:
    """One that is not known stays as it came, to be asked about."""
    for component in (1, 2, 4, 5):
        if route := _ROUTES.get(told.get(1, component).upper().removesuffix(" ROUTE").removesuffix(" USE")):
            return route
    return told.get(1, 2) or told.get(1)


def _frequencies(group: OrderGroup, others: Iterable[str]) -> Iterator[Candidate[str]]:
    """Spellings of one frequency are one."""
    spelled: dict[str, str] = {}
    for told, until in _patterns(group):
        yield Candidate(spelled.setdefault(frequency_code(told) or told, told), ends=date_of(until))
    for told in others:
        yield Candidate(spelled.setdefault(frequency_code(told) or told, told))


def _patterns(group: OrderGroup) -> Iterator[tuple[str, str]]:
    """Each repeat pattern with the end of its time."""
    found = False
    for timing in group.every("TQ1"):
        for repetition in timing.repetitions(3):
            if told := _pattern(timing, repetition):
                found = True
                yield told, timing.get(8)
    if not found:
        for segment, number in _old_timings(group):
            if told := segment.get(number, 2, 1, 1):
                yield _PATTERN_CODES.get(told.upper(), told), ""


def _pattern(timing: Hl7Segment, repetition: int) -> str:
    """RPT: code^calendar alignment^^^period^unit. Words and period count where the code is not understood."""
    code = timing.get(3, 1, repetition, 1)
    code = _PATTERN_CODES.get(code.upper(), code)
    amount, unit = timing.get(3, 5, repetition), _PATTERN_UNITS.get(timing.get(3, 6, repetition, 1).lower())
    period = f"every {amount} {unit}" if amount and unit else ""
    told = [code, timing.get(3, 1, repetition, 2), timing.get(3, 2, repetition), period]
    return next((one for one in told if one and frequency_code(one)), code or period)


def _durations(group: OrderGroup) -> Iterator[Candidate[object]]:
    for timing in group.every("TQ1"):
        amount, unit = timing.get(6), timing.get(6, 2, 1, 1)
        if amount:
            told: object = read_duration(amount, unit) or f"{amount} {unit}".strip()
        else:
            told = read_duration(timing.get(14), "doses")
        if told:
            yield Candidate(told, ends=date_of(timing.get(8)))
    if not group.every("TQ1"):
        for segment, number in _old_timings(group):
            told = segment.get(number, 3)
            if told:
                yield Candidate(read_duration(told[1:], _QUANTITY_UNITS.get(told[0].upper())) or told)


def _told_days(told: str) -> Candidate[object]:
    return Candidate(read_duration(told, "d") or told)


def _old_timings(group: OrderGroup) -> Iterator[tuple[Hl7Segment, int]]:
    """ORC-7 and RXE-1, TQ: quantity^interval^duration, before TQ1 took its place."""
    for name, number in (("ORC", 7), ("RXE", 1)):
        for segment in group.every(name):
            yield segment, number


def _shown(duration: object) -> str:
    return f"{duration['value']} {duration['unit']}" if isinstance(duration, Mapping) else str(duration)
