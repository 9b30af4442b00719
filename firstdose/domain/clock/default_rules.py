"""The clock rules that ship with the product, as data; docs/process.md, "Clocks", shows them as a table.

A rule in days lasts to the end of its last local day. A change of law is a new row, and the day on which it supersedes.
"""

from datetime import date, timedelta
from typing import Any, Final

from firstdose.domain.clock.business_calendar import Unit
from firstdose.domain.clock.rules import ClockPurpose, ClockRule, Regime, Terms

# Each number and paragraph was compared with public copies and quotations of the federal text as it stood in 2026. Not
# found there: since when 42 CFR 422.568(b)(3) and 422.582(b) say so, and a time for Medicare's review entity, which its
# contract with CMS sets. "policy" is nobody's law: a plan's row and the pharmacy's policy may say otherwise.
_CMS_0057_F: Final = date(2026, 1, 1)
_PRESUMED_RECEIPT: Final = date(2025, 1, 1)  # 89 FR 30448: a notice counts as received five days after its date
_REVIEW_ENTITY: Final = "42 CFR 422.592; the review entity's contract with CMS"
_EMPLOYER_REVIEW: Final = "29 CFR 2590.715-2719(d), as 45 CFR 147.136(d)"
_DAYS: Final = Terms(unit=Unit.CALENDAR_DAYS)
_BUSINESS_DAYS: Final = Terms(unit=Unit.BUSINESS_DAYS)
_DAYS_AND_14: Final = Terms(unit=Unit.CALENDAR_DAYS, extension=timedelta(days=14))
_HOURS_AND_14_DAYS: Final = Terms(extension=timedelta(days=14))
_EXTENDED: Final[dict[str, Any]] = {"standard_terms": _DAYS_AND_14, "expedited_terms": _HOURS_AND_14_DAYS}


def _rule(
    regime: Regime, name: str, citation: str, *, days: int | None = None, hours: int = 72, **more: Any
) -> ClockRule:
    """`days` of a standard request, `hours` of an expedited one; without `days` as told in `more`."""
    if days is not None:
        more = {"standard": timedelta(days=days), "standard_terms": _DAYS, **more}
    given = {"version": "2026-01-01", "drug": None, "expedited": timedelta(hours=hours), **more}
    return ClockRule(regime=regime, name=name, citation=citation, **given)


def _window(regime: Regime, name: str, citation: str, purpose: ClockPurpose, days: int, **more: Any) -> ClockRule:
    """A window for filing from the notice's date, of the same length for expedited requests."""
    both = {"expedited": timedelta(days=days), "expedited_terms": _DAYS, **more}
    return _rule(regime, name, citation, days=days, purpose=purpose, **both)


MA, MEDICAID, EMPLOYER, PLAN = Regime.MEDICARE_ADVANTAGE, Regime.MEDICAID, Regime.EMPLOYER, Regime.PLAN

RULES: Final[tuple[ClockRule, ...]] = (
    _rule(
        MA,
        "Part B drug",
        "42 CFR 422.568(b)(3), 422.572(a)(2)",
        drug=True,
        standard=timedelta(hours=72),
        hours=24,
        effective_from=date(2020, 1, 1),
    ),
    _rule(
        MA,
        "CMS-0057-F",
        "89 FR 8758; 42 CFR 422.568(b), 422.572",
        drug=False,
        days=7,
        effective_from=_CMS_0057_F,
        **_EXTENDED,
    ),
    _rule(
        MA,
        "Organization determination",
        "42 CFR 422.568(b) before 89 FR 8758",
        version="2020-01-01",
        drug=False,
        days=14,
        superseded_on=_CMS_0057_F,
        **_EXTENDED,
    ),
    _rule(MEDICAID, "Medicaid outpatient drug", "SSA 1927(d)(5)(A)", drug=True, standard=timedelta(hours=24), hours=24),
    # In managed care it holds from a plan's first rating period that begins in 2026.
    _rule(
        MEDICAID,
        "CMS-0057-F",
        "89 FR 8758; 42 CFR 438.210(d), 440.230(e)",
        drug=False,
        days=7,
        effective_from=_CMS_0057_F,
        **_EXTENDED,
    ),
    _rule(
        MEDICAID,
        "Service authorization",
        "42 CFR 438.210(d) before 89 FR 8758",
        version="2020-01-01",
        drug=False,
        days=14,
        superseded_on=_CMS_0057_F,
        **_EXTENDED,
    ),
    _rule(
        EMPLOYER,
        "Employer plan",
        "29 CFR 2560.503-1(f)(2)",
        days=15,
        standard_terms=Terms(unit=Unit.CALENDAR_DAYS, extension=timedelta(days=15)),
        tolls=True,
        effective_from=date(2003, 1, 1),
    ),
    _rule(
        PLAN,
        "Plan's own",
        "policy",
        standard=timedelta(days=3),
        standard_terms=_BUSINESS_DAYS,
        expedited=timedelta(days=1),
        expedited_terms=_BUSINESS_DAYS,
        tolls=True,
    ),
)
"""Clocks of decisions."""

