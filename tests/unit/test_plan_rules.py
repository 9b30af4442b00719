"""What the plan's own rules make of the lines and of the place: data of the pharmacy, with the version as evidence."""

import pytest

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.payer.channel import UNKNOWN_PLAN, Plan, SiteOfCare
from firstdose.domain.payer.coverage import Benefits, CoverageStatus, Paying, judge_lines, site_problem
from firstdose.domain.referral.order import Site

ALL_NEEDED = Benefits(status=CoverageStatus.ACTIVE, reference="REF-1")
LINES = tuple(
    Line(sequence=number, kind=kind, code=code, place_of_service="12", units=1)
    for number, (kind, code) in enumerate(
        ((LineKind.DRUG, "J0696"), (LineKind.PER_DIEM, "S9500"), (LineKind.NURSING, "99601")), start=1
    )
)


def free(plan: Plan, benefits: Benefits = ALL_NEEDED, paying: Paying = Paying.PLAN) -> dict[str, str | None]:
    """The codes that need no authorization, with the evidence."""
    judged = judge_lines(LINES, benefits, paying, plan)
    return {line.code: line.evidence for line in judged if line.state is LineState.NOT_REQUIRED}


@pytest.mark.parametrize(
    ("rule", "codes"),
    [((), []), (("99601",), ["99601"]), (("nursing", "S9500"), ["S9500", "99601"]), (("S9501", "J1569"), [])],
)
def test_a_plan_frees_lines_by_code_or_kind_and_its_version_is_the_evidence(
    rule: tuple[str, ...], codes: list[str]
) -> None:
    plan = Plan(payer="acme", no_authorization=rule, version=7)
    assert free(plan) == dict.fromkeys(codes, "plan acme, version 7: no_authorization")


def test_the_payers_own_word_is_the_better_evidence() -> None:
    told = ALL_NEEDED.model_copy(update={"needs_authorization": frozenset({LineKind.DRUG, LineKind.PER_DIEM})})
    plan = Plan(payer="acme", no_authorization=("nursing", "per_diem"))
    assert free(plan, told) == {"S9500": "plan acme, version 1: no_authorization", "99601": "REF-1"}
    assert free(plan, told, Paying.SELF) == dict.fromkeys(("J0696", "S9500", "99601"), "REF-1")


def test_what_the_payer_has_decided_stays() -> None:
    denied = tuple(line.model_copy(update={"state": LineState.DENIED}) for line in LINES)
    assert judge_lines(denied, ALL_NEEDED, Paying.PLAN, Plan(payer="acme", no_authorization=("drug",))) == denied


@pytest.mark.parametrize(
    ("rule", "site", "problem"),
    [
        (SiteOfCare.ANY, Site.HOME, None),
        (SiteOfCare.HOME_REQUIRED, Site.HOME, None),
        (SiteOfCare.HOME_REQUIRED, Site.SUITE, "the plan pays at home only"),
        (SiteOfCare.SUITE_REQUIRED, Site.SUITE, None),
        (SiteOfCare.SUITE_REQUIRED, Site.HOME, "the plan pays in the suite only"),
    ],
)
def test_a_site_that_the_plan_does_not_pay_for_is_told(rule: SiteOfCare, site: Site, problem: str | None) -> None:
    plan = Plan(payer="acme", site_of_care=rule)
    assert site_problem(plan, site, Paying.PLAN) == problem
    assert site_problem(plan, site, Paying.SELF) is None
    assert site_problem(UNKNOWN_PLAN, site, Paying.PLAN) is None
