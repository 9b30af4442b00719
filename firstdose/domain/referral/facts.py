"""The facts of a referral: what a step lacks (docs/process.md, "Facts"), what a workflow may know, and what changed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from firstdose.domain.quantity.ordered_units import LATEST, course_units, missing_for_units
from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.order import (
    Medication,
    Route,
    Site,
    TherapyKind,
    medication_path,
)
from firstdose.domain.referral.referral import DocumentKind, LineOfBusiness, Referral, Urgency


class BlockedStep(StrEnum):
    """The step that cannot be taken without the fact."""

    CONTACT = "contact"
    ELIGIBILITY = "eligibility"
    AUTHORIZATION = "authorization"
    DISPATCH = "dispatch"


CONTACT_ALLOWED: Final = "patient.contact_allowed"
"""Counts as missing where the source says that the patient is not to be contacted."""

ALLERGIES: Final = "patient.allergies"


def missing_facts(referral: Referral) -> dict[BlockedStep, tuple[str, ...]]:
    """For each step, the paths of the facts that it waits for; every step is a key.

    A patient who must not be contacted needs no phone. Service codes are derived from therapy and frequency, so they
    are never missing themselves. The assessment is not the source's to tell. A fact about which there is an open
    question counts as missing, also one that no step needs.
    """
    missing = {blocks: list(needs(referral)) for blocks, needs in _NEEDS.items()}
    for one in referral.open_questions:
        if not any(one.path in paths for paths in missing.values()):
            missing[_blocked_by(one.path)].append(one.path)
    return {blocks: tuple(paths) for blocks, paths in missing.items()}


def _blocked_by(path: str) -> BlockedStep:
    """The first step that rests on the fact; the visit rests on all."""
    return next((blocks for start, blocks in _RESTS_ON.items() if path.startswith(start)), BlockedStep.DISPATCH)


_RESTS_ON = {
    "patient.phones": BlockedStep.CONTACT,
    "patient.family_name": BlockedStep.ELIGIBILITY,
    "patient.given_name": BlockedStep.ELIGIBILITY,
    "coverages": BlockedStep.ELIGIBILITY,
    "prescriber": BlockedStep.AUTHORIZATION,
    "order.access_device": BlockedStep.DISPATCH,
    "order.pump": BlockedStep.DISPATCH,
    "order.first_dose_given": BlockedStep.DISPATCH,
    "order.signed_on": BlockedStep.DISPATCH,
    "order.anaphylaxis_kit_ordered": BlockedStep.DISPATCH,
    "order": BlockedStep.AUTHORIZATION,
    "documents": BlockedStep.AUTHORIZATION,
}


def _for_contact(referral: Referral) -> Iterator[str]:
    """Nobody calls a patient who does not wish it: intake asks the source how the patient may be reached."""
    if referral.benefits_check_only:
        return
    if not referral.contact_allowed:
        yield CONTACT_ALLOWED
    elif not referral.patient.phones:
        yield "patient.phones"


def _for_eligibility(referral: Referral) -> Iterator[str]:
    if referral.primary is None:
        yield "coverages"
    else:
        coverage = referral.coverages[referral.primary]
        if not (coverage.payer.id or coverage.payer.name):
            yield f"coverages[{referral.primary}].payer.name"
        if not coverage.member_id:
            yield f"coverages[{referral.primary}].member_id"
    patient = referral.patient
    for name in ("family_name", "given_name", "birth_date"):
        if getattr(patient, name) is None:
            yield f"patient.{name}"


def _for_authorization(referral: Referral) -> Iterator[str]:
    order = referral.order
    if not order.diagnoses:
        yield "order.diagnoses"
    for index, medication in enumerate(order.medications or (Medication(),)):
        for name in (*_missing_of(medication, order.therapy), *missing_for_units(referral, medication)):
            yield name if name.startswith("patient.") else medication_path(index, name)
    if order.therapy is None:
        yield "order.therapy"
    if not referral.prescriber.npi:
        yield "prescriber.npi"
    if not any(document.kind is DocumentKind.CLINICAL_NOTE and document.has_content for document in referral.documents):
        yield "documents.clinical_note"


def _missing_of(medication: Medication, therapy: TherapyKind | None) -> Iterator[str]:
    """The per diem of an anti-infective depends on the frequency, so it must be one that is understood."""
    if not medication.drug.name:
        yield "drug.name"
    for name in ("dose", "route", "frequency", "duration_days"):
        if getattr(medication, name) is None:
            yield name
    by_frequency = therapy is TherapyKind.ANTI_INFECTIVE and medication.frequency
    if by_frequency and frequency_code(by_frequency) is None:
        yield "frequency"


def _for_dispatch(referral: Referral) -> Iterator[str]:
    patient, order = referral.patient, referral.order
    if order.signed_on is None:
        yield "order.signed_on"
    if patient.allergies is None:
        yield ALLERGIES
    if patient.weight_kg is None:
        yield "patient.weight_kg"
    # While the route is not known it may be IV: a route told later must not bring up a new question.
    routes = {one.route for one in order.medications} or {None}
    if routes & {None, Route.IV} and not order.access_device:
        yield "order.access_device"
    if order.anaphylaxis_kit_ordered is None:
        yield "order.anaphylaxis_kit_ordered"
    for name in ("line", "state", "postal_code"):  # a nurse needs a door, and a license for the state it is in
        if not getattr(patient.address, name) or patient.address.is_for_mail_only:
            yield f"patient.address.{name}"


_NEEDS: Mapping[BlockedStep, Callable[[Referral], Iterator[str]]] = {
    BlockedStep.CONTACT: _for_contact,
    BlockedStep.ELIGIBILITY: _for_eligibility,
    BlockedStep.AUTHORIZATION: _for_authorization,
    BlockedStep.DISPATCH: _for_dispatch,
}


class DeidentifiedMedication(BaseModel):
    """One medication in codes. `frequency` is `q8h`; None when the order's words are no plain interval."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    hcpcs: str | None = None
    route: Route | None = None
    frequency: str | None = None
    duration_days: int | None = None
    units: int | None = None
    """Of the drug's code for the whole course; None where that is not known, and in what was recorded before."""


