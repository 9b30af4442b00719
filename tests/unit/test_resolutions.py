"""What may be answered to a work item: everything else is refused, by name and without its value."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.work.judging.context import ResolutionContext
from firstdose.domain.work.judgment import judge
from firstdose.domain.work.permissions import may_do
from firstdose.domain.work.resolutions import OF_KIND, Refused, check, split
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE, ROLE_OF, WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K

NOW = datetime(2026, 11, 21, tzinfo=UTC)
UNKNOWN = ResolutionContext()


def item(kind: K, **asks: Any) -> WorkItem:
    return WorkItem(id="3f2a-1", kind=kind, asks=asks, opened_at=NOW, due_at=NOW)


def by(*roles: Role) -> Actor:
    return Actor(id="somebody", roles=roles)


def test_every_kind_has_a_role_and_a_resolution() -> None:
    assert set(ROLE_OF) == set(OF_KIND) == set(K)


@pytest.mark.parametrize("kind", list(K))
def test_who_may_not_do_it_is_refused_before_the_answer_is_read(kind: K) -> None:
    for role in Role:
        with pytest.raises(Refused) as refusal:
            judge(item(kind), by(role), {"outcome": "no such outcome"}, UNKNOWN, NOW)
        answered = "outcome" in str(refusal.value)
        assert answered is may_do(by(role), item(kind))


@pytest.mark.parametrize(
    ("kind", "answer", "why"),
    [
        (K.CONTACT_PATIENT, {}, "outcome"),
        (K.CONTACT_PATIENT, {"outcome": "reached", "mood": "fine"}, "<unknown field>"),
        (K.REVIEW_BENEFITS, {"outcome": "accepted"}, "agreement_signed"),
        (K.PREPARE_THERAPY, {"outcome": "ready"}, "beyond_use"),
        (K.PREPARE_THERAPY, {"outcome": "ready", "beyond_use": "2026-12-01T00:00:00"}, "beyond_use"),
        (K.CONFIRM_VISIT, {"outcome": "accepted", "patient_confirmed": True}, "visit_at"),
        (K.CONFIRM_TIME, {"outcome": "another_time"}, "available_from"),
        (K.SETTLE_ORDER, {"outcome": "from_elsewhere"}, "lots"),
        (K.SETTLE_ORDER, {"outcome": "later"}, "available_from"),
        (K.FOLLOW_UP_PAYER, {"outcome": "answered"}, "lines"),
        (K.RECONCILE, {"outcome": "close"}, "closing"),
        (K.RECONCILE, {"outcome": "close", "closing": "completed"}, "closing"),
    ],
)
def test_a_wrong_answer_is_refused_with_the_field(kind: K, answer: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused) as refusal:
        check(kind, answer)
    assert why in str(refusal.value)


def test_only_a_step_without_a_result_can_be_done_by_hand() -> None:
    answer = {"outcome": "done"}
    judge(item(K.RECONCILE, by_hand=True), by(Role.SUPERVISOR), answer, UNKNOWN, NOW)
    with pytest.raises(Refused):
        judge(item(K.RECONCILE), by(Role.SUPERVISOR), answer, UNKNOWN, NOW)


@pytest.mark.parametrize("outcome", ["duplicate", "not_duplicate"])
def test_only_an_item_about_a_duplicate_is_answered_so(outcome: str) -> None:
    asked = {"reason": POSSIBLE_DUPLICATE, "options": ("duplicate", "not_duplicate")}
    judge(item(K.RECONCILE, **asked), by(Role.INTAKE_COORDINATOR), {"outcome": outcome}, UNKNOWN, NOW)
    with pytest.raises(Refused, match="open here are"):
        judge(item(K.RECONCILE, **asked), by(Role.INTAKE_COORDINATOR), {"outcome": "retry"}, UNKNOWN, NOW)
    with pytest.raises(Refused, match="does not ask about a duplicate"):
        judge(item(K.RECONCILE), by(Role.SUPERVISOR), {"outcome": outcome}, UNKNOWN, NOW)


def test_an_item_that_is_not_open_cannot_be_answered() -> None:
    with pytest.raises(Refused, match="not open"):
        judge(None, by(Role.SUPERVISOR), {"outcome": "reached"}, UNKNOWN, NOW)


@given(st.sampled_from(K), st.text(alphabet="äQZ9", min_size=6, max_size=20))
def test_a_refusal_never_repeats_what_was_written(kind: K, secret: str) -> None:
    answer = {"outcome": secret, "note": 7, "facts": secret, "lines": secret, "visit_at": secret, "beyond_use": secret}
    with pytest.raises(Refused) as refusal:
        check(kind, answer)
    assert secret not in str(refusal.value)


def test_what_a_person_wrote_is_split_from_what_travels() -> None:
    answer = {
        "outcome": "suitable_for_home",
        "conditions": ["interpreter"],
        "findings": "…",
        "note": "…",
        "facts": {"a": 1},
    }
    travels, sealed = split(K.ASSESS_PATIENT, answer)
    assert travels == {"outcome": "suitable_for_home", "conditions": ["interpreter"]}
    assert sealed == {"findings": "…", "note": "…", "facts": {"a": 1}}


@given(
    st.sampled_from(K), st.dictionaries(st.sampled_from(["outcome", "note", "facts", "argument", "x"]), st.integers())
)
def test_a_split_loses_nothing(kind: K, answer: dict[str, int]) -> None:
    travels, sealed = split(kind, answer)
    assert {**travels, **sealed} == answer


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (K.ASSESS_PATIENT, {"outcome": "suitable_with_conditions", "conditions": ["Anna is alone"]}),
        (K.FIND_ASSISTANCE, {"outcome": "found", "Anna Doe": 1}),
        (K.FOLLOW_UP_PAYER, {"outcome": "extended"}),
        (K.FOLLOW_UP_PAYER, {"outcome": "answered", "lines": [{"sequence": 1, "state": "draft"}]}),
    ],
)
def test_what_travels_is_no_free_text_and_is_not_echoed(kind: K, answer: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        check(kind, answer)
    assert "Anna" not in str(refused.value)


@pytest.mark.parametrize(
    ("reason", "role"),
    [
        ("possible_duplicate", Role.INTAKE_COORDINATOR),
        ("visit_cancelled", Role.NURSE),
        ("nurse_not_told", Role.NURSE_COORDINATOR),
        ("household_not_told", Role.CUSTOMER_SERVICE),
        ("therapy_to_take_back", Role.PHARMACIST),
        ("undoing_not_acknowledged", Role.SUPERVISOR),
        ("no_license", Role.SUPERVISOR),
    ],
)
def test_whose_it_is_to_reconcile_follows_from_the_reason(reason: str, role: Role) -> None:
    assert item(K.RECONCILE, reason=reason).role is role
    assert item(K.REVIEW_REACTION, reason=reason).role is Role.PHARMACIST
