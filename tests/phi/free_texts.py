"""Answers to work items with a word of its own in every text that their models have, whatever fields they will get."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind

Json = dict[str, Any]
Word = Callable[[str], str]

_STEP = re.compile(r"[^.\[\]]+")
FACT_OF = {
    Role.INTAKE_COORDINATOR: "patient.caregiver.name",
    Role.CUSTOMER_SERVICE: "patient.caregiver.name",
    Role.REIMBURSEMENT_SPECIALIST: "coverages[0].group",
    Role.PHARMACIST: "order.pump",
}
"""A text among the facts that the role may change."""


def filled(kind: WorkItemKind, usual: Json, word: Word) -> Json:
    """The usual answer and a planted word in each text, also of parts that it leaves out."""
    schema = OF_KIND[kind].model_json_schema()
    answer: Json = _filled(schema, schema.get("$defs", {}), usual, word, "")
    if "facts" in answer and (fact := FACT_OF.get(ROLE_OF[kind])):
        return {**answer, "facts": {fact: word("facts")}}
    return {name: value for name, value in answer.items() if name != "facts"}


def restored(answer: Json, usual: Json, paths: Iterable[str]) -> Json:
    """The answer with what stands at these paths as the usual one has it, or gone."""
    for path in paths:
        answer = _restored(answer, usual, _STEP.findall(path))
    return answer


def _restored(answer: Any, usual: Any, steps: list[str]) -> Any:
    """Where the usual answer has no such part, the smallest thing around the place goes that can."""
    if not steps or answer is None:
        return usual
    if isinstance(answer, list):
        at = int(steps[0])
        if not isinstance(usual, list) or at >= len(usual):
            return usual
        return [_restored(each, usual[at], steps[1:]) if place == at else each for place, each in enumerate(answer)]
    known = usual.get(steps[0]) if isinstance(usual, dict) else None
    inner = _restored(answer.get(steps[0]), known, steps[1:])
    rest = {name: value for name, value in answer.items() if name != steps[0]}
    return rest if inner is None else {**rest, steps[0]: inner}


def _filled(schema: Json, defs: Json, usual: Any, word: Word, name: str) -> Any:
    schema = _meant(schema, defs)
    if "properties" in schema:
        known = usual if isinstance(usual, dict) else {}
        parts = {
            field: value
            for field, inner in schema["properties"].items()
            if (value := _filled(inner, defs, known.get(field), word, field)) is not None
            or field in schema.get("required", ())
        }
        return parts if usual is not None or _planted(parts) else None
    match schema.get("type"):
        case "string" if not schema.keys() & {"enum", "const", "format"}:
            return word(name)
        case "string" if usual is None:
            return schema.get("const") or next(iter(schema.get("enum", ())), None)
        case "array":
            each = [_filled(schema["items"], defs, one, word, name) for one in usual or [None]]
            return each if usual is not None or _planted(each) else None
        case "object":
            return {name: word(name)}
        case "integer":
            return schema.get("minimum", 1) if usual is None and "sequence" in name else usual
    return usual


def _meant(schema: Json, defs: Json) -> Json:
    """Behind references, and what it is when it is not null."""
    if "$ref" in schema:
        return _meant(defs[schema["$ref"].rpartition("/")[2]], defs)
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return _meant(options[-1], defs) if options else schema


def _planted(part: Any) -> bool:
    """Whether a word was planted in it: lines and requests are added for their texts, amounts and times are not."""
    if isinstance(part, dict):
        return any(map(_planted, part.values()))
    if isinstance(part, list):
        return any(map(_planted, part))
    return isinstance(part, str) and part.startswith("zq")
