"""From FHIR: how much of a drug, by which route, how often and for how long, by `dosageInstruction`."""

from collections.abc import Iterator
from typing import Any

from desk.intake.codes import SNOMED
from desk.intake.draft import Draft
from desk.intake.fhir_days import first_day
from desk.intake.fhir_elements import Resource, as_sent, codings, dig, each, plain, text, unit_of, wording
from desk.intake.fhir_timing import frequencies
from desk.intake.units import days
from firstdose.domain.referral.choice import Candidate
from firstdose.domain.referral.question import QuestionReason

_V2_ROUTE = "http://terminology.hl7.org/CodeSystem/v2-0162"
_ROUTES = {
    (SNOMED, "47625008"): "IV",
    (SNOMED, "34206005"): "SC",
    (SNOMED, "78421000"): "IM",
    (_V2_ROUTE, "IV"): "IV",
    (_V2_ROUTE, "IVP"): "IV",
    (_V2_ROUTE, "IVPB"): "IV",
    (_V2_ROUTE, "SC"): "SC",
    (_V2_ROUTE, "IM"): "IM",
}
_ROUTE_WORDS = {
    "iv": "IV",
    "ivp": "IV",
    "ivpb": "IV",
    "iv push": "IV",
    "iv piggyback": "IV",
    "intravenous": "IV",
    "intravenously": "IV",
    "intravenous route": "IV",
    "intravenous use": "IV",
    "sc": "SC",
    "sq": "SC",
    "subq": "SC",
    "subcut": "SC",
    "subcutaneous": "SC",
    "subcutaneously": "SC",
    "subcutaneous route": "SC",
    "subcutaneous use": "SC",
    "im": "IM",
    "intramuscular": "IM",
    "intramuscularly": "IM",
    "intramuscular route": "IM",
    "intramuscular use": "IM",
}
_CALCULATED = ("http://terminology.hl7.org/CodeSystem/dose-rate-type", "calculated")
_AT = "MedicationRequest.dosageInstruction"

Told = tuple[Any, str]
"""What is understood, or None; and how it was told."""


def map_dosage(draft: Draft, medication: Resource, at: str) -> None:
    """Instructions that differ, such as a loading dose before the others, are a question in what they differ."""
    instructions = each(medication, "dosageInstruction")
    dose = _pick(draft, f"{at}.dose", [one for each_ in instructions for one in _doses(each_)])
    draft.put(f"{at}.dose", dose and dose["text"], f"{_AT}.doseAndRate")
    draft.put(f"{at}.dose_quantity", dose and dose.get("quantity"), f"{_AT}.doseAndRate")
    route = _pick(draft, f"{at}.route", [one for each_ in instructions for one in _routes(each_.get("route"))])
    draft.put(f"{at}.route", route, f"{_AT}.route")
    often = draft.pick(f"{at}.frequency", [one for each_ in instructions for one in frequencies(each_)])
    draft.put(f"{at}.frequency", often, f"{_AT}.timing")
    lengths = [Candidate(told, fit=0) for each_ in instructions for told in _lengths(dig(each_, "timing", "repeat"))]
    lengths += [Candidate(told, fit=1) for told in _supply(medication.get("dispenseRequest"))]
    length = _pick(draft, f"{at}.duration", lengths)
    draft.put(f"{at}.duration", length, f"{_AT}.timing.repeat.bounds")


def _pick(draft: Draft, path: str, told: list[Candidate[Told]]) -> Any:
    chosen = draft.pick(path, told, shown=lambda one: one[1])
    if chosen is None:
        return None
    if chosen[0] is None:
        draft.ask(path, QuestionReason.NOT_UNDERSTOOD, [chosen[1]])
    return chosen[0]


def _doses(instruction: Resource) -> Iterator[Candidate[Told]]:
    """As ordered rather than as calculated. An instruction that is only a text is not taken apart."""
    found = [one for one in each(instruction, "doseAndRate") if _amount(one)]
    for one in found:
        amount = _amount(one)
        if amount:
            yield Candidate(amount, fit=1 if _CALCULATED in codings(one.get("type")) else 0)
    sig = text(instruction, "text")
    if not found and sig:
        yield Candidate((None, sig), fit=2)


def _amount(dose: Resource) -> Told | None:
    quantity, of_range, rate = dose.get("doseQuantity"), dose.get("doseRange"), dose.get("rateQuantity")
    if isinstance(quantity, dict):
        return _quantity(quantity)
    if isinstance(of_range, dict):
        return None, " to ".join(_shown(dig(of_range, end)) for end in ("low", "high"))
    if isinstance(rate, dict):
        return _quantity(rate)
    ratio = dose.get("rateRatio") or dose.get("rateRange")
    return (None, " / ".join(_shown(part) for part in ratio.values())) if isinstance(ratio, dict) else None


def _quantity(quantity: Resource) -> Told:
    unit, value = text(quantity, "unit") or text(quantity, "code"), plain(quantity.get("value"))
    if not unit or not value or quantity.get("comparator"):
        return None, _shown(quantity)
    told = f"{value} {unit}"
    return {"text": told, "quantity": {"value": quantity["value"], "unit": unit}}, told


def _shown(quantity: object) -> str:
    unit = text(quantity, "unit") or text(quantity, "code")
    return " ".join(part for part in (text(quantity, "comparator"), plain(dig(quantity, "value")), unit) if part)


def _routes(concept: object) -> Iterator[Candidate[Told]]:
    known = {_ROUTES[pair] for pair in codings(concept) if pair in _ROUTES}
    word = _ROUTE_WORDS.get((wording(concept) or "").strip().lower())
    for route in sorted(known or ({word} if word else set())):
        yield Candidate((route, route))
    told = as_sent(concept)
    if not known and not word and told:
        yield Candidate((None, told))


def _lengths(repeat: object) -> Iterator[Told]:
    """By a duration, a period, or a number of doses."""
    for name in ("boundsDuration", "boundsRange"):
        told = dig(repeat, name)
        if isinstance(told, dict):
            yield _length(told) if name == "boundsDuration" else (None, " to ".join(map(_shown, told.values())))
    first, last = (first_day(dig(repeat, "boundsPeriod", end)) for end in ("start", "end"))
    if first and last:
        yield _of_days((last - first).days + 1)
    count, most = dig(repeat, "count"), dig(repeat, "countMax")
    if plain(count):
        shown = f"{plain(count)} doses"
        yield (None, f"{shown} to {plain(most)}") if plain(most) else ({"value": count, "unit": "doses"}, shown)


def _length(quantity: Resource) -> Told:
    length = None if quantity.get("comparator") else days(quantity.get("value"), unit_of(quantity))
    return _of_days(length) if isinstance(length, int) and length > 0 else (None, _shown(quantity))


def _of_days(length: int) -> Told:
    return {"value": length, "unit": "days"}, f"{length} days"


def _supply(dispense: object) -> Iterator[Told]:
    """How long the first supply lasts, which is not the whole therapy where there are refills."""
    supply, refills = dig(dispense, "expectedSupplyDuration"), dig(dispense, "numberOfRepeatsAllowed")
    if isinstance(supply, dict) and refills:
        yield None, f"{_shown(supply)} and {plain(refills)} refills"
    elif isinstance(supply, dict):
        yield _length(supply)
