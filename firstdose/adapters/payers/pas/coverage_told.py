"""Whether a CoverageEligibilityResponse says that the plan is in force on the day of service, and what else it says."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Final

from firstdose.adapters.payers.pas.elements import (
    codes,
    day,
    identifiers,
    in_words,
    money,
    part,
    parts,
    sentence,
    short_text,
    whole,
)
from firstdose.adapters.payers.pas.references import referred
from firstdose.adapters.payers.pas.remarks import disposition_of, errors_of
from firstdose.adapters.payers.pas.terminology import Element
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark, RemarkKind
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerCase

_OUR_CATEGORIES: Final = frozenset({"30", "42"})  # X12 1365, as FHIR's benefit categories have it: plan, home health
_PERCENT: Final = "copay-percent"
_WHOLE_BENEFIT: Final = "benefit"
_MOST_CODES: Final = 20


def problem_of(bundle: Element, response: Element, case: PayerCase) -> ProblemCode | None:
    """What a person must know before anything is asked of this payer, whether the plan is in force or not.

    What is not covered, or used up, outside the payer's network says nothing of a pharmacy inside it.
    """
    insurances = list(parts(response, "insurance"))
    if any(other_payer(bundle, response, insurance, case) for insurance in insurances):
        return ProblemCode.ANOTHER_PAYER_NAMED
    items = [item for insurance in insurances for item in parts(insurance, "item")]
    ours = [item for item in items if concerns(item, case) and "out" not in codes(part(item, "network"))]
    if any(item.get("excluded") is True for item in ours):
        return ProblemCode.SERVICE_NOT_COVERED
    if any(remark.quantity == 0 or remark.amount == 0 for item in ours for remark in _limits(item)):
        return ProblemCode.BENEFIT_USED_UP
    return None


def status_of(response: Element, on: date) -> CoverageStatus | ProblemCode:
    """The plan's standing on that day; else why it is not clear."""
    insurances = list(parts(response, "insurance"))
    told = {value for one in insurances if isinstance(value := one.get("inforce"), bool)}
    if told == {False}:
        return CoverageStatus.INACTIVE
    if told == {True, False}:
        return ProblemCode.SEVERAL_PLANS_ANSWERED
    if not told:
        return ProblemCode.ELIGIBILITY_NOT_TOLD
    periods = [part(one, "benefitPeriod") for one in insurances]
    ends = [(day(period.get("start")), day(period.get("end"))) for period in periods]
    told_ends = [period.get(name) for period in periods for name in ("start", "end") if period.get(name) is not None]
    if any(day(told_end) is None for told_end in told_ends):
        return ProblemCode.ELIGIBILITY_NOT_TOLD
    holds = all((start or on) <= on <= (end or on) for start, end in ends)
    return CoverageStatus.ACTIVE if holds else ProblemCode.COVERAGE_NOT_ON_THAT_DAY


def concerns(item: Element, case: PayerCase) -> bool:
    """Whether it is about a service that we ask for, or about the plan or home health care as a whole."""
    named = set(codes(part(item, "productOrService")))
    if named:
        return bool(named & {line.code for line in case.lines})
    categories = set(codes(part(item, "category")))
    return not categories or bool(categories & _OUR_CATEGORIES)


def other_payer(bundle: Element, response: Element, insurance: Element, case: PayerCase) -> Element | None:
    """Who pays by the Coverage of this insurance, if that is neither who answers nor whom we asked."""
    endpoint = case.endpoint
    asked = {one.casefold() for one in (endpoint.payer, endpoint.name, endpoint.x12_payer) if one}
    answering = _names_of(bundle, response, part(response, "insurer")) | asked
    for coverage in referred(bundle, response, part(insurance, "coverage"), "Coverage"):
        for payor in parts(coverage, "payor"):
            named = _names_of(bundle, coverage, payor)
            if named and not named & answering and not any(endpoint.name.casefold() in name for name in named):
                who = next(referred(bundle, coverage, payor, "Organization"), {})
                return {**who, "display": payor.get("display"), "numbers": [*identifiers(payor), *identifiers(who)]}
    return None


