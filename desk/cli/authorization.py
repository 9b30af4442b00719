"""Authorization on a terminal: requested against authorized, line by line, and the requests with their clocks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from desk.cli import display

if TYPE_CHECKING:
    from rich.text import Text

_LINES = ("LINE", "CODE", "STATE", "REQUESTED", "AUTHORIZED", "NUMBER", "ANSWERED")
_REQUESTS = ("PAYER", "CHANNEL", "TRACE", "LINES", "SENT", "CLOCK")


def show_lines(lines: Sequence[Mapping[str, Any]], requested: Mapping[str, Any] | None) -> None:
    rows = (
        (
            display.text_of(line.get("sequence")),
            display.text_of(line.get("code")),
            display.text_of(line.get("state")),
            _requested(line, requested or {}),
            authorized(line),
            display.text_of(line.get("number")),
            display.clock(line.get("answered_at")),
        )
        for line in lines
    )
    display.table(_LINES, rows, empty="no lines yet")


def authorized(line: Mapping[str, Any]) -> "Text":
    """Units and days that the payer gave, each marked where it is not what was asked for."""
    from rich.text import Text

    units, days = line.get("authorized_units"), _days(line.get("valid_from"), line.get("valid_to"))
    given = {"units": f"{units} units" if units is not None else "", "period": days}
    differs = line.get("differs") or ()
    parts = [
        Text(f"≠ {value}", style="bold yellow") if name in differs else Text(value)
        for name, value in given.items()
        if value
    ]
    return Text(", ").join(parts) if parts else Text(display.NOTHING)


def show_requests(requests: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The newest first; without a request nothing is shown."""
    if not requests:
        return
    display.heading("Requests")
    rows = (
        (
            request["payer"],
            request["channel"],
            display.text_of(request.get("trace")),
            display.text_of([line["sequence"] for line in lines if line.get("contact") == request["contact"]]),
            display.clock(request["sent_at"]),
            _came_of(request, now),
        )
        for request in reversed(requests)
    )
    display.table(_REQUESTS, rows, empty="")


def running(clock: Mapping[str, Any] | None, now: datetime) -> "Text":
    """`in 3 h by Part B drug (42 CFR 422.568), paused since 2026-03-02 09:30`."""
    from rich.text import Text

    if not clock or not clock.get("rule"):
        return Text("no rule sets a time")
    by = f" by {clock['rule']}" + (f" ({clock['citation']})" if clock.get("citation") else "")
    shown = display.due(clock.get("due_at"), now) + Text(by)
    for name, text in (("paused_since", "paused since"), ("extended_at", "extended on")):
        if clock.get(name):
            shown += Text(f", {text} {display.clock(clock[name])}", style="yellow")
    return shown


def _requested(line: Mapping[str, Any], days: Mapping[str, Any]) -> str:
    asked = (f"{line['units']} units" if line.get("units") is not None else "", _days(**days) if days else "")
    return ", ".join(filter(None, asked)) or display.NOTHING


def _days(first: str | None, last: str | None) -> str:
    return f"{first or '…'} to {last or '…'}" if first or last else ""


def _came_of(request: Mapping[str, Any], now: datetime) -> "Text":
    from rich.text import Text

    if request.get("withdrawn"):
        return Text("withdrawn", style="dim")
    if not request.get("decided_at"):
        return running(request.get("clock"), now)
    late = (request.get("clock") or {}).get("phase") == "missed"
    shown = Text(f"decided {display.clock(request['decided_at'])}")
    return shown + Text(", too late", style="bold red") if late else shown
