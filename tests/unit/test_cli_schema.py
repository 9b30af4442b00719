"""`firstdose schema`: each outcome and field of each answer has its meaning, and nothing else is explained."""

import json
from typing import Any

import pytest

from desk.cli.answer_schema import fields_of, outcomes
from desk.cli.answer_words import FIELDS, OUTCOMES
from desk.cli.app import main
from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.work_item import WorkItemKind

SCHEMAS = {kind: answer.model_json_schema() for kind, answer in OF_KIND.items()}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    assert not leaving.value.code
    return capsys.readouterr().out


def paths_of(schema: dict[str, Any]) -> set[str]:
    return {path.replace("[]", "") for path, *_ in fields_of(schema, schema.get("$defs", {}))}


def test_the_words_are_those_of_the_models() -> None:
    assert set(OUTCOMES) == {code for schema in SCHEMAS.values() for code in outcomes(schema)}
    assert set(FIELDS) == set().union(*(paths_of(schema) for schema in SCHEMAS.values()))


@pytest.mark.parametrize("kind", WorkItemKind)
def test_every_kind_is_shown_whole(kind: WorkItemKind, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "schema", kind.replace("_", "-"))
    for code in outcomes(SCHEMAS[kind]):
        assert OUTCOMES[code] in shown
    for path in paths_of(SCHEMAS[kind]):
        assert path.rpartition(".")[2] in shown


def test_units_and_bounds_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "schema", "verify_benefits")
    for told in ("US dollars", "percent", "0 to 100", "0 or more", "benefits.copay", "needed"):
        assert told in shown
    assert "lines[].units" in printed(capsys, "schema", "peer_to_peer")
    assert "calendar days" in printed(capsys, "schema", "follow_up_payer")


def test_json_is_the_schema_by_which_the_desk_judges(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "schema", "confirm_start", "--json")
    assert json.loads(shown) == SCHEMAS[WorkItemKind.CONFIRM_START]
