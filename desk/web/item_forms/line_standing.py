"""The lines of a work item as they stand: what was asked for, and what the payer has said of it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from markupsafe import Markup

from desk.web.item_forms.payer_lines import line_words
from desk.web.times import day_text
from desk.web.words import words
from firstdose.domain.authorization.lines import LineState


def standing_lines(lines: Iterable[Mapping[str, Any]]) -> Markup:
    """Each on a line of its own."""
    return Markup("<br>").join(". ".join(filter(None, (line_words(line), ", ".join(_said(line))))) for line in lines)


def _said(line: Mapping[str, Any]) -> Iterator[str]:
    if line.get("state"):
        yield words(LineState(line["state"]))
    if line.get("authorized_units") is not None:
        yield f"{line['authorized_units']} units authorized"
    if line.get("number"):
        yield f"number {line['number']}"
    for name, word in (("valid_from", "from"), ("valid_to", "to")):
        if line.get(name):
            yield f"{word} {day_text(date.fromisoformat(line[name]))}"
    if line.get("reason_code"):
        yield f"reason code {line['reason_code']}"
