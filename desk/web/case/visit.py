"""The first visit of a case: when, where and by whom, and what is there for it."""

from collections.abc import Iterator
from datetime import datetime

from markupsafe import Markup

from desk.web.case.reading import OpenCase
from desk.web.case.terms import CaseTerm, joined
from desk.web.times import time_element
from desk.web.words import words
from firstdose.domain.care.therapy import PreparedTherapy


def visit_terms(case: OpenCase) -> tuple[CaseTerm, ...]:
    return (*_when(case), *_therapy(case))


def zone_name(case: OpenCase) -> str:
    """`New York time`."""
    return f"{case.patient_zone.key.rpartition('/')[2].replace('_', ' ')} time"


def _when(case: OpenCase) -> Iterator[CaseTerm]:
    stored = case.state.case
    if stored.without_nurse and stored.assessment:
        began = _moment(case, stored.started_at) if stored.started_at else "The patient starts without a nurse"
        yield CaseTerm.of("Start", began)
        return
    at = case.row.visit_at
    if at is None:
        yield CaseTerm.of("Time", "No visit is arranged yet")
        return
    yield CaseTerm.of("Time", _moment(case, at), zone_name(case))
    yield CaseTerm.of("Where", words(stored.site))
    visit = stored.visit
    if visit is not None:
        yield CaseTerm.of("Nurse", visit.nurse or "The infusion suite’s")
        yield CaseTerm.of("Patient confirmed", "Yes" if visit.patient_confirmed else "Not yet")
    if stored.visit_done:
        yield CaseTerm.of("Report", "The first infusion was given")


def _therapy(case: OpenCase) -> Iterator[CaseTerm]:
    prepared = case.state.case.therapy
    if prepared is None:
        reserved = case.state.case.reservation
        lots = reserved.lots if reserved else ()
        yield CaseTerm.of("Therapy", "Reserved, not prepared yet" if lots else "Not prepared yet", *lots)
        return
    yield CaseTerm.of("Therapy", "Prepared", joined(prepared.lot, *prepared.further_lots))
    yield CaseTerm.of("Beyond-use date", _moment(case, prepared.beyond_use))
    yield CaseTerm.of("Anaphylaxis kit", _kit(prepared))
    delivered = _moment(case, prepared.delivered_at) if prepared.delivered_at else None
    yield CaseTerm.of("Delivery", words(prepared.delivery), delivered)


def _kit(prepared: PreparedTherapy) -> str:
    if prepared.kit_present:
        return "In place"
    return f"None needed: {words(prepared.kit_exemption).lower()}" if prepared.kit_exemption else "Not in place"


def _moment(case: OpenCase, at: datetime) -> Markup:
    return time_element(at, case.patient_zone, case.now)
