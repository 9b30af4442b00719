"""Coverage and cost of a case: the plans, what the payer said of benefits, and what the patient agreed to."""

from collections.abc import Iterator
from decimal import Decimal

from desk.web.case.reading import OpenCase
from desk.web.case.terms import CaseTerm, joined, known, yes_no
from desk.web.times import time_element
from desk.web.words import words
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.referral.referral import Coverage, Relationship


def coverage_terms(case: OpenCase) -> tuple[CaseTerm, ...]:
    facts = case.facts
    if facts is None:
        return ()
    plans = [term for coverage in facts.coverages for term in _plan(coverage)]
    return tuple(plans) or (CaseTerm.of("Coverage"),)


def cost_terms(case: OpenCase) -> tuple[CaseTerm, ...]:
    benefits = case.state.case.benefits
    verified = _benefits(benefits, case) if benefits else (CaseTerm.of("Benefits", "Not verified yet"),)
    return (*verified, *_agreement(case))


def dollars(amount: Decimal | str) -> str:
    return f"${Decimal(amount):,.2f}"


def _plan(coverage: Coverage) -> Iterator[CaseTerm]:
    payer = joined(coverage.payer.name, coverage.payer.id, by=" · ")
    kind = words(coverage.line_of_business) if coverage.line_of_business else None
    yield CaseTerm.of(words(coverage.order), payer, kind)
    yield CaseTerm.of("Member", joined(coverage.member_id, coverage.group and f"group {coverage.group}"))
    if coverage.relationship is not Relationship.SELF:
        subscriber = coverage.subscriber
        named = joined(subscriber.given_name, subscriber.family_name, by=" ") if subscriber else None
        yield CaseTerm.of("Subscriber", joined(named, f"the patient is {words(coverage.relationship).lower()}"))


def _benefits(benefits: Benefits, case: OpenCase) -> tuple[CaseTerm, ...]:
    at = benefits.verified_at or case.state.case.verified_at
    when = time_element(at, case.zone, case.now, relative=False) if at else None
    how = "by people" if case.state.case.verified_by_people else f"by {words(benefits.channel)}"
    asked = joined(*(words(kind).lower() for kind in sorted(benefits.needs_authorization)))
    status = CaseTerm.of("Benefits", f"{words(benefits.status)}, verified {how}", when)
    told = (
        CaseTerm.of("In network", yes_no(benefits.in_network)),
        CaseTerm.of("Copay", _amount(benefits.copay)),
        CaseTerm.of(
            "Coinsurance", None if benefits.coinsurance_percent is None else f"{benefits.coinsurance_percent} %"
        ),
        CaseTerm.of("Deductible left", _amount(benefits.deductible_remaining)),
        CaseTerm.of("Out of pocket left", _amount(benefits.out_of_pocket_remaining)),
        CaseTerm.of("Needs authorization", asked or "Nothing"),
        CaseTerm.of("Payer’s reference", benefits.reference),
    )
    return (status, *known(told))


def _percent(part: int | None) -> str | None:
    return None if part is None else f"{part} %"


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else dollars(amount)


def _agreement(case: OpenCase) -> tuple[CaseTerm, ...]:
    stored = case.state.case
    terms = stored.agreed_on
    if not stored.agreement_signed:
        return (CaseTerm.of("Who pays", words(stored.paying)), CaseTerm.of("Agreement", "Not signed yet"))
    amounts = [f"{_NAMES.get(name, name)} {_shown(name, amount)}" for name, amount in sorted(_amounts(case).items())]
    on = joined(*amounts) if terms else None
    return (CaseTerm.of("Who pays", words(stored.paying)), CaseTerm.of("Agreement", "Signed by the patient", on))


_NAMES = {
    "copay": "copay",
    "coinsurance_percent": "coinsurance",
    "deductible_remaining": "deductible left",
    "out_of_pocket_remaining": "out-of-pocket limit left",
}


def _amounts(case: OpenCase) -> dict[str, str]:
    terms = case.state.case.agreed_on
    return terms.amounts if terms else {}


def _shown(name: str, amount: str) -> str:
    return f"{amount} %" if name == "coinsurance_percent" else dollars(amount)
