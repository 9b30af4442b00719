"""Files of registers: CSV, YAML and JSON say the same, and each row knows its line."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.cli.failure import Misuse
from desk.cli.register_file import parse_register
from firstdose.adapters.postgres.payers.rows import PayerRow
from firstdose.adapters.postgres.staff.imports import FileRow, RefusedRows, RowProblem, read_rows
from simulator.plans import Row, as_csv, made_up_plans


def rows_of(path: Path) -> list[FileRow]:
    return parse_register(path.read_bytes(), path)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(text: str, name: str = "plans.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def plans_of(path: Path) -> list[PayerRow]:
    return read_rows(PayerRow, rows_of(path), key=lambda row: row.id)


def problems_of(path: Path) -> tuple[RowProblem, ...]:
    with pytest.raises(RefusedRows) as refused:
        plans_of(path)
    return refused.value.report.problems


def test_a_row_of_csv_knows_its_line(file: Any) -> None:
    text = '\ufeffid,name\nacme,Acme\n\n"two","Two\nLines"\nthree\nfour, Four ,\n'
    rows = rows_of(file(text, "plans.csv"))
    assert rows == [
        FileRow(2, {"id": "acme", "name": "Acme"}),
        FileRow(4, {"id": "two", "name": "Two\nLines"}),
        FileRow(6, None, "1 cells under 2 columns"),
        FileRow(7, None, "3 cells under 2 columns"),
    ]


def test_an_item_of_yaml_knows_its_line_and_words_stay_as_they_are_written(file: Any) -> None:
    text = """
payers:
  # the first one
  - id: 00123
    name: No
    closed_on: [2026-12-24]
    fax: ~

  - {id: b, name: B, name: C}
  - just words
"""
    assert rows_of(file(text)) == [
        FileRow(4, {"id": "00123", "name": "No", "closed_on": ["2026-12-24"], "fax": None}),
        FileRow(9, None, "there twice: name"),
        FileRow(10, "just words"),
    ]


def test_every_problem_of_the_file_is_told_at_once(file: Any) -> None:
    text = "id,name,time_zone,appeal_levels\na,A,Nowhere/City,9\nb,,America/Chicago,1\nc,C\na,A,,\n"
    told = problems_of(file(text, "plans.csv"))
    assert [(problem.line, problem.problem.partition(":")[0]) for problem in told] == [
        (2, "time_zone"),
        (2, "appeal_levels"),
        (3, "name"),
        (4, "2 cells under 4 columns"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("p.csv", "", "a heading and rows are needed"),
        ("p.csv", "id,name,id\n", "columns that are there twice: id"),
        ("p.csv", 'id,name\na,"A\n', r"not CSV \(line 2\)"),
        ("p.yaml", "- id: [\n", r"neither YAML nor JSON \(line 2, column 1\)"),
        ("p.yaml", "id: a\nname: A\n", "a list of rows is needed"),
        ("p.json", '{"payers": "a"}', "a list of rows is needed"),
        ("p.yaml", "- !!python/object:os.system {}", "neither YAML nor JSON"),
    ],
)
def test_what_is_no_list_of_rows_is_refused_without_what_stands_there(
    file: Any, name: str, text: str, told: str
) -> None:
    with pytest.raises(Misuse, match=told):
        rows_of(file(text, name))


def test_a_tag_that_lies_spoils_its_row_only(file: Any) -> None:
    told = rows_of(file("- {id: !!int abc}\n- {id: a}\n"))
    assert told == [FileRow(1, None, "a value is not of its tag"), FileRow(2, {"id": "a"})]


@st.composite
def plans(draw: st.DrawFn) -> list[Row]:
    made = made_up_plans(draw(st.integers(1, 12)), payer_url="http://127.0.0.1:1", seed=draw(st.integers(0, 10_000)))
    phones = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=20)
    return [{**row, "fax": draw(phones)} for row in made]


@settings(max_examples=50)
@given(plans())
def test_csv_yaml_and_json_of_the_same_plans_are_equal(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("plans")
    for name, text in (
        ("p.csv", as_csv(rows)),
        ("p.yaml", yaml.safe_dump(rows, allow_unicode=True)),
        ("p.json", json.dumps({"payers": rows}, indent=1)),
    ):
        (folder / name).write_text(text)
    first, second, third = (plans_of(folder / name) for name in ("p.csv", "p.yaml", "p.json"))
    assert first == second == third
    assert [row.id for row in first] == [row["id"] for row in rows]


def test_lists_of_yaml_are_the_words_of_a_cell(file: Any) -> None:
    cells = {"id": "a", "name": "A", "authorization": "x12 > people", "no_authorization": "99601; nursing"}
    cells |= {"closed_on": "2026-12-24 2026-12-31", "x12_url": "https://x.example", "timeout": "3", "contracted": "yes"}
    text = io.StringIO()
    csv.writer(text).writerows([list(cells), list(cells.values())])
    listed = """
- id: a
  name: A
  authorization: [x12, people]
  no_authorization: [nursing, 99601]
  closed_on: [2026-12-31, 2026-12-24]
  x12_url: https://x.example
  timeout: PT3S
  contracted: true
"""
    assert plans_of(file(text.getvalue(), "p.csv")) == plans_of(file(listed))