APPEAL_RULES: Final[tuple[ClockRule, ...]] = (
    _rule(MA, "Part B drug appeal", "42 CFR 422.590(c), (e)", purpose=ClockPurpose.APPEAL, drug=True, days=7),
    _rule(
        MA,
        "Medicare Advantage appeal",
        "42 CFR 422.590(a), (e)",
        purpose=ClockPurpose.APPEAL,
        drug=False,
        days=30,
        **_EXTENDED,
    ),
    _rule(MEDICAID, "Medicaid appeal", "42 CFR 438.408(b), (c)", purpose=ClockPurpose.APPEAL, days=30, **_EXTENDED),
    # A plan that hears two appeals has 15 days for each, one that hears a single one has 30.
    _rule(EMPLOYER, "Employer appeal", "29 CFR 2560.503-1(i)(2)(i)-(ii)", purpose=ClockPurpose.APPEAL, days=30),
    _rule(
        EMPLOYER,
        "Employer first of two appeals",
        "29 CFR 2560.503-1(i)(2)(ii)",
        purpose=ClockPurpose.FIRST_OF_TWO_APPEALS,
        days=15,
    ),
    _rule(PLAN, "Plan's own appeal", "policy", purpose=ClockPurpose.APPEAL, days=30),
    _rule(
        EMPLOYER, "Employer second appeal", "29 CFR 2560.503-1(i)(2)(ii)", purpose=ClockPurpose.SECOND_APPEAL, days=15
    ),
    _rule(PLAN, "Plan's own second appeal", "policy", purpose=ClockPurpose.SECOND_APPEAL, days=30),
    _rule(MA, "Part B drug, review entity", _REVIEW_ENTITY, purpose=ClockPurpose.EXTERNAL_REVIEW, drug=True, days=7),
    _rule(MA, "Review entity", _REVIEW_ENTITY, purpose=ClockPurpose.EXTERNAL_REVIEW, drug=False, days=30, **_EXTENDED),
    # After an appeal to a managed care plan the days of that appeal are among the 90: the law ends sooner than we do.
    _rule(
        MEDICAID,
        "State fair hearing",
        "42 CFR 431.244(f)(1), (2)",
        purpose=ClockPurpose.EXTERNAL_REVIEW,
        days=90,
        expedited=timedelta(days=3),
        expedited_terms=_BUSINESS_DAYS,
    ),
    _rule(EMPLOYER, "External review", _EMPLOYER_REVIEW, purpose=ClockPurpose.EXTERNAL_REVIEW, days=45),
    _rule(PLAN, "External review", "45 CFR 147.136(d)(2)-(3)", purpose=ClockPurpose.EXTERNAL_REVIEW, days=45),
)

FILING_RULES: Final[tuple[ClockRule, ...]] = (
    # The text says 60 days after receipt.
    _window(
        MA,
        "Medicare Advantage filing",
        "42 CFR 422.582(b)",
        ClockPurpose.APPEAL_FILING,
        65,
        effective_from=_PRESUMED_RECEIPT,
    ),
    _window(
        MA,
        "Medicare Advantage filing",
        "42 CFR 422.582(b) before 89 FR 30448",
        ClockPurpose.APPEAL_FILING,
        60,
        version="2020-01-01",
        superseded_on=_PRESUMED_RECEIPT,
    ),
    _window(MEDICAID, "Medicaid filing", "42 CFR 438.402(c)(2)(ii)", ClockPurpose.APPEAL_FILING, 60),
    _window(EMPLOYER, "Employer filing", "29 CFR 2560.503-1(h)(3)(i)", ClockPurpose.APPEAL_FILING, 180),
    _window(PLAN, "Plan's own filing", "policy", ClockPurpose.APPEAL_FILING, 180),
    _window(EMPLOYER, "Employer second filing", "policy", ClockPurpose.SECOND_APPEAL_FILING, 60),
    _window(PLAN, "Plan's own second filing", "policy", ClockPurpose.SECOND_APPEAL_FILING, 60),
    # A state grants 90 to 120 days.
    _window(MEDICAID, "Fair hearing filing", "42 CFR 438.408(f)(2)", ClockPurpose.EXTERNAL_REVIEW_FILING, 90),
    # The text says four months, which are never fewer than 120 days.
    _window(EMPLOYER, "External review filing", _EMPLOYER_REVIEW, ClockPurpose.EXTERNAL_REVIEW_FILING, 120),
    _window(PLAN, "External review filing", "45 CFR 147.136(d)(2)(i)", ClockPurpose.EXTERNAL_REVIEW_FILING, 120),
    _rule(
        EMPLOYER, "Employer information", "29 CFR 2560.503-1(f)(2)", purpose=ClockPurpose.INFORMATION, days=45, hours=48
    ),
    _rule(PLAN, "Plan's own information", "policy", purpose=ClockPurpose.INFORMATION, days=14, hours=48),
)

DISCHARGE_RULES: Final[tuple[ClockRule, ...]] = (
    _rule(
        PLAN,
        "Plan's own after discharge",
        "policy",
        purpose=ClockPurpose.AFTER_DISCHARGE,
        standard=timedelta(days=1),
        standard_terms=_BUSINESS_DAYS,
        expedited=timedelta(days=1),
        expedited_terms=_BUSINESS_DAYS,
    ),
)

ALL_RULES: Final = (*RULES, *DISCHARGE_RULES, *APPEAL_RULES, *FILING_RULES)
"""Every clock. A caller puts a plan's and a policy's rules before them."""
