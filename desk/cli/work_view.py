"""`work --view` and `work --find`: the worklist as the desk's page shows it, over the same service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from cyclopts import Parameter

from desk.cli import display
from desk.cli.data_file import read_bytes
from desk.cli.failure import Misuse
from desk.cli.options import Code, DataFile
from firstdose.domain.referral.order import TherapyKind
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Stage

_COLUMNS = (
    "NUMBER", "ITEM", "KIND", "DUE", "PATIENT", "THERAPY", "PAYER", "URGENCY", "STAGE", "AUTHORIZATION", "OWNER",
)  # fmt: skip


class ViewName(StrEnum):
    """As `WorkView`, which lies with the store that no command of staff loads."""

    START = "start"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    ROLE = "role"
    ALL = "all"
    OVERDUE = "overdue"
    DUE_TODAY = "due_today"
    EXPIRING = "expiring"
    WAITING = "waiting"


class SortName(StrEnum):
    """As `WorkSort`."""

    DUE = "due"
    DUE_LAST = "due_last"
    AGE = "age"
    URGENCY = "urgency"


View = Annotated[
    ViewName | None, Code, Parameter(help="A view of the desk's page of work; `start` is mine and unassigned.")
]
Find = Annotated[
    DataFile | None,
    Parameter(help="Find the referral that the first line of this file names; - is standard input. It is audited."),
]


@dataclass(frozen=True)
class ViewFilters:
    """What a view is narrowed to, and its order."""

    payer: Annotated[str | None, Parameter(help="Referrals with this payer, by its id; with --view.")] = None
    stage: Annotated[Stage | None, Code, Parameter(help="Referrals in this stage; with --view.")] = None
    therapy: Annotated[TherapyKind | None, Code, Parameter(help="Referrals with this therapy; with --view.")] = None
    waiting_for: Annotated[
        Role | WaitingFor | None,
        Code,
        Parameter(name="--waiting-for", help="Whom they wait for; with --view waiting."),
    ] = None
    sort: Annotated[SortName | None, Code, Parameter(help="The order; with --view.")] = None


def list_view(asked: Mapping[str, str | None], limit: int, *, acting_as: Role | None, as_json: bool) -> None:
    """The rows of a view, and how much there is in each."""
    from desk.cli.client import open_desk

    with open_desk(acting_as) as desk:
        rows = desk.pages("api", "work", most=limit, **asked)
        counts = {} if as_json else desk.get("api", "work", "counts")
    if as_json:
        display.as_json(rows)
        return
    _show(rows, empty="no work in this view")
    display.line(", ".join(f"{view}: {_counted(number)}" for view, number in counts.items()))


def find_referrals(file: DataFile, *, acting_as: Role | None, as_json: bool) -> None:
    """By number, id or its beginning, the source's number; name and birth date, phone, or member id."""
    from desk.cli.client import open_desk

    lines = read_bytes(file).decode("utf-8", errors="replace").splitlines()
    if not lines or not lines[0].strip():
        raise Misuse("the first line says what to look for; there is none")
    with open_desk(acting_as) as desk:
        rows = desk.post("api", "work", "search", body={"q": lines[0].strip()})
    if as_json:
        display.as_json(rows)
    else:
        _show(rows, empty="nothing was found")


def _show(rows: Iterable[Mapping[str, Any]], *, empty: str) -> None:
    now = datetime.now(UTC)
    display.table(_COLUMNS, (_row(row, now) for row in rows), empty=empty)


def _row(row: Mapping[str, Any], now: datetime) -> tuple[Any, ...]:
    outline = row["outline"]
    owner = row.get("assignee") or (f"any {row['role']}" if row.get("role") else None)
    return (
        row["number"],
        display.text_of(row.get("item")),
        display.text_of(row.get("kind")),
        display.due(row.get("due_at"), now),
        display.text_of(row.get("initials")),
        *(display.text_of(outline.get(name)) for name in ("therapy", "payer_id", "urgency")),
        f"{row['stage']}{_held(row)}",
        display.text_of([row["authorization"], *filter(None, [row.get("authorization_number")])]),
        display.text_of(owner),
    )


def _held(row: Mapping[str, Any]) -> str:
    if not row.get("on_hold"):
        return ""
    hold = row.get("hold") or {}
    until = f" until {display.clock(hold['until'])}" if hold.get("until") else ""
    return f" (on hold: {hold.get('reason', 'no reason is stored')}{until})"


def _counted(number: int) -> str:
    return "1,000+" if number > 1000 else str(number)
