"""`firstdose work --view` and `--find`: what is asked of the desk, and what is shown."""

import io
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.cli.work_view import SortName, ViewName
from firstdose.adapters.postgres.staff.work_views import WorkSort, WorkView
from tests.integration.small_desk import SmallDesk, desk, run, running
from tests.integration.test_cli_desk import ITEM, REFERRAL

__all__ = ["desk", "run", "running"]

ROW = {
    "referral_id": REFERRAL, "number": "FD-34679A", "initials": "AH", "item": ITEM, "kind": "assess_patient",
    "outline": {"therapy": "iron", "payer_id": "acme", "urgency": "stat"}, "role": "pharmacist", "assignee": None,
    "stage": "authorization", "authorization": "approved", "authorization_number": "PA-77", "on_hold": True,
    "hold": {"reason": "hospitalized", "until": None}, "due_at": (datetime.now(UTC) + timedelta(hours=3)).isoformat(),
}  # fmt: skip


def test_the_names_are_those_of_the_desk() -> None:
    assert list(map(str, ViewName)) == list(map(str, WorkView))
    assert list(map(str, SortName)) == list(map(str, WorkSort))


def test_a_view_with_its_filters_and_counts(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/work", {"items": [ROW], "cursor": None})
    desk.will_answer("/api/work/counts", {"mine": 1, "role": 1001})
    ran = run("work", "--view", "due-today", "--therapy", "iron", "--sort", "urgency", "--role", "pharmacist")
    assert ran.code == 0
    for shown in ("FD-34679A", "AH", "assess_patient", "iron", "approved, PA-77", "any pharmacist", "on hold: hosp"):
        assert shown in ran.out
    assert "mine: 1, role: 1,000+" in ran.out
    asked = dict(desk.asked[0][0].query_params)
    assert asked == {"view": "due_today", "role": "pharmacist", "therapy": "iron", "sort": "urgency", "limit": "50"}


def test_whom_referrals_wait_for(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/work", {"items": [ROW], "cursor": None})
    assert run("work", "--view", "waiting", "--waiting-for", "payer", "--json").code == 0
    assert dict(desk.request.query_params) == {"view": "waiting", "waiting_for": "payer", "limit": "50"}


def test_whom_somebody_looks_for_comes_from_standard_input_and_is_posted(
    desk: SmallDesk, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.will_answer("/api/work/search", [ROW])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Hernandez 01/31/1980\n")))
    ran = run("work", "--find", "-")
    assert "FD-34679A" in ran.out
    assert desk.body == {"q": "Hernandez 01/31/1980"}
    assert not desk.request.url.query


@pytest.mark.parametrize(
    "arguments",
    [("--sort", "age"), ("--view", "mine", "--overdue"), ("--view", "nowhere")],
    ids=" ".join,
)
def test_what_does_not_go_together_is_said(desk: SmallDesk, run: Any, arguments: tuple[str, ...]) -> None:
    ran = run("work", *arguments)
    assert ran.code == 2
    assert not desk.asked
