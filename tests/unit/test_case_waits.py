"""What a case waits for by the clock, from the process's own state, and what work asks in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desk.web.case.asked import asked
from desk.web.case.people import who
from desk.web.case.timers import timers
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.visit import Visit
from firstdose.domain.work.reasons import OverrideReason
from firstdose.domain.work.stage import Stage
from workflows.mechanism.case import Case
from workflows.mechanism.state import ReferralState
from workflows.messages import Override, ReferralStart

NOW = datetime(2026, 11, 28, 20, tzinfo=UTC)
DAY = timedelta(days=1)
CHICAGO = ZoneInfo("America/Chicago")


def waits(**known: object) -> dict[str, datetime]:
    """By what is waited for; through the state as it is stored."""
    stored = ReferralState(Case("one", **known)).to_json()  # type: ignore[arg-type]
    state = ReferralState.at_start(ReferralStart(referral_id="one", source="mercy", state=stored))
    return {timer.what: timer.until for timer in timers(state, NOW)}


def test_each_timer_of_the_process_is_told_until_it_ends() -> None:
    override = Override(
        id="o",
        gate=Gate.AUTHORIZATION,
        reason=OverrideReason.EMERGENCY,
        asked_by="a",
        approved_by="b",
        until=NOW + 5 * DAY,
    )
    assert waits(
        contact_attempts=1,
        next_attempt_at=NOW + DAY,
        supply_from=NOW + 2 * DAY,
        visit=Visit(visit_at=NOW + 3 * DAY),
        next_start_call_at=NOW + 4 * DAY,
        overrides={"o": override},
    ) == {
        "The next call to the patient": NOW + DAY,
        "The drug, to be in stock again": NOW + 2 * DAY,
        "The last look before the visit": NOW + 3 * DAY - timedelta(hours=2),
        "The next call about the start": NOW + 4 * DAY,
        "The end of the override": NOW + 5 * DAY,
    }


@pytest.mark.parametrize(
    "known",
    [
        {"next_attempt_at": NOW - DAY},
        {"next_attempt_at": NOW + DAY, "patient_reached": True},
        {"visit": Visit(visit_at=NOW + DAY), "visit_done": True},
        {"next_attempt_at": NOW + DAY, "stage": Stage.CLOSED},
        {},
    ],
)
def test_what_is_over_is_not_waited_for(known: dict[str, object]) -> None:
    assert waits(**known) == {}


def test_what_is_asked_is_said_in_words() -> None:
    asks = {
        "missing": ["patient.weight_kg", "coverages[0].member_id"],
        "attempt": 2,
        "reason": "possible_duplicate",
        "visit_at": "2026-12-01T15:00:00Z",
        "possible_from": "2026-12-02",
        "lines": [{"sequence": 1, "kind": "drug", "code": "J0696", "state": "denied"}],
        "contacts": ["one"],
        "problem": None,
        "by_hand": False,
    }
    assert asked(asks, CHICAGO, NOW) == (
        "Missing: weight in kg of the patient, member ID of coverage 1",
        "Attempt 2",
        "The referral may have come twice",
        "Possible from Dec 2, 2026",
        "Visit Dec 1, 9:00 AM CST",
        "Drug, J0696: denied",
    )
    told = {"reason": "discharge_today", "problem": "payer_timed_out"}
    assert asked(told, CHICAGO, NOW) == ("Discharge is today", "Problem: the payer did not answer in time")
    assert asked({"lines": [{"kind": "new"}]}, CHICAGO, NOW) == ("Line, : asked for",)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("staff:rosa", "rosa"),
        ("payer:summit", "summit (payer)"),
        ("operator:root", "root (operator)"),
        ("source", "the referral source"),
        ("system", "the system"),
        (None, None),
    ],
)
def test_who_did_it_is_named_as_people_name_them(label: str | None, said: str | None) -> None:
    assert who(label) == said
