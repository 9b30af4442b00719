"""How times, codes and tables read."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.text import Text

from desk.cli import display

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "said", "style"),
    [
        (timedelta(days=3, hours=5), "in 3 d", ""),
        (timedelta(hours=47), "in 47 h", ""),
        (timedelta(minutes=119), "in 119 min", "yellow"),
        (timedelta(seconds=90), "in 1 min", "yellow"),
        (timedelta(seconds=5), "in under 1 min", "yellow"),
        (timedelta(minutes=-3), "3 min overdue", "bold red"),
        (timedelta(days=-2), "2 d overdue", "bold red"),
    ],
)
def test_due_times_are_relative_and_overdue_ones_marked(left: timedelta, said: str, style: str) -> None:
    shown = display.due((NOW + left).isoformat(), NOW)
    assert (shown.plain, shown.style) == (said, style)


def test_nothing_due() -> None:
    assert display.due(None, NOW) == Text("—")


def test_a_moment_may_end_in_z_or_have_no_offset() -> None:
    assert display.instant("2026-03-02T09:30:00Z") == display.instant("2026-03-02T09:30:00") == NOW


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "—"),
        ([], "—"),
        (0, "0"),
        (True, "yes"),
        (["a", "b"], "a, b"),
        ({"missing": ["x", "y"], "blocks": "visit"}, "missing: x, y, blocks: visit"),
    ],
)
def test_words(value: object, said: str) -> None:
    assert display.words(value) == said


def test_what_the_desk_says_is_never_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    display.say("[bold]x[/bold]")
    display.table(("A",), [("[red]y[/red]",)], empty="")
    printed = capsys.readouterr().out
    assert "[bold]x[/bold]" in printed
    assert "[red]y[/red]" in printed


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    display.table(("A",), [], empty="no referrals")
    assert capsys.readouterr().out == "no referrals\n"


def test_ids_are_whole_when_a_script_reads(capsys: pytest.CaptureFixture[str]) -> None:
    referral = "0190d0d0-0000-7000-8000-000000000000"
    display.table(("ID", *"ABCDEFG"), [(referral, *["authorization"] * 7)], empty="")
    assert referral in capsys.readouterr().out
