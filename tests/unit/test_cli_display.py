"""How times, codes and tables read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.text import Text

from desk.cli import authorization, display

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
    assert display.text_of(value) == said


def test_what_the_desk_says_is_never_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    display.line("[bold]x[/bold]")
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


def test_what_the_payer_gave_is_marked_where_it_is_not_what_was_asked() -> None:
    line = {"authorized_units": 7, "valid_from": "2026-12-01", "valid_to": "2026-12-07"}
    same = authorization.authorized(line)
    assert (same.plain, same.spans) == ("7 units, 2026-12-01 to 2026-12-07", [])
    fewer = authorization.authorized({**line, "differs": ["units"]})
    assert fewer.plain == "≠ 7 units, 2026-12-01 to 2026-12-07"
    assert [fewer.plain[span.start : span.end] for span in fewer.spans] == ["≠ 7 units"]
    assert authorization.authorized({"authorized_units": 0}).plain == "0 units"
    assert authorization.authorized({}).plain == "—"


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (None, "no rule sets a time"),
        ({"rule": None, "due_at": None}, "no rule sets a time"),
        ({"rule": "Part B drug", "citation": "42 CFR 422.568"}, "in 3 h by Part B drug (42 CFR 422.568)"),
        ({"rule": "Own", "phase": "breached", "due_at": -3}, "3 h overdue by Own"),
        ({"rule": "Own", "paused_since": 0}, "in 3 h by Own, paused since {now}"),
        ({"rule": "Own", "extended_at": 0}, "in 3 h by Own, extended on {now}"),
    ],
)
def test_a_payers_clock_names_its_rule_and_what_stood_still(clock: dict[str, Any] | None, said: str) -> None:
    if clock and clock.get("rule"):
        hours = {"due_at": 3} | {name: value for name, value in clock.items() if isinstance(value, int)}
        clock = clock | {name: (NOW + timedelta(hours=value)).isoformat() for name, value in hours.items()}
    assert authorization.running(clock, NOW).plain == said.format(now=display.clock(NOW.isoformat()))


@pytest.mark.parametrize(
    ("came_of", "said"),
    [
        ({"withdrawn": True}, "withdrawn"),
        ({"decided_at": NOW.isoformat(), "clock": {"phase": "met"}}, "decided {now}"),
        ({"decided_at": NOW.isoformat(), "clock": {"phase": "missed"}}, "decided {now}, too late"),
        ({"clock": {"rule": None}}, "no rule sets a time"),
    ],
)
def test_requests_say_how_they_went_and_for_which_lines(
    came_of: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    request = {"contact": "c", "payer": "acme", "channel": "x12", "trace": "T1", "sent_at": NOW.isoformat(), **came_of}
    lines: list[dict[str, Any]] = [{"sequence": 1, "contact": "c"}, {"sequence": 2}, {"sequence": 3, "contact": "c"}]
    authorization.show_requests([request], lines, NOW)
    shown = capsys.readouterr().out
    for word in ("acme", "x12", "T1", "1, 3", said.format(now=display.clock(NOW.isoformat()))):
        assert word in shown
