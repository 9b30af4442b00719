"""The gates before the first visit: each closes by itself, names itself, and opens by an override."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.care.gate_steps import OVERRIDABLE, STEP_OF, described, step_of
from firstdose.domain.care.gates import DispatchReadiness, Gate, GateReason, closed_gates
from firstdose.domain.care.therapy import Delivery, KitExemption, PreparedTherapy
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep, DeidentifiedFacts
from firstdose.domain.referral.order import Site
from firstdose.domain.work.work_item import WorkItemKind

AT = datetime(2026, 12, 3, 15, tzinfo=UTC)
THERAPY = PreparedTherapy(lot="L1", beyond_use=AT + timedelta(days=1), kit_present=True, delivery=Delivery.DELIVERED)
DRUG = Line(
    sequence=1,
    kind=LineKind.DRUG,
    code="J0696",
    place_of_service="12",
    units=14,
    state=LineState.APPROVED,
    valid_from=date(2026, 11, 1),
    valid_to=date(2026, 12, 31),
)
OPEN = DispatchReadiness(
    now=AT - timedelta(hours=2),
    outline=DeidentifiedFacts(state="IL"),
    licensed_states=frozenset({"IL"}),
    site=Site.HOME,
    lines=(DRUG,),
    assessment=Assessment(suitability=Suitability.HOME),
    agreement_signed=True,
    therapy=THERAPY,
    visit=Visit(visit_at=AT, nurse="rn-1", patient_confirmed=True),
    on_hold=False,
)


def having(**changes: object) -> DispatchReadiness:
    return OPEN.model_copy(update=changes)


def drug(**changes: object) -> tuple[Line, ...]:
    return (DRUG.model_copy(update=changes),)


CLOSED = [
    (Gate.LICENSED, having(licensed_states=frozenset({"OH"})), "no license"),
    (
        Gate.ORDER,
        having(outline=DeidentifiedFacts(state="IL", missing={BlockedStep.DISPATCH: ("order.signed_on",)})),
        "order.signed_on",
    ),
    (
        Gate.AUTHORIZATION,
        having(lines=drug(valid_to=date(2026, 12, 1))),
        "authorization of the drug line ends 2026-12-01, visit is 2026-12-03",
    ),
    (Gate.AUTHORIZATION, having(lines=drug(valid_from=date(2026, 12, 4))), "begins 2026-12-04"),
    (Gate.AUTHORIZATION, having(lines=drug(state=LineState.PENDED)), "is pended"),
    (Gate.AUTHORIZATION, having(lines=drug(authorized_units=0)), "no units left"),
    (Gate.ASSESSMENT, having(assessment=None), "suitable for the home"),
    (Gate.ASSESSMENT, having(assessment=Assessment(suitability=Suitability.SUITE)), "suitable for the home"),
    (Gate.AGREEMENT, having(agreement_signed=False), "not signed"),
    (Gate.THERAPY, having(therapy=None), "not delivered"),
    (
        Gate.THERAPY,
        having(therapy=THERAPY.model_copy(update={"beyond_use": AT})),
        "beyond-use date is 2026-12-03 15:00",
    ),
    (Gate.KIT, having(therapy=THERAPY.model_copy(update={"kit_present": False})), "kit"),
    (
        Gate.KIT,
        having(
            therapy=THERAPY.model_copy(update={"kit_present": False, "kit_exemption": KitExemption.SUITE_EQUIPMENT})
        ),
        "kit",
    ),
    (Gate.VISIT_TIME, having(now=AT), "has passed"),
    (
        Gate.VISIT_TIME,
        having(therapy=THERAPY.model_copy(update={"delivered_at": AT + timedelta(minutes=1)})),
        "the therapy is delivered 2026-12-03 15:01",
    ),
    (Gate.VISIT_TIME, having(patient_from=date(2026, 12, 4)), "the patient can from 2026-12-04 on"),
    (Gate.NURSE, having(visit=Visit(visit_at=AT, patient_confirmed=True)), "no nurse"),
    (Gate.NURSE, having(nurse_problem="the license ends before the visit"), "the license ends"),
    (Gate.PATIENT_CONFIRMED, having(visit=Visit(visit_at=AT, nurse="rn-1")), "not confirmed"),
    (Gate.HOLD, having(on_hold=True), "on hold"),
    (Gate.CONTACT, having(outline=DeidentifiedFacts(state="IL", benefits_check_only=True)), "not be contacted"),
    (
        Gate.CONTACT,
        having(outline=DeidentifiedFacts(state="IL", missing={BlockedStep.CONTACT: (CONTACT_ALLOWED,)})),
        "the source does not allow it",
    ),
]


def test_with_everything_there_the_nurse_may_go() -> None:
    assert closed_gates(OPEN) == ()


@pytest.mark.parametrize(("gate", "ready", "why"), CLOSED)
def test_a_closed_gate_names_itself(gate: Gate, ready: DispatchReadiness, why: str) -> None:
    (closed,) = closed_gates(ready)
    assert closed.gate is gate
    assert why in closed.why


@pytest.mark.parametrize(("gate", "ready", "why"), CLOSED)
def test_an_override_opens_that_gate_alone(gate: Gate, ready: DispatchReadiness, why: str) -> None:
    assert closed_gates(ready.model_copy(update={"overridden": frozenset({gate})})) == ()
    others = frozenset(Gate) - {gate}
    assert closed_gates(ready.model_copy(update={"overridden": others})) != (), why


def test_every_gate_has_its_step_and_none_is_left_out_of_the_cases() -> None:
    assert set(STEP_OF) == set(Gate)
    assert {gate for gate, _, _ in CLOSED} == set(Gate)
    assert OVERRIDABLE is Gate.AUTHORIZATION


@pytest.mark.parametrize(("gate", "ready", "why"), CLOSED)
def test_a_closed_gate_says_what_opens_it(gate: Gate, ready: DispatchReadiness, why: str) -> None:
    (closed,) = closed_gates(ready)
    text = described(closed)
    assert text.startswith(f"{gate}: ")
    assert why in text
    assert text.endswith(step_of(closed).opens)


def test_an_authorization_that_begins_later_moves_the_visit_and_one_that_ends_is_renewed() -> None:
    (begins,) = closed_gates(having(lines=drug(valid_from=date(2026, 12, 4))))
    (ends,) = closed_gates(having(lines=drug(valid_to=date(2026, 12, 1))))
    assert (begins.reason, step_of(begins).item) == (GateReason.BEGINS_AFTER_VISIT, WorkItemKind.PLACE_VISIT)
    assert (ends.reason, step_of(ends).item) == (GateReason.ENDS_BEFORE_VISIT, WorkItemKind.SUBMIT_AUTHORIZATION)


def test_the_same_gate_for_another_reason_is_another_closing() -> None:
    keys = [gate.key for _, ready, _ in CLOSED for gate in closed_gates(ready)]
    ready = having(therapy=THERAPY.model_copy(update={"beyond_use": AT - timedelta(days=1)}))
    (earlier,) = closed_gates(ready)
    assert earlier.key in keys, "other dates are the same reason"
    assert len(set(keys)) >= len(set(Gate)) + 5


@pytest.mark.parametrize(
    "ready",
    [
        having(therapy=THERAPY.model_copy(update={"kit_present": False, "kit_exemption": KitExemption.NOT_FIRST_DOSE})),
        having(therapy=THERAPY.model_copy(update={"kit_present": False, "kit_exemption": KitExemption.OTHER})),
        having(visit=Visit(visit_at=AT, patient_confirmed=True), nursing=False),
        having(visit=Visit(visit_at=AT, patient_confirmed=True), site=Site.SUITE),
        having(visit=None, nursing=False),
        having(patient_from=AT.date()),
    ],
    ids=["not a first dose", "the pharmacist's reason", "no nursing", "suite", "no visit", "that day suits"],
)
def test_what_is_documented_or_not_needed_closes_nothing(ready: DispatchReadiness) -> None:
    assert closed_gates(ready) == ()


@given(st.sampled_from(LineState), st.integers(-40, 40), st.integers(-40, 40))
def test_no_line_passes_that_is_not_approved_for_the_day(state: LineState, begins: int, ends: int) -> None:
    day = AT.date()
    lines = drug(state=state, valid_from=day + timedelta(days=begins), valid_to=day + timedelta(days=ends))
    passes = not closed_gates(having(lines=lines))
    approved_today = state is LineState.APPROVED and begins <= 0 <= ends
    assert passes == (approved_today or state is LineState.NOT_REQUIRED)
