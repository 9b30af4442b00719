"""From FHIR: the patient's coverages that are in force on the day of service."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, is_about
from desk.intake.fhir_days import first_day, is_partial
from desk.intake.fhir_elements import Resource, as_sent, candidate, codings, dig, each, fact, text, wording
from desk.intake.fhir_people import NPI, names
from desk.intake.fhir_requests import Requests
from desk.intake.fhir_status import is_affirmed
from firstdose.domain.referral.choice import choose, in_order
from firstdose.domain.referral.identifiers import PayerId
from firstdose.domain.referral.question import QuestionReason

OURS_BUSINESS = "urn:firstdose:line-of-business"
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_BUSINESS = {(_ACT, "EHCPOL"): "employer"}
_SUBSCRIBER = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
_RELATIONSHIPS = {"self": "self", "spouse": "spouse", "child": "child", "parent": "other", "common": "other"}
_RELATIONSHIPS |= {"other": "other", "injured": "other"}
_ORDER = ("primary", "secondary")
_UNORDERED = 1_000_000
_PAYER_ID = TypeAdapter[str](PayerId)
_NOT_A_PAYER_ID = (*NPI, "urn:oid:2.16.840.1.113883.4.4")
"""A payer's identifiers as a provider and as a taxpayer."""


def map_coverages(draft: Draft, bundle: Bundle, requests: Requests, patient: Resource) -> None:
    draft.put("coverages", None, "Coverage")
    on = _day_of_service(draft, requests)
    told = [
        candidate(_coverage(bundle, one, patient, on), one, fit=_order(one), affirmed=is_affirmed(one))
        for one in bundle.every("Coverage")
        if is_about(bundle, one, patient)
    ]
    in_force = in_order(told, on)
    for index, coverage in enumerate(in_force):
        _put(draft, coverage, f"coverages[{index}]", _ORDER[min(index, 1)])
    if told and not in_force:
        draft.ask("coverages", QuestionReason.NOT_IN_FORCE, (_shown(one.value) for one in told))
    draft.pick("coverages", told, on=on, shown=_shown)


def _day_of_service(draft: Draft, requests: Requests) -> date:
    """The requested start, unless it is past."""
    starts = (dig(requests.service, "occurrenceDateTime"), dig(requests.service, "occurrencePeriod", "start"))
    told = next((first_day(one) for one in starts if one and not is_partial(one)), None)
    return max(told or draft.today, draft.today)


def _order(coverage: Resource) -> int:
    order = coverage.get("order")
    return order if isinstance(order, int) and not isinstance(order, bool) else _UNORDERED


def _coverage(bundle: Bundle, coverage: Resource, patient: Resource, on: date) -> dict[str, Any]:
    """The facts of the coverage by their paths below it; what is `None` is not told."""
    relationship, unknown = _relationship(bundle, coverage, patient)
    payer_id, payer_name = _payer(bundle, coverage, on)
    return {
        "payer.id": payer_id,
        "payer.name": payer_name,
        "line_of_business": _line_of_business(coverage),
        "member_id": fact(coverage, "subscriberId") or _member_id(coverage),
        "group": _group(coverage),
        "relationship": relationship,
        "unknown relationship": unknown,
        **(_subscriber(bundle, coverage, patient, on) if relationship != "self" else {}),
    }


_ORIGINS = {
    "payer.id": "payor.identifier",
    "payer.name": "payor",
    "line_of_business": "type",
    "member_id": "subscriberId",
    "group": "class",
    "relationship": "relationship",
}


def _put(draft: Draft, coverage: Mapping[str, Any], at: str, order: str) -> None:
    draft.put(f"{at}.order", order, "Coverage.order")
    for name, value in coverage.items():
        if name != "unknown relationship":
            draft.put(f"{at}.{name}", value, f"Coverage.{_ORIGINS.get(name, 'subscriber')}")
    if coverage["unknown relationship"]:
        draft.ask(f"{at}.relationship", QuestionReason.NOT_UNDERSTOOD, [coverage["unknown relationship"]])


def _shown(coverage: Mapping[str, Any]) -> str:
    told = (coverage["payer.name"] or coverage["payer.id"], coverage["member_id"])
    return ", ".join(str(part) for part in told if part)


def _payer(bundle: Bundle, coverage: Resource, on: date) -> tuple[str | None, str | None]:
    """Id and name. Several ids that could be ours are none: the name says which plan it is."""
    payers = bundle.resolve_each(coverage, "payor")
    payer = next((one for one in payers if one.get("resourceType") in ("Organization", None)), {})
    shown = [fact(one, "display") for one in each(coverage, "payor")]
    name = fact(payer, "name") or fact(payer, "display") or next(filter(None, shown), None)
    ids = [
        candidate(value, one, fit=0 if _may_be_ours(value) else 1, affirmed=one.get("use") != "old")
        for one in each(payer, "identifier")
        if text(one, "system") not in _NOT_A_PAYER_ID and (value := fact(one, "value"))
    ]
    return choose(ids, on).value, name


def _may_be_ours(value: str) -> bool:
    try:
        _PAYER_ID.validate_python(value)
    except ValidationError:
        return False
    return True


def _line_of_business(coverage: Resource) -> str | None:
    told = codings(coverage.get("type"))
    ours = min((code for system, code in told if system == OURS_BUSINESS), default=None)
    return ours or next((_BUSINESS[pair] for pair in told if pair in _BUSINESS), None)


def _member_id(coverage: Resource) -> str | None:
    numbers = [
        value
        for one in each(coverage, "identifier")
        if any(code == "MB" for _, code in codings(one.get("type"))) and (value := fact(one, "value"))
    ]
    return min(numbers, default=None)


def _group(coverage: Resource) -> str | None:
    groups = [
        value
        for one in each(coverage, "class")
        if any(code == "group" for _, code in codings(one.get("type"))) and (value := fact(one, "value"))
    ]
    return min(groups, default=None)


def _relationship(bundle: Bundle, coverage: Resource, patient: Resource) -> tuple[str | None, str | None]:
    """The patient's to the subscriber, and what is told of it where that is not understood."""
    concept = coverage.get("relationship")
    codes = [code for system, code in codings(concept) if system in ("", _SUBSCRIBER)]
    words = (wording(concept) or "").strip().lower()
    known = next((_RELATIONSHIPS[one.lower()] for one in [*codes, words] if one.lower() in _RELATIONSHIPS), None)
    if known is None and bundle.resolve(coverage, "subscriber") is patient and patient:
        return "self", None
    return known, None if known else as_sent(concept)


def _subscriber(bundle: Bundle, coverage: Resource, patient: Resource, on: date) -> dict[str, Any]:
    subscriber = bundle.resolve(coverage, "subscriber")
    if not subscriber or subscriber is patient:
        return {}
    choice = choose(names(subscriber), on)
    family, given = choice.value or ("", "")
    told = {
        "family_name": family,
        "given_name": given,
        "birth_date": subscriber.get("birthDate"),
        "sex": subscriber.get("gender"),
    }
    return {f"subscriber.{name}": value for name, value in told.items() if value}
