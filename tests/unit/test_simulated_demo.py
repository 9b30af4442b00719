"""The demo's own parts: its policy at a speed, its clean start, and what it makes of how referrals end."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from firstdose.adapters.policy_file import read_policy
from firstdose.domain.policy import Policy
from local.board import Board, BoardRow
from local.demo_state import faster, fresh_state
from local.stack import StackOptions
from simulator.scenario import load_scenarios
from simulator.staff_api import Row

ROW = Row(
    id="0f3c", source="s", stage="authorization", closing=None, authorization="pended", waiting_for=("pharmacist",)
)
SERVED = ROW.model_copy(update={"stage": "on_service", "waiting_for": ()})
WITHDRAWN = SERVED.model_copy(update={"stage": "closed", "closing": "withdrawn"})


def test_speed_divides_every_duration_of_the_policy_and_nothing_else() -> None:
    usual = Policy()
    twice = Policy.model_validate(faster(usual, 2))
    assert twice.contact.apart == usual.contact.apart / 2
    assert [rule.standard for rule in twice.clocks] == [rule.standard / 2 for rule in usual.clocks]
    assert Policy.model_validate(faster(twice, 0.5)) == usual


async def test_each_demo_starts_with_nothing_of_the_last_one(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "base").touch()
    (tmp_path / "keys").touch()
    options = await fresh_state(StackOptions(state=tmp_path), speed=2)
    assert not any((tmp_path / name).exists() for name in ("postgres", "keys"))
    assert read_policy(options.policy).contact.apart == timedelta(seconds=2)


async def test_keys_to_a_database_of_the_callers_are_kept(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()
    await fresh_state(replace(StackOptions(state=tmp_path), database_url="postgresql://db.example/firstdose"), speed=1)
    assert (tmp_path / "keys").exists()


def test_an_end_is_as_expected_only_if_stage_and_closing_are() -> None:
    served, unfinished = (BoardRow(load_scenarios()["approved"], sent_at=0) for _ in range(2))
    assert not served.as_expected
    served.learn(SERVED, now=5)
    unfinished.learn(ROW, now=5)
    assert (served.closing, served.as_expected) == ("completed", True)
    assert (unfinished.closing, unfinished.as_expected) == (None, False)
    served.learn(WITHDRAWN, now=6)
    assert (served.ended_at, served.as_expected) == (5, False)
    checked_only = BoardRow(load_scenarios()["approved"], sent_at=0)
    checked_only.learn(WITHDRAWN.model_copy(update={"closing": "completed"}), now=5)
    assert not checked_only.as_expected
    unreachable = BoardRow(load_scenarios()["unreachable_patient"], sent_at=0)
    unreachable.learn(WITHDRAWN, now=5)
    assert not unreachable.as_expected


def test_without_a_terminal_each_step_is_a_line() -> None:
    entry = BoardRow(load_scenarios()["approved"], sent_at=0)
    console = Console(file=io.StringIO(), width=200)
    with Board([entry], console, clock=lambda: 65) as board:
        for row in (ROW, ROW.model_copy(update={"waiting_for": ()}), SERVED):
            if entry.learn(row, now=125):
                board.tell(entry)
    assert isinstance(console.file, io.StringIO)
    assert [line.split() for line in console.file.getvalue().splitlines()] == [
        ["1:05", "approved", "authorization", "pharmacist"],
        ["2:05", "approved", "on_service", "(completed)"],
    ]


def test_on_a_terminal_there_is_one_row_for_each() -> None:
    entries = [BoardRow(scenario, sent_at=0) for scenario in load_scenarios().values()]
    console = Console(file=io.StringIO(), force_terminal=True, width=200, height=100)
    with Board(entries, console) as board:
        assert board.table().row_count == len(entries)
