"""The gates before the first visit, looked at when it is scheduled and again at dispatch (docs/process.md, "Gates")."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.care.assessment import Assessment
from firstdose.domain.care.therapy import Delivery, PreparedTherapy
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep, DeidentifiedFacts
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
    VISIT_TIME = "visit_time"
    NURSE = "nurse"
    PATIENT_CONFIRMED = "patient_confirmed"
    HOLD = "hold"
    CONTACT = "contact"


class GateReason(StrEnum):
    """Why a gate is closed. A gate that closes again for the same reason was not mended by its step."""

    NO_LICENSE = "no_license"
    FACTS_MISSING = "facts_missing"
    NOT_APPROVED = "not_approved"
    NO_UNITS = "no_units"
    ENDS_BEFORE_VISIT = "ends_before_visit"
    BEGINS_AFTER_VISIT = "begins_after_visit"
    NOT_SUITABLE = "not_suitable"
    NOT_SIGNED = "not_signed"
    NOT_PREPARED = "not_prepared"
    BEYOND_USE_OVER = "beyond_use_over"
    NOBODY_BRINGS = "nobody_brings"
    KIT_ABSENT = "kit_absent"
    TIME_PASSED = "time_passed"
    BEFORE_DELIVERY = "before_delivery"
    BEFORE_PATIENT_CAN = "before_patient_can"
    NO_NURSE = "no_nurse"
    NURSE_UNFIT = "nurse_unfit"
    NOT_CONFIRMED = "not_confirmed"
    UNDER_REVIEW = "under_review"
    ON_HOLD = "on_hold"
    NO_CONTACT = "no_contact"


class ClosedGate(BaseModel):
    """A gate that keeps the visit from taking place, and the sentence that says why.

    `about` is what the reason is about, where there can be several: paths of facts, or the sequence of a line.
    """

    model_config = ConfigDict(frozen=True)

    gate: Gate
    reason: GateReason
    why: str
    about: str = ""

    @property
    def key(self) -> str:
        """The same for the same gate, closed for the same reason."""
        return f"{self.gate}:{self.reason}:{self.about}"


class DispatchReadiness(BaseModel):
    """All that the gates look at. Without a `visit` (the patient needs no nurse) what is about it does not apply."""

    model_config = ConfigDict(frozen=True)

    now: datetime
    outline: DeidentifiedFacts
    licensed_states: frozenset[str]
    site: Site
    lines: tuple[Line, ...]
    assessment: Assessment | None
    agreement_signed: bool
    therapy: PreparedTherapy | None
    visit: Visit | None
    nursing: bool = True
    """Whether the patient needs a nurse at home."""
    nurse_problem: str | None = None
    """Why the roster no longer lets this nurse make this visit, as a sentence."""
    patient_from: date | None = None
    """The first day that suits the patient, where they have said one."""
    on_hold: bool
    under_review: Mapping[SettledResult, tuple[Change, ...]] = {}
    overridden: frozenset[Gate] = frozenset()

    @property
    def at(self) -> datetime:
        """When the therapy starts."""
        return self.visit.visit_at if self.visit else self.now


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
    """The gates that are closed and not overridden; none means that the visit may take place."""
    return tuple(gate for gate in _closed(ready) if gate.gate not in ready.overridden)


def _closed(ready: DispatchReadiness) -> Iterator[ClosedGate]:
    yield from _facts(ready.outline, ready.licensed_states)
    for line in ready.lines:
        yield from _unauthorized(line, ready.at.date())
    if ready.assessment is None or not ready.assessment.suits(ready.site):
        why = f"no assessment finds the patient suitable for the {ready.site}"
        yield ClosedGate(gate=Gate.ASSESSMENT, reason=GateReason.NOT_SUITABLE, why=why)
    if not ready.agreement_signed:
        why = "the patient has not signed the agreement"
        yield ClosedGate(gate=Gate.AGREEMENT, reason=GateReason.NOT_SIGNED, why=why)
    yield from _therapy(ready.therapy, ready.at, ready.site)
    if ready.visit is not None:
        yield from _visit(ready, ready.visit)
    elif ready.therapy and ready.therapy.delivery is Delivery.WITH_NURSE:
        why = "the therapy was to come with a nurse, and none comes"
        yield ClosedGate(gate=Gate.THERAPY, reason=GateReason.NOBODY_BRINGS, why=why)
    yield from _under_review(ready.under_review)
    if ready.on_hold:
        yield ClosedGate(gate=Gate.HOLD, reason=GateReason.ON_HOLD, why="the referral is on hold")


def _facts(outline: DeidentifiedFacts, licensed_states: frozenset[str]) -> Iterator[ClosedGate]:
    if outline.state not in licensed_states:
        why = "the pharmacy holds no license in the patient's state"
        yield ClosedGate(gate=Gate.LICENSED, reason=GateReason.NO_LICENSE, why=why)
    if missing := ", ".join(outline.missing.get(BlockedStep.DISPATCH, ())):
        yield ClosedGate(gate=Gate.ORDER, reason=GateReason.FACTS_MISSING, why=f"missing: {missing}", about=missing)
    if outline.benefits_check_only or CONTACT_ALLOWED in outline.missing.get(BlockedStep.CONTACT, ()):
        cause = "benefits check only" if outline.benefits_check_only else "the source does not allow it"
        why = f"the patient must not be contacted: {cause}"
        yield ClosedGate(gate=Gate.CONTACT, reason=GateReason.NO_CONTACT, why=why)


def _under_review(results: Mapping[SettledResult, tuple[Change, ...]]) -> Iterator[ClosedGate]:
    for result, changed in results.items():
        why = why_again(result, changed)
        yield ClosedGate(gate=_GATE_OF[result], reason=GateReason.UNDER_REVIEW, why=why, about=result)


def _unauthorized(line: Line, day: date) -> Iterator[ClosedGate]:
    if line.covers(day):
        return
    name = f"authorization of the {_LINE_NAME[line.kind]} line"
    if line.state is not LineState.APPROVED:
        reason, why = GateReason.NOT_APPROVED, f"{name} is {line.state}"
    elif line.authorized_units == 0:
        reason, why = GateReason.NO_UNITS, f"{name} has no units left"
    elif line.valid_to is not None and day > line.valid_to:
        reason, why = GateReason.ENDS_BEFORE_VISIT, f"{name} ends {line.valid_to}, visit is {day}"
    else:
        reason, why = GateReason.BEGINS_AFTER_VISIT, f"{name} begins {line.valid_from}, visit is {day}"
    yield ClosedGate(gate=Gate.AUTHORIZATION, reason=reason, why=why, about=str(line.sequence))


def _therapy(therapy: PreparedTherapy | None, at: datetime, site: Site) -> Iterator[ClosedGate]:
    if therapy is None:
        yield ClosedGate(gate=Gate.THERAPY, reason=GateReason.NOT_PREPARED, why="the therapy is not delivered")
        return
    if at >= therapy.beyond_use:
        why = f"the therapy's beyond-use date is {_minute(therapy.beyond_use)}, visit is {_minute(at)}"
        yield ClosedGate(gate=Gate.THERAPY, reason=GateReason.BEYOND_USE_OVER, why=why)
    if not therapy.kit_settled(site):
        why = "the anaphylaxis kit is not with the patient or the nurse, and no exemption is documented"
        yield ClosedGate(gate=Gate.KIT, reason=GateReason.KIT_ABSENT, why=why)


def _visit(ready: DispatchReadiness, visit: Visit) -> Iterator[ClosedGate]:
    yield from _time(ready, visit.visit_at)
    if ready.nursing and ready.site is Site.HOME and visit.nurse is None:
        yield ClosedGate(gate=Gate.NURSE, reason=GateReason.NO_NURSE, why="no nurse holds the visit")
    if ready.nurse_problem is not None:
        yield ClosedGate(gate=Gate.NURSE, reason=GateReason.NURSE_UNFIT, why=ready.nurse_problem)
    if not visit.patient_confirmed:
        why = "the patient has not confirmed the time"
        yield ClosedGate(gate=Gate.PATIENT_CONFIRMED, reason=GateReason.NOT_CONFIRMED, why=why)


def _time(ready: DispatchReadiness, visit_at: datetime) -> Iterator[ClosedGate]:
    therapy, first = ready.therapy, ready.patient_from
    if visit_at <= ready.now:
        why = f"the time of the visit, {_minute(visit_at)}, has passed"
        yield ClosedGate(gate=Gate.VISIT_TIME, reason=GateReason.TIME_PASSED, why=why)
    if therapy and therapy.delivered_at and visit_at < therapy.delivered_at:
        why = f"the therapy is delivered {_minute(therapy.delivered_at)}, visit is {_minute(visit_at)}"
        yield ClosedGate(gate=Gate.VISIT_TIME, reason=GateReason.BEFORE_DELIVERY, why=why)
    if first and visit_at.date() < first:
        why = f"the patient can from {first} on, visit is {visit_at.date()}"
        yield ClosedGate(gate=Gate.VISIT_TIME, reason=GateReason.BEFORE_PATIENT_CAN, why=why)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
