"""What payers said in their own words, on a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from desk.cli import display

_COLUMNS = ("IN WORDS", "PAYER'S WORDS", "CODE", "FOLLOW-UP", "ABOUT", "LINE", "HOW MUCH", "WHEN", "SAID IN")


def show_remarks(remarks: Iterable[Mapping[str, Any]]) -> None:
    """Nothing where the payer said nothing."""
    rows = [
        (
            one["meaning"],
            " ".join(filter(None, (one.get("text"), one.get("number")))) or display.NOTHING,
            *(display.text_of(one.get(name)) for name in ("code", "follow_up", "about", "line")),
            _how_much(one),
            _when(one),
            f"{one['where']}, {display.clock(one['at'])}",
        )
        for one in remarks
    ]
    if rows:
        display.heading("The payer says")
        display.table(_COLUMNS, rows, empty="")


def show_wanted(documents: Iterable[Mapping[str, Any]]) -> None:
    """The documents that a payer asks for; nothing where it asks for none."""
    rows = [(one.get("words") or display.NOTHING, one["code"]) for one in documents]
    if rows:
        display.heading("The payer wants to see")
        display.table(("DOCUMENT", "CODE"), rows, empty="")


def _how_much(one: Mapping[str, Any]) -> str:
    quantity = " ".join(str(one[name]) for name in ("quantity", "unit") if one.get(name) is not None)
    amount = f"${one['amount']}" if one.get("amount") is not None else ""
    return ", ".join(filter(None, (quantity, amount))) or display.NOTHING


def _when(one: Mapping[str, Any]) -> str:
    first, last = one.get("starts_on"), one.get("ends_on")
    return f"{first or '…'} to {last or '…'}" if first or last else display.NOTHING
