"""What the simulated people answer: acceptable to the process, and the same again after a crash."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.domain.care.visit import TAUGHT
from firstdose.domain.policy import Policy
from firstdose.domain.work.judging.context import ResolutionContext
from firstdose.domain.work.judgment import judge_content
from firstdose.domain.work.resolutions import ReportVisit, check
from firstdose.domain.work.work_item import ROLE_OF, WorkItem, WorkItemKind
from simulator.answers import moment_of, resolution, script_of
from simulator.pace import Pace
from simulator.referrals import usual_facts
from simulator.scenario import Scenario, load_scenarios
from simulator.source import changes_of_mind
from simulator.staff_api import Item

OPENED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY_IN_TWO_SECONDS = Pace(speed=43_200)
ASKS: dict[WorkItemKind, dict[str, Any]] = {
    WorkItemKind.COMPLETE_REFERRAL: {"missing": ["patient.weight_kg", "documents.clinical_note"]},
    WorkItemKind.SUBMIT_AUTHORIZATION: {"lines": [{"sequence": 1}, {"sequence": 2}]},
    WorkItemKind.REVIEW_DECISION: {"lines": [{"sequence": 2, "state": "partial", "authorized_units": 7}]},
    WorkItemKind.PLACE_VISIT: {"site": "home", "nurses_asked": ["nurse-il-1"]},
    WorkItemKind.REPORT_VISIT: {"visit_at": OPENED.isoformat()},
    WorkItemKind.RECONCILE: {"by_hand": True},
}


def item(kind: WorkItemKind, **asks: Any) -> Item:
    return Item.model_validate(
        {
            "id": "0f3c-7",
            "referral_id": "0f3c",
            "kind": kind,
            "role": ROLE_OF[kind],
            "state": "open",
            "asks": {**ASKS.get(kind, {}), **asks},
            "opened_at": OPENED,
        }
    )


def answered(scenario: Scenario, kind: WorkItemKind) -> list[dict[str, Any]]:
    known = usual_facts("SIM-APPROVED-1")
    return [
        resolution(
            scripted,
            item(kind),
            OPENED,
            DAY_IN_TWO_SECONDS,
            lambda paths: {path: known[path] for path in paths},
        )
        for scripted in script_of(scenario, kind)
        if scripted  # an empty one leaves the item lying
    ]


@pytest.mark.parametrize("scenario", load_scenarios().values(), ids=lambda scenario: scenario.name)
def test_every_scripted_answer_is_one_that_the_process_takes(scenario: Scenario) -> None:
    assert scenario.people.keys() <= {*WorkItemKind, "source"}
    changes_of_mind(scenario)
    for kind in WorkItemKind:
        for answer in answered(scenario, kind):
            state = ResolutionContext(begun_at=OPENED, needs_nurse=True, policy=Policy())
            judge_content(asked(kind), answer, check(kind, answer), state, OPENED)


def asked(kind: WorkItemKind) -> WorkItem:
    return WorkItem(id="0f3c-7", kind=kind, asks=ASKS.get(kind, {}), opened_at=OPENED, due_at=OPENED)


def test_a_coordinator_names_a_nurse_or_takes_the_suite() -> None:
    usual = script_of(load_scenarios()["approved"], WorkItemKind.PLACE_VISIT)[0]
    cases: list[tuple[dict[str, Any], str | None]] = [({"site": "suite"}, None), ({"nurses_asked": ["rn-4"]}, "rn-4")]
    for asks, nurse in cases:
        placed = resolution(usual, item(WorkItemKind.PLACE_VISIT, **asks), OPENED, DAY_IN_TWO_SECONDS, lambda _: {})
        assert (placed["outcome"], placed.get("nurse")) == ("placed", nurse)
    nobody = item(WorkItemKind.PLACE_VISIT, nurses_asked=[])
    assert resolution(usual, nobody, OPENED, DAY_IN_TWO_SECONDS, lambda _: {}) == {"outcome": "suite"}


def test_what_the_item_asks_for_is_filled_in() -> None:
    usual = load_scenarios()["approved"]
    (supplied,) = answered(usual, WorkItemKind.COMPLETE_REFERRAL)
    assert list(supplied["facts"]) == ["patient.weight_kg", "documents.clinical_note"]
    (said,) = answered(usual, WorkItemKind.SUBMIT_AUTHORIZATION)
    assert [(line["sequence"], line["state"]) for line in said["lines"]] == [(1, "approved"), (2, "approved")]
    (report,) = answered(usual, WorkItemKind.REPORT_VISIT)
    checked = check(WorkItemKind.REPORT_VISIT, report)
    assert isinstance(checked, ReportVisit)
    assert checked.shown_back == TAUGHT


def test_a_scripted_duration_counts_from_the_answer_in_simulated_time() -> None:
    (accepted,) = answered(load_scenarios()["approved"], WorkItemKind.CONFIRM_VISIT)
    assert accepted["visit_at"] == (OPENED + timedelta(seconds=6)).isoformat()


def test_the_moment_of_an_answer_is_the_same_again_and_scales_with_the_speed() -> None:
    asked = item(WorkItemKind.ASSESS_PATIENT)
    usual, faster, other = (
        moment_of(asked, "SIM-APPROVED-1", pace) - OPENED
        for pace in (DAY_IN_TWO_SECONDS, Pace(speed=86_400), Pace(speed=43_200, seed=2))
    )
    assert usual == moment_of(asked, "SIM-APPROVED-1", DAY_IN_TWO_SECONDS) - OPENED
    assert abs(usual / 2 - faster) <= timedelta(microseconds=1)
    assert other != usual
    assert timedelta(hours=2) / 43_200 <= usual <= timedelta(hours=10) / 43_200


def test_a_visit_is_reported_after_it_was_made() -> None:
    visit_at = OPENED + timedelta(hours=5)
    asked = item(WorkItemKind.REPORT_VISIT, visit_at=visit_at.isoformat())
    assert moment_of(asked, "SIM-APPROVED-1", DAY_IN_TWO_SECONDS) > visit_at
