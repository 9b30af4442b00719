"""The facts of a referral: what a step lacks (docs/process.md, "Facts"), what a workflow may know, and what changed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.paths import holds, place
from firstdose.domain.referral.referral import DocumentKind, LineOfBusiness, Referral, Route, Site, TherapyKind, Urgency


class BlockedStep(StrEnum):
    """The step that cannot be taken without the fact."""

    CONTACT = "contact"
    ELIGIBILITY = "eligibility"
    AUTHORIZATION = "authorization"
    DISPATCH = "dispatch"


def missing_facts(referral: Referral) -> dict[BlockedStep, tuple[str, ...]]:
    """For each step, the paths of the facts that it waits for; every step is a key.

    A patient who must not be contacted needs no phone. Service codes are derived from therapy and frequency, so they
    are never missing themselves. The assessment is not the source's to tell.
    """
    return {blocks: tuple(needs(referral)) for blocks, needs in _NEEDS.items()}


def _for_contact(referral: Referral) -> Iterator[str]:
    if not referral.patient.phones and not referral.benefits_check_only:
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
    if not order.drug.name:
        yield "order.drug.name"
    for name in ("therapy", "dose", "route", "frequency", "duration_days"):
        if getattr(order, name) is None:
            yield f"order.{name}"
    if not referral.prescriber.npi:
        yield "prescriber.npi"
    if not any(document.kind is DocumentKind.CLINICAL_NOTE and document.has_content for document in referral.documents):
        yield "documents.clinical_note"


def _for_dispatch(referral: Referral) -> Iterator[str]:
    patient, order = referral.patient, referral.order
    if order.signed_on is None:
        yield "order.signed_on"
    if patient.allergies is None:
        yield "patient.allergies"
    if patient.weight_kg is None:
        yield "patient.weight_kg"
    # While the route is not known it may be IV: a route told later must not bring up a new question.
    if order.route in (None, Route.IV) and not order.access_device:
        yield "order.access_device"
    if order.anaphylaxis_kit_ordered is None:
        yield "order.anaphylaxis_kit_ordered"
    for name in ("line", "state", "postal_code"):  # a nurse needs a door, and a license for the state it is in
        if not getattr(patient.address, name):
            yield f"patient.address.{name}"


_NEEDS: Mapping[BlockedStep, Callable[[Referral], Iterator[str]]] = {
    BlockedStep.CONTACT: _for_contact,
    BlockedStep.ELIGIBILITY: _for_eligibility,
    BlockedStep.AUTHORIZATION: _for_authorization,
    BlockedStep.DISPATCH: _for_dispatch,
}


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
    signed: bool = False
    benefits_check_only: bool = False
    kit_ordered: bool | None = None
    missing: dict[BlockedStep, tuple[str, ...]] = {}
    documents: tuple[DocumentKind, ...] = ()


def outline(referral: Referral) -> DeidentifiedFacts:
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
        state=referral.patient.address.state,
        hcpcs=order.drug.hcpcs,
        frequency=frequency_code(order.frequency) if order.frequency else None,
        duration_days=order.duration_days,
        signed=order.signed_on is not None,
        benefits_check_only=referral.benefits_check_only,
        kit_ordered=order.anaphylaxis_kit_ordered,
        missing=missing_facts(referral),
        documents=tuple(sorted({document.kind for document in referral.documents})),
    )


class Change(StrEnum):
    """Whose work must be looked at again. `logistics` is all that touches neither payer, order nor identity."""

    COVERAGE = "coverage"
    ORDER = "order"
    PATIENT = "patient"
    PRESCRIBER = "prescriber"
    LOGISTICS = "logistics"


_CONCERNS = {
    "coverages": Change.COVERAGE,
    "order": Change.ORDER,
    "order.access_device": Change.LOGISTICS,
    "order.pump": Change.LOGISTICS,
    "order.first_dose_given": Change.LOGISTICS,
    "order.requested_start": Change.LOGISTICS,
    "order.signed_on": Change.LOGISTICS,
    "order.anaphylaxis_kit_ordered": Change.LOGISTICS,
    "patient": Change.PATIENT,
    "patient.phones": Change.LOGISTICS,
    "patient.email": Change.LOGISTICS,
    "patient.language": Change.LOGISTICS,
    "patient.address": Change.LOGISTICS,
    "patient.caregiver": Change.LOGISTICS,
    "prescriber": Change.PRESCRIBER,
    "prescriber.phone": Change.LOGISTICS,
    "prescriber.fax": Change.LOGISTICS,
    "prescriber.contact_name": Change.LOGISTICS,
}


def compare(old: Referral, new: Referral) -> set[Change]:
    """What a new version changes; a fact that was missing and is there now counts too."""
    return {_concern(path) for path in _differences(old.model_dump(), new.model_dump())}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, was in old.items():
        now = new[name]
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _differences(was, now, f"{above}{name}.")
        elif was != now:
            yield f"{above}{name}"


def _concern(path: str) -> Change:
    while path:
        if path in _CONCERNS:
            return _CONCERNS[path]
        path = path.rpartition(".")[0]
    return Change.LOGISTICS


def keeping(known: Referral, new: Referral) -> Referral:
    """The new version, with what it leaves unsaid as it was known: a source does not know what our staff found out.

    Documents that were added stay beside the new ones.
    """
    merged = _keep(known.model_dump(mode="json"), new.model_dump(mode="json"))
    added = [document for document in known.documents if document not in new.documents]
    merged["documents"] = [document.model_dump(mode="json") for document in (*new.documents, *added)]
    return Referral.model_validate(merged)


def _keep(known: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(new)
    for name, was in known.items():
        now = new[name]
        if isinstance(was, dict) and isinstance(now, dict):
            kept[name] = _keep(was, now)
        elif now is None or now == []:
            kept[name] = was
    return kept


def with_facts(referral: Referral, facts: Mapping[str, object], *, today: date | None = None) -> Referral:
    """The referral with a person's corrections, by path; `documents.clinical_note` takes a document and adds it.

    Raises:
        ValidationError: a wrong type, an impossible value, or a path that names no fact that may be changed.
    """
    tree = referral.model_dump(mode="json")
    for path, value in facts.items():
        _write(tree, path, value)
    corrected = Referral.model_validate(tree, context={"today": today})
    kept = corrected.model_dump(mode="json")
    for path in facts:
        if not path.startswith("documents.") and not holds(kept, path):
            raise _no_such_fact()
    return corrected


def _write(tree: dict[str, Any], path: str, value: object) -> None:
    section, _, kind = path.partition(".")
    if section == "documents" and kind in DocumentKind._value2member_map_:
        document = value if isinstance(value, dict) else {"data": value}
        tree["documents"].append({**document, "kind": kind})
        return
    if path == "source_referral_id":
        raise _no_such_fact()
    try:
        place(tree, path, value)
    except LookupError:
        raise _no_such_fact() from None


def _no_such_fact() -> ValidationError:
    # The path itself is what somebody typed: it is not repeated.
    problem = PydanticCustomError("no_such_fact", "not a fact of a referral that may be changed")
    return ValidationError.from_exception_data("Referral", [InitErrorDetails(type=problem, loc=(), input=None)])
