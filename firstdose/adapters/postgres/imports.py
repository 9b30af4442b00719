"""Tables that a pharmacy edits in files: read row by row, taken over as a whole or not at all."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class Problem(NamedTuple):
    """What is wrong with a row; rows count from 1. Names fields, never repeats values."""

    row: int
    problem: str


class ImportReport(BaseModel):
    """What an import did. With any problem it did nothing."""

    model_config = ConfigDict(frozen=True)

    changed: int = 0
    """Rows that are new or not as they were."""
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()


class RefusedRows(ValueError):
    """The rows cannot be taken over."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("the file has rows with problems")
        self.report = ImportReport(problems=tuple(problems))


Checked = TypeVar("Checked", bound=BaseModel)


def read_rows(model: type[Checked], rows: Iterable[Any], *, key: Callable[[Checked], object]) -> list[Checked]:
    """The rows, checked one by one; no two may have the same key. Raises RefusedRows."""
    read: dict[object, Checked] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=1):
        try:
            checked = model.model_validate(row)
        except ValidationError as error:
            problems += [Problem(number, _words(each)) for each in error.errors(include_input=False)]
            continue
        if read.setdefault(key(checked), checked) is not checked:
            problems.append(Problem(number, "an earlier row has the same key"))
    if problems:
        raise RefusedRows(problems)
    return list(read.values())


def _words(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    what = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
