"""The gates before the first visit: each closes by itself, names itself, and opens by an override."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.care.gates import DispatchReadiness, Gate, closed_gates
from firstdose.domain.care.therapy import Delivery, PreparedTherapy
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.facts import BlockedStep, DeidentifiedFacts
from firstdose.domain.referral.order import Site

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
    (Gate.PATIENT_CONFIRMED, having(visit=Visit(visit_at=AT)), "not confirmed"),
    (Gate.HOLD, having(on_hold=True), "on hold"),
    (Gate.CONTACT, having(outline=DeidentifiedFacts(state="IL", benefits_check_only=True)), "not be contacted"),
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


@given(st.sampled_from(LineState), st.integers(-40, 40), st.integers(-40, 40))
def test_no_line_passes_that_is_not_approved_for_the_day(state: LineState, begins: int, ends: int) -> None:
    day = AT.date()
    lines = drug(state=state, valid_from=day + timedelta(days=begins), valid_to=day + timedelta(days=ends))
    passes = not closed_gates(having(lines=lines))
    approved_today = state is LineState.APPROVED and begins <= 0 <= ends
    assert passes == (approved_today or state is LineState.NOT_REQUIRED)
