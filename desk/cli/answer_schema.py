"""`schema`: what may be answered to a kind of work item, outcome by outcome and field by field, in words."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from cyclopts import Parameter

from desk.cli import display
from desk.cli.answer_words import FIELDS, OUTCOMES
from desk.cli.options import AsJson, Code
from firstdose.domain.work.work_item import WorkItemKind

_FORMS: Final = "date-time: 2026-12-03T15:00:00-06:00, with the offset from UTC; date: 2026-12-03"

Schema = Mapping[str, Any]
Kind = Annotated[WorkItemKind, Code, Parameter(help="The kind of work item, as `firstdose work` shows it.")]


def schema(kind: Kind, /, *, as_json: AsJson = False) -> None:
    """Show what may be answered to a kind of work item. One item may allow less: `firstdose resolve ITEM --schema`."""
    from firstdose.domain.work.resolutions import OF_KIND

    answer = OF_KIND[kind].model_json_schema()
    if as_json:
        display.as_json(answer)
    else:
        display.line(f"An answer to {kind}:")
        show_answer(answer)


def show_answer(answer: Schema) -> None:
    """The JSON schema of an answer, for a person."""
    rows = [(code, OUTCOMES.get(code, "")) for code in outcomes(answer)]
    if rows:
        display.table(("OUTCOME", "MEANS"), rows, empty="")
        display.line("")
    display.table(("FIELD", "", "IS", "MEANS"), fields_of(answer, answer.get("$defs", {})), empty="")
    display.line(_FORMS)


def outcomes(answer: Schema) -> list[str]:
    """The codes, in their order."""
    field = _named(answer.get("properties", {}).get("outcome", {}), answer.get("$defs", {}))
    return list(field.get("enum") or [field[name] for name in ("const",) if name in field])


def fields_of(answer: Schema, named: Schema, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Path, whether it is needed, what it is, what it means; a list of objects as `lines[].units`."""
    for name, field in answer.get("properties", {}).items():
        where, needed = f"{path}{name}", "needed" if name in answer.get("required", ()) else ""
        parts, mark = _parts(field, named)
        means = FIELDS.get(where.replace("[]", "")) or display.text_of(field.get("description"))
        yield where, needed, _shape(field, named), means
        if parts:
            yield from fields_of(parts, named, f"{where}{mark}.")


def _parts(field: Schema, named: Schema) -> tuple[Schema | None, str]:
    """The object that the field holds, or many of; none for a simple value."""
    for each in (_named(field, named), *(_named(option, named) for option in field.get("anyOf", ()))):
        if "properties" in each:
            return each, ""
        if "items" in each and "properties" in (item := _named(each["items"], named)):
            return item, "[]"
    return None, ""


def _named(field: Schema, named: Schema) -> Schema:
    found: Schema = named[field["$ref"].rpartition("/")[2]] if "$ref" in field else field
    return found


def _shape(field: Schema, named: Schema) -> str:
    """A field of a JSON schema in few words; `named` holds what it refers to."""
    field = _named(field, named)
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "anyOf" in field:
        shapes = [_shape(each, named) for each in field["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(shapes))
    if "items" in field:
        return f"list of {_shape(field['items'], named)}"
    shape = str(field.get("const") or field.get("format") or field.get("type") or "object")
    return f"{shape}{_bounds(field)}"


def _bounds(field: Schema) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    if least is None and most is None:
        return ""
    return f", {least:g} or more" if most is None else f", {least or 0:g} to {most:g}"
