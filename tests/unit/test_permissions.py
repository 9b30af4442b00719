"""Who may do what: the table of docs/security.md over every act and every role, and what a refusal says."""

from datetime import UTC, datetime
from typing import Any

import pytest

from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.work.judgment import judge_shape
from firstdose.domain.work.permissions import (
    ROLES_FOR,
    Act,
    may,
    may_cancel,
    may_change,
    may_do,
    permit_amendment,
    permit_cancel,
    permit_changes,
    permit_item,
    stands_in,
)
from firstdose.domain.work.reading import Involvement, may_read
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import SOURCE, SYSTEM, Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import ROLE_OF, WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

#                            intake cust. reimb. pharm. n.coord nurse super. audit.
MATRIX: dict[Act, str] = {
    Act.READ_FACTS:         "  -      -      -      -      -      -     x      -   ",
    Act.BREAK_GLASS:        "  x      x      x      x      x      x     x      -   ",
    Act.CHANGE_CLINICAL:    "  x      -      -      x      -      -     -      -   ",
    Act.CHANGE_COVERAGE:    "  x      x      x      -      -      -     -      -   ",
    Act.CHANGE_CONTACT:     "  x      x      -      -      x      -     -      -   ",
    Act.HOLD:               "  x      x      x      x      x      x     x      -   ",
    Act.RESUME:             "  x      x      x      x      x      x     x      -   ",
    Act.CANCEL:             "  x      x      -      -      -      -     x      -   ",
    Act.ASSESS:             "  -      -      -      x      -      -     -      -   ",
    Act.REPORT_VISIT:       "  -      -      -      -      x      x     -      -   ",
    Act.OVERRIDE:           "  -      -      -      -      -      -     x      -   ",
    Act.AUDIT:              "  -      -      -      -      -      -     -      x   ",
    Act.SEE_PATIENTS:       "  x      x      x      x      x      -     x      -   ",
}  # fmt: skip
CELLS = [
    (act, role, cell == "x")
    for act, row in MATRIX.items()
    for role, cell in zip(Role, row.split(), strict=True)
]  # fmt: skip


def by(*roles: Role, nurses: tuple[str, ...] = ()) -> Actor:
    return Actor(id="somebody", roles=roles, nurses=nurses)


def item(kind: K, offered_to: str | None = None, **asks: Any) -> WorkItem:
    return WorkItem(id="3f2a-1", kind=kind, asks=asks, opened_at=NOW, due_at=NOW, offered_to=offered_to)


def test_the_matrix_has_every_act() -> None:
    assert set(MATRIX) == set(ROLES_FOR) == set(Act)


@pytest.mark.parametrize(("act", "role", "allowed"), CELLS)
def test_each_role_may_do_what_the_table_says(act: Act, role: Role, allowed: bool) -> None:
    assert may(by(role), act) is allowed


@pytest.mark.parametrize("act", list(Act))
def test_without_a_role_nothing_is_allowed(act: Act) -> None:
    assert not may(by(), act)
    assert not may(SYSTEM, act)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("reason", list(Closing))
def test_who_may_cancel_depends_on_the_reason(role: Role, reason: Closing) -> None:
    all_reasons = role in (Role.SUPERVISOR, Role.INTAKE_COORDINATOR) and reason is not Closing.COMPLETED
    patients = role is Role.CUSTOMER_SERVICE and reason in (Closing.PATIENT_DECLINED, Closing.DECEASED)
    assert may_cancel(by(role), reason) is (all_reasons or patients)


def test_a_nurse_cancels_nobody_as_deceased_and_customer_service_no_duplicate() -> None:
    with pytest.raises(Refused, match="intake coordinator, customer service, supervisor"):
        permit_cancel(by(Role.NURSE), Closing.DECEASED)
    with pytest.raises(Refused, match="deceased, patient_declined"):
        permit_cancel(by(Role.CUSTOMER_SERVICE), Closing.DUPLICATE)


def test_a_source_cancels_and_amends_and_does_nothing_else() -> None:
    assert {act for act in Act if may(SOURCE, act)} == {
        Act.CANCEL,
        Act.CHANGE_CLINICAL,
        Act.CHANGE_COVERAGE,
        Act.CHANGE_CONTACT,
    }
    permit_cancel(SOURCE, Closing.WITHDRAWN)
    permit_amendment(SOURCE, FactGroup, completing=False)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("group", list(FactGroup))
@pytest.mark.parametrize("completing", [True, False])
def test_facts_are_changed_by_group_and_clinical_ones_by_state(role: Role, group: FactGroup, completing: bool) -> None:
    late = group is FactGroup.CLINICAL and not completing and role is Role.INTAKE_COORDINATOR
    act = {FactGroup.CLINICAL: Act.CHANGE_CLINICAL, FactGroup.COVERAGE: Act.CHANGE_COVERAGE}.get(
        group, Act.CHANGE_CONTACT
    )
    assert may_change(by(role), group, completing=completing) is (may(by(role), act) and not late)


def test_a_refused_change_says_whose_it_is() -> None:
    with pytest.raises(Refused, match="clinical facts are changed by intake coordinator, pharmacist"):
        permit_changes(by(Role.CUSTOMER_SERVICE), [FactGroup.CONTACT, FactGroup.CLINICAL])
    with pytest.raises(Refused, match="the patient is assessed"):
        permit_changes(by(Role.INTAKE_COORDINATOR), [FactGroup.CLINICAL], completing=False)


