"""Tables that a pharmacy edits in files: read row by row, taken over as a whole or not at all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import starmap
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditTrail
from firstdose.adapters.postgres.pool import Connection


class FileRow(NamedTuple):
    """A row of a file, and the line that it begins on; `problem` is set if the row cannot be read at all."""

    line: int
    values: Any
    problem: str | None = None


class RowProblem(NamedTuple):
    """What is wrong with a row, and its line; rows that come from no file count from 1.

    Names fields, never repeats values.
    """

    line: int
    problem: str


class ImportReport(BaseModel):
    """What an import did. With any problem it did nothing."""

    model_config = ConfigDict(frozen=True)

    changed: int = 0
    """Rows that are new or not as they were."""
    unchanged: int = 0
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True)
class Importer:
    """Who imports which file, for the audit: an id, and the SHA-256 of the file's bytes in hex."""

    audit: AuditTrail
    actor: str
    sha256: str


async def report_import(
    connection: Connection, register: str, by: Importer | None, written: Iterable[object | None]
) -> ImportReport:
    """What was done to each row, None for one that was as it should be; with an importer it is audited, too."""
    rows = [each is not None for each in written]
    report = ImportReport(changed=sum(rows), unchanged=len(rows) - sum(rows))
    if by is not None:
        await by.audit.write(
            connection,
            SYSTEM_CHAIN,
            at=datetime.now(UTC),
            actor=by.actor,
            action=f"{register}_imported",
            details={"sha256": by.sha256, "changed": report.changed, "unchanged": report.unchanged},
        )
    return report


class RefusedRows(ValueError):
    """The rows cannot be taken over."""

    def __init__(self, problems: list[RowProblem]) -> None:
        super().__init__("the file has rows with problems")
        self.report = ImportReport(problems=tuple(problems))


Checked = TypeVar("Checked", bound=BaseModel)


def read_rows(model: type[Checked], rows: Iterable[Any], *, key: Callable[[Checked], object]) -> list[Checked]:
    """The rows (each as it is, or a FileRow), checked one by one; no two may have the same key. Raises RefusedRows."""
    read: dict[object, tuple[int, Checked]] = {}
    problems: list[RowProblem] = []
    for row in starmap(_placed, enumerate(rows, start=1)):
        if row.problem:
            problems.append(RowProblem(row.line, row.problem))
            continue
        try:
            checked = model.model_validate(row.values)
        except ValidationError as error:
            problems += [RowProblem(row.line, _problem_text(each)) for each in error.errors(include_input=False)]
            continue
        first, _ = read.setdefault(key(checked), (row.line, checked))
        if first != row.line:
            problems.append(RowProblem(row.line, f"has the same key as line {first}"))
    if problems:
        raise RefusedRows(problems)
    return [checked for _, checked in read.values()]


def _placed(number: int, row: Any) -> FileRow:
    return row if isinstance(row, FileRow) else FileRow(number, row)


def _problem_text(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    what = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
