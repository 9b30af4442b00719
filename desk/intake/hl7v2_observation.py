"""From the OBX of HL7 v2: the weight, documents, and the facts of ours that HL7 v2 has no field for."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import date

from desk.intake.codes import BODY_WEIGHT, CLINICAL_NOTES
from desk.intake.draft import Draft
from desk.intake.hl7v2_choice import certainty, is_void, take
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_time import day, instant, zone_of
from desk.intake.units import kilograms
from firstdose.domain.referral.choice import Candidate, choose
from firstdose.domain.referral.question import QuestionReason

OURS = "FIRSTDOSE"
FACTS = {
    "therapy": "order.therapy",
    "frequency": "order.frequency",
    "duration_days": "order.duration_days",
    "access_device": "order.access_device",
    "pump": "order.pump",
    "site": "order.site",
    "first_dose_given": "order.first_dose_given",
    "needs_nursing": "order.needs_nursing",
    "signed_on": "order.signed_on",
    "requested_start": "order.requested_start",
    "anaphylaxis_kit_ordered": "order.anaphylaxis_kit_ordered",
    "benefits_check_only": "benefits_check_only",
}
"""OBX-3.1 with the coding system FIRSTDOSE in OBX-3.3; OBX-5 is the value, Y or N for a flag, YYYYMMDD for a day."""
_ELSEWHERE = frozenset({"order.frequency", "order.duration_days", "order.requested_start"})
"""What other segments tell, too."""
_FLAGS = {"Y": True, "YES": True, "TRUE": True, "N": False, "NO": False, "FALSE": False}
_FLAG_FACTS = ("first_dose_given", "needs_nursing", "kit_ordered", "check_only")
_WEIGHTS = {BODY_WEIGHT: 0, "3141-9": 0, "3142-7": 1, "8335-2": 2}
"""LOINC: body weight, measured, stated, estimated."""
_WEIGHT_WORDS = frozenset({"body weight", "weight", "patient weight", "weight measured", "body weight measured"})
_LOINC = frozenset({"", "LN", "LOINC", "2.16.840.1.113883.6.1"})
_MEDIA = {"ap": "application", "im": "image", "tx": "text", "ft": "text"}


class ToldFacts:
    """The facts of ours, each with the values that the message has for it."""

    def __init__(self, er7: Er7) -> None:
        self._told: dict[str, list[Candidate[object]]] = {}
        zone = zone_of(er7.first("MSH").get(7))
        for observation in er7.every("OBX"):
            path = FACTS.get(observation.get(3).lower()) if observation.get(3, 3) == OURS else None
            if path and observation.get(5):
                candidate = _measured(observation, _value(path, observation.get(5)), zone)
                self._told.setdefault(path, []).append(candidate)

    def candidates(self, path: str) -> list[Candidate[object]]:
        return self._told.get(path, [])

    def best(self, path: str, today: date) -> list[str]:
        """The value that counts, as text, or several that are equal."""
        choice = choose(self.candidates(path), today)
        return [str(value) for value in (choice.value, *choice.equals) if value is not None]

    def put_all(self, draft: Draft) -> None:
        for path, candidates in self._told.items():
            if path not in _ELSEWHERE:
                draft.put(path, take(draft, path, candidates), f"OBX {path.rpartition('.')[2]}")


def map_observations(draft: Draft, er7: Er7) -> None:
    _map_weight(draft, er7)
    draft.put("documents", None, "OBX-5")
    documents = [one for one in er7.every("OBX") if one.get(2) == "ED" and not is_void(one)]
    for index, one in enumerate(sorted(documents, key=lambda one: one.number(1, otherwise=99_999))):
        _map_document(draft, one, f"documents[{index}]")


def _measured(observation: Hl7Segment, value: object, zone: str, fit: int = 0) -> Candidate[object]:
    """Final before preliminary, then the newest by OBX-14, or OBX-19 where that is silent."""
    stated = instant(observation.get(14) or observation.get(19), zone)
    return Candidate(value, affirmed=not is_void(observation), fit=certainty(observation) * 10 + fit, stated=stated)


def _value(path: str, told: str) -> object:
    if path.endswith(_FLAG_FACTS):
        return _FLAGS.get(told.upper(), told)
    if path in ("order.signed_on", "order.requested_start"):
        return day(told)
    return told.lower().replace("-", "_").replace(" ", "_") if path in ("order.therapy", "order.site") else told


def _map_weight(draft: Draft, er7: Er7) -> None:
    """One whose unit is not known says nothing, and an older one in its place would be a guess: a person is asked."""
    zone = zone_of(er7.first("MSH").get(7))
    taken = take(draft, "patient.weight_kg", _weights(er7, zone), shown=_shown)
    match taken:
        case (float() as weight, weighed_on):
            draft.put("patient.weight_kg", weight, "OBX-5")
            draft.put("patient.weighed_on", weighed_on, "OBX-14")
        case (told, _):
            draft.ask("patient.weight_kg", QuestionReason.NOT_UNDERSTOOD, [told])


def _weights(er7: Er7, zone: str) -> Iterator[Candidate[object]]:
    for observation in er7.every("OBX"):
        fit = _weight_fit(observation)
        if fit is None:
            continue
        for repetition in observation.repetitions(5):
            if told := _number_and_unit(observation, repetition):
                weight = kilograms(*told)
                value = float(weight) if isinstance(weight, int | float) else " ".join(told).strip()
                yield _measured(observation, (value, day(observation.get(14))), zone, fit)


def _weight_fit(observation: Hl7Segment) -> int | None:
    """By LOINC, else by exact words: an ideal or a birth weight is no weight to dose by."""
    for code, system in ((1, 3), (4, 6)):
        if observation.get(3, system).upper() in _LOINC and observation.get(3, code) in _WEIGHTS:
            return _WEIGHTS[observation.get(3, code)]
    coded = observation.get(3) and observation.get(3, 3).upper() in _LOINC - {""}
    words = {observation.get(3, component).lower() for component in (1, 2, 5)}
    return 1 if not coded and words & _WEIGHT_WORDS else None


def _number_and_unit(observation: Hl7Segment, repetition: int) -> tuple[str, str] | None:
    """A number (NM, ST) or a structured one (SN: comparator^number); the unit in OBX-6, or behind the number."""
    comparator, number = (observation.get(5, component, repetition) for component in (1, 2))
    told = number if number and comparator in ("", "=") else f"{comparator} {number}".strip()
    amount, _, behind = told.partition(" ")
    unit = observation.get(6)
    return ((told, unit) if unit or not behind else (amount, behind)) if told else None


def _shown(weight: object) -> object:
    """The value without its day."""
    told = weight[0] if isinstance(weight, tuple) else weight
    return f"{told:g} kg" if isinstance(told, float) else told


def _map_document(draft: Draft, observation: Hl7Segment, at: str) -> None:
    """An ED: source ^ type ^ subtype ^ encoding ^ data."""
    is_note = observation.get(3) in CLINICAL_NOTES and observation.get(3, 3).upper() in _LOINC
    known = observation.get(3).lower() if observation.get(3, 3) == "FIRSTDOSE-DOC" else "other"
    draft.put(f"{at}.kind", "clinical_note" if is_note else known, observation.at(3))
    media, kind = observation.get(5, 2).lower(), observation.get(5, 3).lower()
    content_type = "/".join(part for part in (_MEDIA.get(media, media), kind) if part)
    draft.put(f"{at}.content_type", content_type, observation.at(5))
    draft.put(f"{at}.title", observation.get(3, 2), observation.at(3))
    draft.put(f"{at}.data", _data(observation), observation.at(5))


def _data(observation: Hl7Segment) -> str | None:
    """In Base64, which may come with line breaks. Text and hexadecimal bytes are the other encodings of an ED."""
    told = observation.get(5, 5)
    match observation.get(5, 4).lower():
        case "base64":
            return "".join(told.split())
        case "hex":
            return _from_hex("".join(told.split()))
        case "a":
            return b64encode(told.encode()).decode() if told else None
    return None


def _from_hex(told: str) -> str:
    try:
        return b64encode(bytes.fromhex(told)).decode()
    except ValueError:
        return told