def test_an_amendment_that_changes_nothing_is_nobodys_who_may_change_nothing() -> None:
    permit_amendment(by(Role.NURSE_COORDINATOR), [])
    for role in (Role.NURSE, Role.SUPERVISOR, Role.AUDITOR):
        with pytest.raises(Refused):
            permit_amendment(by(role), [])


@pytest.mark.parametrize("kind", list(K))
@pytest.mark.parametrize("role", list(Role))
def test_work_is_its_roles_and_a_supervisors_but_not_a_pharmacists_or_a_nurses(kind: K, role: Role) -> None:
    own = role is ROLE_OF[kind]
    supervised = role is Role.SUPERVISOR and ROLE_OF[kind] is not Role.PHARMACIST and kind is not K.REPORT_VISIT
    for_the_nurse = role is Role.NURSE_COORDINATOR and kind in (K.CONFIRM_VISIT, K.REPORT_VISIT)
    assert may_do(by(role, nurses=("rn-1",)), item(kind, "rn-1")) is (own or supervised or for_the_nurse)


@pytest.mark.parametrize("kind", [K.ASSESS_PATIENT, K.SETTLE_ORDER, K.PREPARE_THERAPY, K.REVIEW_REACTION])
def test_a_supervisor_does_a_pharmacists_work_only_as_a_pharmacist_too(kind: K) -> None:
    assert not may_do(by(Role.SUPERVISOR), item(kind))
    assert may_do(by(Role.SUPERVISOR, Role.PHARMACIST), item(kind))


@pytest.mark.parametrize("kind", [K.CONFIRM_VISIT, K.REPORT_VISIT])
def test_a_nurse_does_only_what_is_offered_to_or_held_by_that_nurse(kind: K) -> None:
    assert may_do(by(Role.NURSE, nurses=("rn-2", "rn-1")), item(kind, "rn-1"))
    for another in (by(Role.NURSE), by(Role.NURSE, nurses=("rn-2",)), by(Role.CUSTOMER_SERVICE, nurses=("rn-1",))):
        assert not may_do(another, item(kind, "rn-1"))


def test_a_visit_in_the_suite_is_reported_by_any_nurse() -> None:
    assert may_do(by(Role.NURSE), item(K.REPORT_VISIT))
    assert not may_do(by(Role.NURSE), item(K.CONFIRM_VISIT))


@pytest.mark.parametrize(
    ("actor", "word", "refused"),
    [
        (by(Role.NURSE_COORDINATOR), {"on_word_of": "rn-1"}, None),
        (by(Role.NURSE_COORDINATOR), {}, "on_word_of"),
        (by(Role.NURSE_COORDINATOR), {"on_word_of": "rn-2"}, "on_word_of"),
        (by(Role.NURSE, nurses=("rn-1",)), {}, None),
        (by(Role.NURSE, nurses=("rn-1", "rn-2")), {"on_word_of": "rn-2"}, "on_word_of"),
        (by(Role.NURSE, nurses=("rn-2",)), {"on_word_of": "rn-1"}, "another nurse"),
        (by(Role.SUPERVISOR), {"on_word_of": "rn-1"}, "for the role nurse"),
    ],
)
def test_a_report_is_the_nurses_or_on_that_nurses_word(actor: Actor, word: dict[str, Any], refused: str | None) -> None:
    answer = {"outcome": "missed", **word}
    if refused is None:
        judge_shape(item(K.REPORT_VISIT, "rn-1"), actor, answer)
        return
    with pytest.raises(Refused, match=refused):
        judge_shape(item(K.REPORT_VISIT, "rn-1"), actor, answer)


def test_a_supervisor_in_anothers_place_has_the_rights_of_that_role() -> None:
    completing = item(K.COMPLETE_REFERRAL)
    assert stands_in(by(Role.SUPERVISOR), completing) is Role.INTAKE_COORDINATOR
    assert stands_in(by(Role.SUPERVISOR, Role.INTAKE_COORDINATOR), completing) is None
    assert stands_in(by(Role.SUPERVISOR), item(K.ASSESS_PATIENT)) is None
    assert stands_in(by(Role.NURSE_COORDINATOR), completing) is None
    permit_changes(by(Role.SUPERVISOR), FactGroup, standing_in=Role.INTAKE_COORDINATOR)
    with pytest.raises(Refused):
        permit_changes(by(Role.SUPERVISOR), [FactGroup.COVERAGE], standing_in=Role.NURSE_COORDINATOR)


NOTHING = Involvement(by_role=False, on_team=False, visits=False, granted=False)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("because", Involvement._fields)
def test_who_reads_has_a_part_in_it_or_broke_the_glass(role: Role, because: str) -> None:
    assert may_read(by(role), NOTHING) is (role is Role.SUPERVISOR)
    assert may_read(by(role), NOTHING._replace(**{because: True})) is (role is not Role.AUDITOR)


def test_whose_work_it_is_is_said_in_words() -> None:
    with pytest.raises(Refused, match="is for the role customer service"):
        permit_item(by(Role.PHARMACIST), item(K.CONTACT_PATIENT))
