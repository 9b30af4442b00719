"""The rows of a register's file: CSV with a heading, or a list in YAML or JSON; each with the line it begins on."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from desk.cli.failure import Misuse
from firstdose.adapters.postgres.staff.imports import FileRow


def parse_register(data: bytes, file: Path) -> list[FileRow]:
    """The rows of the bytes that were read from `file`; a bad row carries its problem. Raises Misuse."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Misuse(f"{file}: not UTF-8") from None
    return list(_of_csv(text, file) if file.suffix.lower() == ".csv" else _of_yaml(text, file))


def _of_csv(text: str, file: Path) -> Iterator[FileRow]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    columns: list[str] = []
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _heading(cells, file)
            elif len(cells) == len(columns):
                yield FileRow(line, dict(zip(columns, cells, strict=True)))
            else:
                yield FileRow(line, None, f"{len(cells)} cells under {len(columns)} columns")
    except csv.Error:
        raise Misuse(f"{file}: not CSV (line {begins})") from None
    if not columns:
        raise Misuse(f"{file}: a heading and rows are needed")


def _heading(cells: list[str], file: Path) -> list[str]:
    columns = [cell.strip() for cell in cells]
    if twice := [name for name, times in Counter(columns).items() if times > 1]:
        raise Misuse(f"{file}: columns that are there twice: {', '.join(twice)}")
    return columns


class _Words(yaml.SafeLoader):
    """Reads numbers, dates and yes or no as they are written: 00123 is no octal number, and the row knows its types."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML declares it
        first: [(tag, shape) for tag, shape in known if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_scalar(self, node: Any) -> str:
        """JSON writes a rare character as two halves, which YAML leaves apart."""
        halves = str(super().construct_scalar(node)).encode("utf-16", "surrogatepass")
        return halves.decode("utf-16", "surrogatepass")


def _of_yaml(text: str, file: Path) -> Iterator[FileRow]:
    """The list in the file, at its top or under its only key."""
    loader = _Words(text)
    try:
        top = loader.get_single_node()
        if isinstance(top, yaml.MappingNode) and len(top.value) == 1:
            ((_, top),) = top.value
        if not isinstance(top, yaml.SequenceNode):
            raise Misuse(f"{file}: a list of rows is needed")
        for node in top.value:
            yield _row(loader, node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise Misuse(f"{file}: neither YAML nor JSON{where}") from None


def _row(loader: _Words, node: Any) -> FileRow:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        names = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := [name for name, times in names.items() if times > 1]:
            return FileRow(line, None, f"there twice: {', '.join(twice)}")
    try:
        return FileRow(line, loader.construct_object(node, deep=True))
    except ValueError:  # `!!int abc`
        return FileRow(line, None, "a value is not of its tag")
