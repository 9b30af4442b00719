"""Walks what we send over our own table of what the implementation guides demand (tests/data/x12/requirements.yaml)."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from firstdose.adapters.payers.x12.segments import Element, Segment

TABLE = Path(__file__).parents[1] / "data/x12/requirements.yaml"
Row = dict[str, Any]


@cache
def table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TABLE.read_text())
    return loaded


def rows() -> Iterator[Row]:
    for guide in table()["guides"].values():
        yield from guide["header"]
        for level in guide["levels"].values():
            yield from level["segments"]


def errors(body: Sequence[Segment], kind: str) -> list[str]:
    """What is wrong with the segments between ST and SE by the guide of `kind`; never what they hold."""
    guide = table()["guides"][kind]
    starts = [place for place, one in enumerate(body) if one.tag == "HL"]
    found = list(_walked("header", body[: starts[0]], guide["header"]))
    codes: dict[str, str] = {}
    for start, end in pairwise([*starts, len(body)]):
        hl = body[start]
        number, parent, code = (hl.value(place) for place in (1, 2, 3))
        if code not in guide["levels"]:
            found.append(f"HL {code}: no such level")
            continue
        level = guide["levels"][code]
        has_children = any(one.tag == "HL" and one.value(2) == number for one in body)
        if hl.value(4) != ("1" if has_children else "0"):
            found.append(f"HL {code}: HL04")
        if codes.get(parent, "") not in (level["parent"].split() or [""]):
            found.append(f"HL {code}: parent")
        codes[number] = code
        found += _walked(f"HL {code}", body[start + 1 : end], level["segments"])
    return found


def _walked(where: str, segments: Sequence[Segment], rows_: Sequence[Row]) -> Iterator[str]:
    place, counts = 0, [0] * len(rows_)
    for one in segments:
        fitting = [at for at, row in enumerate(rows_) if _fits(one, row)]
        if not fitting:
            yield f"{where}: {one.tag} is not in the guide"
            continue
        ahead = [at for at in fitting if at >= place]
        if not ahead:
            yield f"{where}: {one.tag} is out of order"
        place = (ahead or fitting)[0]
        counts[place] += 1
        yield from (f"{where}: {wrong}" for wrong in _elements(one, rows_[place]))
    for row, count in zip(rows_, counts, strict=True):
        if row.get("must") and not count:
            yield f"{where}: {row['segment']} is missing"
        if count > row["most"]:
            yield f"{where}: {row['segment']} comes too often"


def _fits(one: Segment, row: Row) -> bool:
    return one.tag == row["segment"] and ("when" not in row or one.value(1) in row["when"])


def _elements(one: Segment, row: Row) -> Iterator[str]:
    for number in row.get("needs", ()):
        if not one.value(number):
            yield f"{one.tag}{number:02} is missing"
    for number, element in enumerate(one.elements, start=1):
        if element == (("",),):
            continue
        if len(element) > 1 or not _allowed(element, row["elements"].get(number)):
            yield f"{one.tag}{number:02} is not as the guide says"


def _allowed(element: Element, rule: Any) -> bool:
    (components,) = element
    if isinstance(rule, dict):
        each = rule["composite"]
        return all(not part or _value(part, each.get(at)) for at, part in enumerate(components, start=1))
    return len(components) == 1 and _value(components[0], rule)


def _value(value: str, rule: Any) -> bool:
    if isinstance(rule, list):
        return value in rule
    return rule is not None and len(value) <= rule
