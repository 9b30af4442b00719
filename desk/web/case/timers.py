"""What the process waits for by the clock alone, from the state that it recorded last."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import NamedTuple

from firstdose.domain.authorization.lines import LineState
from workflows.mechanism.state import ReferralState


class Timer(NamedTuple):
    """`then` says what happens at that time."""

    what: str
    until: datetime
    then: str


def timers(state: ReferralState, now: datetime) -> tuple[Timer, ...]:
    """Those that still run, the first to end first; none of a referral that has ended."""
    if state.case.stage.is_end:
        return ()
    found = (*_calls(state), *_therapy(state), *_visit(state), *_overrides(state))
    return tuple(sorted((each for each in found if each.until > now), key=lambda each: each.until))


def _calls(state: ReferralState) -> Iterator[Timer]:
    case = state.case
    if case.next_attempt_at and not case.patient_reached:
        number = f"{case.contact_attempts + 1} of {case.policy.contact.attempts}"
        yield Timer("The next call to the patient", case.next_attempt_at, f"Attempt {number} becomes work")
    if case.next_start_call_at and not case.visit_done:
        yield Timer("The next call about the start", case.next_start_call_at, "The call becomes work")


def _therapy(state: ReferralState) -> Iterator[Timer]:
    case = state.case
    if case.supply_from and case.reservation is None:
        yield Timer("The drug, to be in stock again", case.supply_from, "It is reserved then")
    if case.without_nurse and case.therapy and case.therapy.there_at and not case.visit_done:
        yield Timer("The delivery of the therapy", case.therapy.there_at, "The patient is called about the start")
    begins = [line.valid_from for line in state.authorization.lines if line.state is LineState.APPROVED]
    if case.without_nurse and (first := max((day for day in begins if day), default=None)):
        yield Timer("The authorization to begin", datetime.combine(first, time(), UTC), "Therapy may start then")


def _visit(state: ReferralState) -> Iterator[Timer]:
    case = state.case
    if case.visit and not case.visit_done:
        at = case.visit.visit_at - case.policy.dispatch.lead
        yield Timer("The last look before the visit", at, "If every gate is open, the nurse is sent")


def _overrides(state: ReferralState) -> Iterator[Timer]:
    for each in state.case.overrides.values():
        if each.in_force and each.until:
            yield Timer("The end of the override", each.until, "The gate closes again")
