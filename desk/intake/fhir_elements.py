"""FHIR elements as plain dictionaries, read leniently: an element that is not there or not of its shape is None."""

from decimal import Decimal
from typing import Any, TypeVar

from desk.intake.fhir_days import first_day, last_day
from firstdose.domain.referral.choice import Candidate
from firstdose.domain.referral.nothing import is_nothing

Resource = dict[str, Any]
V = TypeVar("V")
UCUM = "http://unitsofmeasure.org"
_REASONS_FOR_NONE = (
    "http://terminology.hl7.org/CodeSystem/data-absent-reason",
    "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
)


def dig(node: object, *steps: str | int) -> Any:
    """The element at the end of the steps, or None."""
    for step in steps:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def each(node: object, *steps: str | int) -> list[Resource]:
    """The objects in the list at the end of the steps."""
    found = dig(node, *steps)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(node: object, *steps: str | int) -> str | None:
    found = dig(node, *steps)
    return found if isinstance(found, str) and found.strip() else None


def fact(node: object, *steps: str | int) -> str | None:
    """A text that is no placeholder for one."""
    found = text(node, *steps)
    return None if found is None or is_nothing(found) else found


def joined(parts: object) -> str | None:
    if not isinstance(parts, list):
        return None
    return " ".join(part for part in parts if isinstance(part, str) and not is_nothing(part)) or None


def codings(concept: object) -> list[tuple[str, str]]:
    """The (system, code) pairs of a CodeableConcept, without codes that say why there is none."""
    told = [coding for coding in each(concept, "coding") if text(coding, "system") not in _REASONS_FOR_NONE]
    return [(text(coding, "system") or "", code) for coding in told if (code := text(coding, "code"))]


def code_candidates(concept: object, *systems: str) -> list[Candidate[str]]:
    """The codes of these systems, one that a person selected before others."""
    told = [coding for coding in each(concept, "coding") if text(coding, "system") in systems]
    return [Candidate(code, fit=_selected(coding)) for coding in told if (code := text(coding, "code"))]


def code_in(concept: object, *systems: str) -> str | None:
    """A code of one of these systems."""
    return min((code for system, code in codings(concept) if system in systems), default=None)


def wording(concept: object) -> str | None:
    """What a person would read: the text, or the display of a coding, whatever the order in which they stand."""
    told = [coding for coding in each(concept, "coding") if text(coding, "system") not in _REASONS_FOR_NONE]
    shown = [(_selected(coding), text(coding, "system") or "", text(coding, "display") or "") for coding in told]
    return text(concept, "text") or min((one for one in shown if one[2]), default=(0, "", None))[2]


def as_sent(concept: object) -> str | None:
    """For a question: the wording, or the bare codes."""
    return wording(concept) or ", ".join(sorted(code for _, code in codings(concept))) or None


def _selected(coding: Resource) -> int:
    return 0 if coding.get("userSelected") is True else 1


def plain(number: object) -> str | None:
    """`1`, `0.75`, `1250000`: as people write the number."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    written = format(Decimal(str(number)), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def unit_of(quantity: object) -> str | None:
    """The unit's UCUM code, or its words where the code is of another system."""
    code = text(quantity, "code") if text(quantity, "system") in (None, UCUM) else None
    return code or text(quantity, "unit")


def candidate(value: V, element: object, *, fit: int = 0, affirmed: bool = True) -> Candidate[V]:
    """The value, as long as the element's `period` lasts."""
    begins, ends = first_day(dig(element, "period", "start")), last_day(dig(element, "period", "end"))
    return Candidate(value, affirmed=affirmed, begins=begins, ends=ends, fit=fit)
