"""How answers look on a terminal: calm tables, times as people say them, or the JSON as it came."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NOTHING = "—"
_SCRIPTS_WIDTH = 200
_STEPS = ((timedelta(days=2), "d"), (timedelta(hours=2), "h"), (timedelta(minutes=2), "min"))
_UNIT = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1)}


@cache
def console() -> "Console":
    """Standard output. A script that reads it gets lines that no terminal width has cut."""
    from desk.cli.closed_pipe import PipedConsole

    return PipedConsole(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else _SCRIPTS_WIDTH)


def as_json(answer: object) -> None:
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def line(line: str) -> None:
    """One line for the person; what is in it is never read as markup."""
    console().print(line, markup=False)


def table(columns: Sequence[str], rows: Iterable[Sequence["str | Text"]], *, empty: str) -> None:
    """The rows under their columns, or the line `empty` when there are none."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    if shown.row_count:
        console().print(shown)
    else:
        line(empty)


def fields(values: Mapping[str, "str | Text"]) -> None:
    """One thing, a line for each of its fields."""
    from rich.table import Table
    from rich.text import Text

    shown = Table.grid(padding=(0, 2, 0, 0))
    for name, value in values.items():
        shown.add_row(Text(name, style="dim"), Text(value) if isinstance(value, str) else value)
    console().print(shown)


def heading(text: str) -> None:
    from rich.text import Text

    console().print(Text(f"\n{text}", style="bold"))


def text_of(value: object) -> str:
    """Codes as people read them: a list with commas, nothing as a dash."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(text_of(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text_of(each)}" for name, each in value.items() if each is not None) or NOTHING
    return str(value)


def due(moment: str | None, now: datetime) -> "Text":
    """`in 3 h`, or `2 d overdue` marked."""
    from rich.text import Text

    if not moment:
        return Text(NOTHING)
    left = instant(moment) - now
    if left < timedelta():
        return Text(f"{span(-left)} overdue", style="bold red")
    return Text(f"in {span(left)}", style="yellow" if left < timedelta(hours=2) else "")


def span(time: timedelta) -> str:
    """A duration in its largest fitting unit: `3 d`, `26 h`, `40 min`."""
    for least, unit in _STEPS:
        if time >= least:
            return f"{time // _UNIT[unit]} {unit}"
    return "1 min" if time >= timedelta(minutes=1) else "under 1 min"


def clock(moment: str | None) -> str:
    """The moment on this machine's clock, to the minute."""
    return instant(moment).astimezone().strftime("%Y-%m-%d %H:%M") if moment else NOTHING


def instant(moment: str) -> datetime:
    """An ISO 8601 moment; without an offset it is UTC."""
    read = datetime.fromisoformat(moment)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def outcome(verb: str, answer: Mapping[str, Any]) -> None:
    """What became of an action: done, or stored and on its way."""
    if answer.get("status") == "pending":
        line(f"{verb}: stored; it is applied as soon as the process answers")
    elif answer.get("status") == "parked":
        line(f"{verb}: stored, but not taken by the process: see `firstdose undelivered list`")
    else:
        line(f"{verb}: done")
