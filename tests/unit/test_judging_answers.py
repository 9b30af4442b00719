"""What people record of a payer, of benefits and of a therapy: evidence, order and possibility, rule by rule."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.policy import Policy
from firstdose.domain.work.judging.context import ResolutionContext
from firstdose.domain.work.judgment import judge
from firstdose.domain.work.resolutions import Answered, Refused
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAY, MINUTE, MOMENT = timedelta(days=1), timedelta(minutes=1), timedelta(microseconds=1)
STATE = ResolutionContext(begun_at=NOW - 5 * DAY, policy=Policy())
ANYBODY = Actor(id="somebody", roles=tuple(Role))
SHOWN = [
    {"sequence": 1, "kind": "drug", "units": 112, "state": "partial", "authorized_units": 56},
    {"sequence": 2, "kind": "per_diem", "units": 14, "state": "denied"},
    {"sequence": 3, "kind": "nursing", "units": 4, "state": "modified", "authorized_units": 0},
]
TOLD = {"told_by": "A. Clerk", "told_at": (NOW - DAY).isoformat()}
LINE = {"sequence": 1, "state": "approved", "number": "A1"}


def resolved(kind: K, answer: dict[str, Any], state: ResolutionContext = STATE, **asks: Any) -> Any:
    item = WorkItem(id="r-1", kind=kind, asks={"lines": SHOWN, **asks}, opened_at=NOW, due_at=NOW)
    return judge(item, ANYBODY, answer, state, NOW)


def verdict(kind: K, answer: dict[str, Any], state: ResolutionContext = STATE, **asks: Any) -> str | None:
    """The reason of a refusal; None if it is accepted."""
    try:
        resolved(kind, answer, state, **asks)
    except Refused as refused:
        return str(refused)
    return None


def answered(**line: Any) -> dict[str, Any]:
    return {"outcome": "answered", **TOLD, "lines": [{**LINE, **line}]}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (answered(), None),
        (answered(units=112), None),
        (answered(state="modified", units=200), None),
        (answered(state="denied", number=None), None),
        (answered(valid_from="2026-11-20", valid_to="2026-12-04"), None),
        (answered(valid_from="2026-12-04", valid_to="2026-12-04"), None),
        ({"outcome": "answered", "lines": [LINE]}, "told_by: who at the payer said so"),
        ({"outcome": "answered", "lines": [LINE], "told_by": "A. Clerk"}, "told_at: who at the payer"),
        ({**answered(), "told_at": (NOW + DAY).isoformat()}, "told_at: possible from 2026-11-16 09:30 UTC to now"),
        ({**answered(), "told_at": (NOW - 6 * DAY).isoformat()}, "told_at: possible from 2026-11-16 09:30 UTC to now"),
        ({**answered(), "told_at": (NOW + MINUTE).isoformat()}, None),  # clocks differ by so much
        ({**answered(), "told_at": (NOW + MINUTE + MOMENT).isoformat()}, "told_at: possible from "),
        ({**answered(), "told_at": (NOW - 5 * DAY - MINUTE).isoformat()}, None),
        ({**answered(), "told_at": (NOW - 5 * DAY - MINUTE - MOMENT).isoformat()}, "told_at: possible from "),
        (answered(number=None), "lines[0].number: "),
        (answered(units=0), "lines[0].units: possible is 1 or more"),
        (answered(units=113), "lines[0].units: 112 were asked for"),
        (answered(valid_from="2026-12-05", valid_to="2026-12-04"), "lines[0].valid_to: possible from valid_from on"),
        (answered(valid_to="2062-12-04"), "lines[0].valid_to: possible from "),
        (answered(valid_from="1926-12-04"), "lines[0].valid_from: possible from "),
        ({**answered(), "lines": [LINE, LINE]}, "lines: each line is spoken of once"),
        ({**answered(), "lines": [{**LINE, "sequence": 9}]}, "lines: the work item shows the lines 1, 2, 3"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (K.SUBMIT_AUTHORIZATION, "answered"),
        (K.FOLLOW_UP_PAYER, "answered"),
        (K.REVIEW_DECISION, "decided"),
        (K.PEER_TO_PEER, "overturned"),
    ],
)
def test_a_payers_word_has_its_evidence_and_is_possible(
    kind: K, outcome: str, answer: dict[str, Any], why: str | None
) -> None:
    found = verdict(kind, {**answer, "outcome": outcome})
    assert (found is None) is (why is None)
    assert (found or "").startswith(why or "")


def test_a_call_cannot_be_older_than_the_request_that_it_is_about() -> None:
    asked_at = (NOW - timedelta(hours=1)).isoformat()
    assert (verdict(K.FOLLOW_UP_PAYER, answered(), requested_at=asked_at) or "").startswith(
        "told_at: possible from 2026-11-21 08:30"
    )


def test_a_state_from_before_its_beginning_was_kept_knows_no_first_moment() -> None:
    assert verdict(K.FOLLOW_UP_PAYER, answered(), ResolutionContext()) is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"outcome": "accept", "sequences": [1]}, None),
        ({"outcome": "accept", "sequences": [2]}, "sequences: granted in part, and possible here: 1"),
        ({"outcome": "accept", "sequences": [3]}, "sequences: granted in part, and possible here: 1"),
        ({"outcome": "accept"}, "sequences: granted in part, and possible here: 1"),
        ({"outcome": "appeal", **TOLD, "lines": [LINE]}, "lines: the payer's word on lines goes with"),
    ],
)
def test_only_what_was_granted_in_part_can_be_accepted(answer: dict[str, Any], why: str | None) -> None:
    found = verdict(K.REVIEW_DECISION, answer)
    assert (found is None) is (why is None)
    assert (found or "").startswith(why or "")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (K.FOLLOW_UP_PAYER, {"outcome": "extended", "extended_by_days": 3}),
        (K.VOID_AUTHORIZATION, {"outcome": "refused", "told_by": "A. Clerk"}),
    ],
)
def test_what_was_told_was_told_since_the_referral_exists(kind: K, answer: dict[str, Any]) -> None:
    assert verdict(kind, {**answer, "told_at": NOW.isoformat()}) is None
    for wrong in (NOW + DAY, NOW - 6 * DAY):
        found = verdict(kind, {**answer, "told_at": wrong.isoformat()})
        assert found is not None
        assert found.startswith("told_at: possible from ")


def test_what_is_pending_is_no_word_on_a_line() -> None:
    found = verdict(K.FOLLOW_UP_PAYER, {**answered(), "outcome": "still_pending"})
    assert (found or "").startswith("lines: the payer's word on lines goes with the outcomes answered")


def benefits(**more: Any) -> dict[str, Any]:
    return {"outcome": "answered", "benefits": {"status": "active", **more}}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (benefits(), None),
        (benefits(deductible_remaining="100", out_of_pocket_remaining="100"), None),
        (benefits(needs_authorization=["drug"], reference="R1"), None),
        (benefits(status="inactive", needs_authorization=["drug"]) | {"note": "called"}, None),
        (benefits(deductible_remaining="101", out_of_pocket_remaining="100"), "benefits.deductible_remaining: "),
        (benefits(copay="-1"), "benefits.copay: "),
        (benefits(coinsurance_percent=101), "benefits.coinsurance_percent: "),
        (benefits(needs_authorization=["drug"]), "benefits.reference: "),
        (benefits(channel="pas"), "benefits.channel: the system sets this field"),
        (benefits(plan_version=3), "benefits.plan_version: the system sets this field"),
        (benefits(verified_at=NOW.isoformat()), "benefits.verified_at: the system sets this field"),
    ],
)
def test_benefits_are_possible_and_say_nothing_of_where_they_come_from(answer: dict[str, Any], why: str | None) -> None:
    found = verdict(K.VERIFY_BENEFITS, answer)
    assert (found is None) is (why is None)
    assert (found or "").startswith(why or "")


def ready(beyond_use: datetime, **more: Any) -> dict[str, Any]:
    return {"outcome": "ready", "beyond_use": beyond_use.isoformat(), "kit_present": True, **more}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ready(NOW + DAY), None),
        (ready(NOW + 366 * DAY), None),
        (ready(NOW + 9 * DAY, delivered_at=(NOW + DAY).isoformat()), None),
        ({"outcome": "unavailable"}, None),
        (ready(NOW), "beyond_use: possible after 2026-11-21 09:30 UTC to 2027-11-22 09:30 UTC"),
        (ready(NOW + 367 * DAY), "beyond_use: possible after "),
        (ready(NOW + DAY, delivered_at=(NOW + DAY).isoformat()), "delivered_at: possible since"),
        (ready(NOW + DAY, delivered_at=(NOW - 6 * DAY).isoformat()), "delivered_at: possible since"),
        (ready(NOW + DAY, delivered_at=NOW.isoformat(), delivery="with_nurse"), "delivered_at: what comes with"),
    ],
)
def test_a_therapy_is_ready_for_some_time_to_come(answer: dict[str, Any], why: str | None) -> None:
    found = verdict(K.PREPARE_THERAPY, answer)
    assert (found is None) is (why is None)
    assert (found or "").startswith(why or "")


@given(
    units=st.one_of(st.none(), st.integers(0, 300)),
    state=st.sampled_from(["approved", "partial", "modified", "denied", "pended", "not_required"]),
    days=st.tuples(st.none() | st.dates(), st.none() | st.dates()),
    told=st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    number=st.sampled_from([None, "A1"]),
)
def test_every_accepted_word_of_a_payer_is_possible(
    units: int | None, state: str, days: tuple[Any, Any], told: datetime, number: str | None
) -> None:
    line = {"sequence": 1, "state": state, "units": units, "number": number}
    period = {name: day and day.isoformat() for name, day in zip(("valid_from", "valid_to"), days, strict=True)}
    answer = {"outcome": "answered", "told_by": "A", "told_at": told.isoformat(), "lines": [{**line, **period}]}
    try:
        accepted: Answered = resolved(K.FOLLOW_UP_PAYER, answer)
    except Refused:
        return
    (word,) = accepted.lines
    assert STATE.begun_at is not None
    assert STATE.begun_at - timedelta(minutes=1) <= told <= NOW + timedelta(minutes=1)
    assert None in days or days[0] <= days[1]
    if state in ("approved", "partial", "modified"):
        assert word.number
        assert word.units != 0
    assert state != "approved" or (word.units or 0) <= 112


@pytest.mark.parametrize(
    ("lots", "why"), [(["A"], "lots: the order has 2"), (["A", "B"], None), (["A", "B", "C"], "lots")]
)
def test_each_medication_has_its_lot(lots: list[str], why: str | None) -> None:
    found = verdict(K.SETTLE_ORDER, {"outcome": "from_elsewhere", "lots": lots}, medications=2)
    assert found == why if why is None else str(found).startswith(why)