class DeidentifiedFacts(BaseModel):
    """The referral without the person: all that a workflow, a search attribute or a metric may carry.

    Codes and enumerated values only: no name, id of a person, date, address below the state, or diagnosis.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    therapy: TherapyKind | None = None
    urgency: Urgency = Urgency.ROUTINE
    payer_id: str | None = None
    line_of_business: LineOfBusiness | None = None
    site: Site = Site.HOME
    route: Route | None = None
    needs_nursing: bool = True
    state: str | None = None
    hcpcs: str | None = None
    frequency: str | None = None
    """`q8h`: the hours between two doses; None when the order's words are no plain interval."""
    duration_days: int | None = None
    medications: tuple[DeidentifiedMedication, ...] = ()
    """All of the order; the fields above repeat the first. Empty in facts recorded before an order had several."""
    signed: bool = False
    benefits_check_only: bool = False
    kit_ordered: bool | None = None
    missing: dict[BlockedStep, tuple[str, ...]] = {}
    documents: tuple[DocumentKind, ...] = ()

    @property
    def ordered(self) -> tuple[DeidentifiedMedication, ...]:
        """Each medication, at least one."""
        only = DeidentifiedMedication(
            hcpcs=self.hcpcs, route=self.route, frequency=self.frequency, duration_days=self.duration_days
        )
        return self.medications or (only,)


def outline(referral: Referral, day: date = LATEST) -> DeidentifiedFacts:
    """Units count by the codes that are in force on the day."""
    order = referral.order
    coverage = None if referral.primary is None else referral.coverages[referral.primary]
    return DeidentifiedFacts(
        therapy=order.therapy,
        urgency=referral.urgency,
        payer_id=coverage.payer.id if coverage else None,
        line_of_business=coverage.line_of_business if coverage else None,
        site=order.site,
        route=order.route,
        needs_nursing=order.needs_nursing,
        state=None if referral.patient.address.is_for_mail_only else referral.patient.address.state,
        hcpcs=order.drug.hcpcs,
        frequency=frequency_code(order.frequency) if order.frequency else None,
        duration_days=order.duration_days,
        medications=tuple(
            DeidentifiedMedication(
                hcpcs=one.drug.hcpcs,
                route=one.route,
                frequency=frequency_code(one.frequency) if one.frequency else None,
                duration_days=one.duration_days,
                units=course_units(referral, one, day),
            )
            for one in order.medications
        ),
        signed=order.signed_on is not None,
        benefits_check_only=referral.benefits_check_only,
        kit_ordered=order.anaphylaxis_kit_ordered,
        missing=missing_facts(referral),
        documents=tuple(sorted({document.kind for document in referral.documents})),
    )