def remarks_of_benefits(bundle: Element, response: Element, case: PayerCase) -> tuple[PayerRemark, ...]:
    return tuple(islice(_remarks(bundle, response, case), MOST_REMARKS))


def _remarks(bundle: Element, response: Element, case: PayerCase) -> Iterator[PayerRemark]:
    yield from errors_of(response)
    for insurance in parts(response, "insurance"):
        if other := other_payer(bundle, response, insurance, case):
            text = sentence(other.get("name")) or sentence(other["display"])
            number = next(iter(other["numbers"]), None)
            kind, where = RemarkKind.ANOTHER_PAYER, "insurance.coverage"
            yield PayerRemark(kind=kind, where=where, text=text, number=number)
        yield from _plan(insurance)
        for item in parts(insurance, "item"):
            if concerns(item, case):
                yield from _of_item(item)
    yield from disposition_of(response)


def _plan(insurance: Element) -> Iterator[PayerRemark]:
    period, in_force = part(insurance, "benefitPeriod"), insurance.get("inforce")
    if isinstance(in_force, bool):
        yield PayerRemark(
            kind=RemarkKind.PLAN,
            where="insurance.inforce",
            code="active" if in_force else "inactive",
            text=sentence(part(insurance, "coverage").get("display")),
            starts_on=day(period.get("start")),
            ends_on=day(period.get("end")),
        )


def _of_item(item: Element) -> Iterator[PayerRemark]:
    about = _about(item)
    if item.get("excluded") is True:
        yield PayerRemark(kind=RemarkKind.NOT_COVERED, where="insurance.item.excluded", about=about)
    yield from _limits(item)
    for name in ("name", "description"):
        if text := sentence(item.get(name)):
            yield PayerRemark(kind=RemarkKind.MESSAGE, where=f"insurance.item.{name}", text=text, about=about)
    for wanted in parts(item, "authorizationSupporting"):
        code, text = next(codes(wanted), None), in_words(wanted)
        where = "insurance.item.authorizationSupporting"
        yield PayerRemark(kind=RemarkKind.MESSAGE, where=where, code=code, text=text, about=about)


def _limits(item: Element) -> Iterator[PayerRemark]:
    """How much is left of what is counted, and of what the plan pays at most."""
    for benefit in parts(item, "benefit"):
        kinds = set(codes(part(benefit, "type")))
        allowed, used = whole(benefit.get("allowedUnsignedInt")), whole(benefit.get("usedUnsignedInt"))
        most, paid = (money(part(benefit, name).get("value")) for name in ("allowedMoney", "usedMoney"))
        counted = allowed is not None and _PERCENT not in kinds
        paying = most is not None and _WHOLE_BENEFIT in kinds
        if counted or paying:
            yield PayerRemark(
                kind=RemarkKind.LIMIT,
                where="insurance.item.benefit",
                text=in_words(part(benefit, "type")),
                about=_about(item),
                quantity=money(max(0, (allowed or 0) - (used or 0))) if counted else None,
                unit=short_text(next(codes(part(item, "term")), None), 20),
                amount=max(most - (paid or 0), most - most) if paying and most is not None else None,
            )


def _about(item: Element) -> tuple[str, ...]:
    return (*codes(part(item, "productOrService")), *codes(part(item, "category")))[:_MOST_CODES]


def _names_of(bundle: Element, holder: Element, reference: Element) -> set[str]:
    """By what somebody is known: names and numbers."""
    organizations: Sequence[Element] = list(referred(bundle, holder, reference, "Organization"))
    told = [sentence(reference.get("display")), *identifiers(reference)]
    for one in organizations:
        told += [sentence(one.get("name")), *identifiers(one)]
    return {each.casefold() for each in told if each}
