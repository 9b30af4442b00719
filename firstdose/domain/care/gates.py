"""The gates before the first visit, looked at again at the moment of dispatch (docs/process.md, "Gates")."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.care.assessment import Assessment
from firstdose.domain.care.therapy import PreparedTherapy
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.facts import BlockedStep, DeidentifiedFacts
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult, why_again
from firstdose.domain.referral.versions import Change


class Gate(StrEnum):
    LICENSED = "licensed"
    ORDER = "order"
    AUTHORIZATION = "authorization"
    ASSESSMENT = "assessment"
    AGREEMENT = "agreement"
    THERAPY = "therapy"
    KIT = "kit"
    PATIENT_CONFIRMED = "patient_confirmed"
    HOLD = "hold"
    CONTACT = "contact"


class ClosedGate(BaseModel):
    """A gate that keeps the nurse from going, and the sentence that says why."""

    model_config = ConfigDict(frozen=True)

    gate: Gate
    why: str


class DispatchReadiness(BaseModel):
    """All that the gates look at, for one visit."""

    model_config = ConfigDict(frozen=True)

    outline: DeidentifiedFacts
    licensed_states: frozenset[str]
    site: Site
    lines: tuple[Line, ...]
    assessment: Assessment | None
    agreement_signed: bool
    therapy: PreparedTherapy | None
    visit: Visit
    on_hold: bool
    under_review: Mapping[SettledResult, tuple[Change, ...]] = {}
    overridden: frozenset[Gate] = frozenset()


_LINE_NAME = {LineKind.DRUG: "drug", LineKind.PER_DIEM: "per diem", LineKind.NURSING: "nursing"}


_GATE_OF = {
    SettledResult.VERIFICATION: Gate.AUTHORIZATION,
    SettledResult.AUTHORIZATION: Gate.AUTHORIZATION,
    SettledResult.ASSESSMENT: Gate.ASSESSMENT,
    SettledResult.AGREEMENT: Gate.AGREEMENT,
    SettledResult.THERAPY: Gate.THERAPY,
    SettledResult.VISIT: Gate.PATIENT_CONFIRMED,
    SettledResult.LICENSE: Gate.LICENSED,
}
"""The gate that is closed while the result is looked at again."""


def closed_gates(ready: DispatchReadiness) -> tuple[ClosedGate, ...]:
    """The gates that are closed for this visit and not overridden; none means that the nurse may go."""
    return tuple(gate for gate in _closed(ready) if gate.gate not in ready.overridden)


def _closed(ready: DispatchReadiness) -> Iterator[ClosedGate]:
    outline, visit_at = ready.outline, ready.visit.visit_at
    if outline.state not in ready.licensed_states:
        yield ClosedGate(gate=Gate.LICENSED, why="the pharmacy holds no license in the patient's state")
    if missing := outline.missing.get(BlockedStep.DISPATCH, ()):
        yield ClosedGate(gate=Gate.ORDER, why=f"missing: {', '.join(missing)}")
    for line in ready.lines:
        if why := _unauthorized(line, visit_at.date()):
            yield ClosedGate(gate=Gate.AUTHORIZATION, why=why)
    if ready.assessment is None or not ready.assessment.suits(ready.site):
        yield ClosedGate(gate=Gate.ASSESSMENT, why=f"no assessment finds the patient suitable for the {ready.site}")
    if not ready.agreement_signed:
        yield ClosedGate(gate=Gate.AGREEMENT, why="the patient has not signed the agreement")
    yield from _therapy(ready.therapy, visit_at)
    if not ready.visit.patient_confirmed:
        yield ClosedGate(gate=Gate.PATIENT_CONFIRMED, why="the patient has not confirmed the time")
    yield from _under_review(ready.under_review)
    if ready.on_hold:
        yield ClosedGate(gate=Gate.HOLD, why="the referral is on hold")
    if outline.benefits_check_only:
        yield ClosedGate(gate=Gate.CONTACT, why="the patient must not be contacted: benefits check only")


def _under_review(results: Mapping[SettledResult, tuple[Change, ...]]) -> Iterator[ClosedGate]:
    for result, changed in results.items():
        yield ClosedGate(gate=_GATE_OF[result], why=why_again(result, changed))


def _unauthorized(line: Line, day: date) -> str | None:
    name = _LINE_NAME[line.kind]
    if line.covers(day):
        return None
    if line.state is not LineState.APPROVED:
        return f"authorization of the {name} line is {line.state}"
    if line.authorized_units == 0:
        return f"authorization of the {name} line has no units left"
    if line.valid_to is not None and day > line.valid_to:
        return f"authorization of the {name} line ends {line.valid_to}, visit is {day}"
    return f"authorization of the {name} line begins {line.valid_from}, visit is {day}"


def _therapy(therapy: PreparedTherapy | None, visit_at: datetime) -> Iterator[ClosedGate]:
    if therapy is None:
        yield ClosedGate(gate=Gate.THERAPY, why="the therapy is not delivered")
        return
    if visit_at >= therapy.beyond_use:
        why = (
            f"the therapy's beyond-use date is {therapy.beyond_use:%Y-%m-%d %H:%M}, visit is {visit_at:%Y-%m-%d %H:%M}"
        )
        yield ClosedGate(gate=Gate.THERAPY, why=why)
    if not therapy.kit_present:
        yield ClosedGate(gate=Gate.KIT, why="the anaphylaxis kit is not with the patient or the nurse")
