"""From FHIR: what the therapy is for, ICD-10-CM codes, the principal first."""

from collections.abc import Iterator, Sequence

from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, is_about
from desk.intake.fhir_elements import Resource, codings, each
from desk.intake.fhir_requests import Requests
from desk.intake.fhir_status import is_affirmed, is_unsure
from firstdose.domain.referral.choice import Candidate, in_order

ICD10CM = ("http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90")
_OF_DRUGS, _RANKED, _ENCOUNTER, _UNMARKED, _PROBLEM, _UNSURE = 5_000, 10_000, 20_000, 30_000, 40_000, 50_000
"""How well a diagnosis suits as principal; best are the reasons of the ServiceRequest, then those of the drugs."""
_CATEGORIES = {"encounter-diagnosis": _ENCOUNTER, "problem-list-item": _PROBLEM}
_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_PRINCIPAL = {"principal", "billing"}
_LEAST_RANK = 1_000


def map_diagnoses(draft: Draft, bundle: Bundle, requests: Requests, patient: Resource) -> None:
    """Several of which none is marked as the principal are a question which it is."""
    told = [*_reasons(bundle, requests), *_ranked(bundle), *_conditions(bundle, patient)]
    draft.put("order.diagnoses", in_order(told, draft.today), "Condition.code")
    draft.pick("order.diagnoses", told)


def reasons_of(bundle: Bundle, request: Resource) -> list[str]:
    """The codes that the request itself gives as its reason."""
    concepts = each(request, "reasonCode")
    for condition in bundle.resolve_each(request, "reasonReference"):
        concepts += [condition.get("code", {})] if is_affirmed(condition) else []
    return list(dict.fromkeys(code for concept in concepts for code in _codes(concept)))


def _codes(concept: object) -> list[str]:
    return sorted(code for system, code in codings(concept) if system in ICD10CM)


def _reasons(bundle: Bundle, requests: Requests) -> Iterator[Candidate[str]]:
    """The ServiceRequest's before those of the drugs, each in the order that the request gives them."""
    for request in requests.in_force:
        later = 0 if request is requests.service else _OF_DRUGS
        for place, code in enumerate(reasons_of(bundle, request)):
            yield Candidate(code, fit=later + min(place, _OF_DRUGS - 1))


def _ranked(bundle: Bundle) -> Iterator[Candidate[str]]:
    """Of an encounter by rank, of a claim by sequence; one that is called principal before the others."""
    for encounter in bundle.every("Encounter"):
        for one in each(encounter, "diagnosis"):
            condition = bundle.resolve_of(encounter, one, "condition")
            if is_affirmed(condition):
                yield from _with_rank(_codes(condition.get("code")), one.get("rank"), [one.get("use")])
    for claim in bundle.every("Claim"):
        for one in each(claim, "diagnosis"):
            condition = bundle.resolve_of(claim, one, "diagnosisReference")
            codes = _codes(one.get("diagnosisCodeableConcept")) or _codes(condition.get("code"))
            yield from _with_rank(codes, one.get("sequence"), each(one, "type"))


def _with_rank(codes: list[str], rank: object, uses: Sequence[object]) -> Iterator[Candidate[str]]:
    is_principal = any(code in _PRINCIPAL for use in uses for _, code in codings(use))
    place = min(rank, _LEAST_RANK) if isinstance(rank, int) and not isinstance(rank, bool) else _LEAST_RANK
    for code in codes:
        yield Candidate(code, fit=_RANKED + (0 if is_principal else place))


def _conditions(bundle: Bundle, patient: Resource) -> Iterator[Candidate[str]]:
    for condition in bundle.every("Condition"):
        if is_about(bundle, condition, patient):
            for code in _codes(condition.get("code")):
                yield Candidate(code, affirmed=is_affirmed(condition), fit=_fit(condition))


def _fit(condition: Resource) -> int:
    if is_unsure(condition):
        return _UNSURE
    told = [pair for concept in each(condition, "category") for pair in codings(concept)]
    return min(
        (_CATEGORIES[code] for system, code in told if system == _CATEGORY and code in _CATEGORIES), default=_UNMARKED
    )
