"""What a CoverageEligibilityResponse says beyond amounts: what only a person can judge, in the payer's words."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from firstdose.adapters.payers.pas.eligibility import eligibility_request, read_benefits
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.payer_ports import UnclearAnswer
from tests.contract.cases import US, case

ASKED = case()
CODE = ASKED.lines[0].code


def told(*items: dict[str, Any], also: tuple[dict[str, Any], ...] = (), **said: Any) -> bytes:
    insurance = {"inforce": True, "item": list(items), **said.pop("insurance", {})}
    response = {"resourceType": "CoverageEligibilityResponse", "insurance": [insurance], **said}
    return orjson.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in (response, *also)]})


def about(code: str, **said: Any) -> dict[str, Any]:
    return {"productOrService": {"coding": [{"code": code}]}, **said}


def counted(kind: str, **said: Any) -> dict[str, Any]:
    return {"benefit": [{"type": {"coding": [{"code": kind}], "text": "Visits"}, **said}]}


def remarks(raw: bytes) -> list[PayerRemark]:
    return list(read_benefits(raw, ASKED).benefits.remarks)


def unclear(raw: bytes) -> tuple[str, list[PayerRemark]]:
    with pytest.raises(UnclearAnswer) as found:
        read_benefits(raw, ASKED)
    assert found.value.received is not None
    assert found.value.received.raw == raw
    return found.value.problem.value, list(found.value.remarks)


def paid_by(**payor: Any) -> dict[str, Any]:
    coverage = {"resourceType": "Coverage", "id": "c", "payor": [payor]}
    return {"insurance": {"coverage": {"reference": "Coverage/c"}}, "also": (coverage,)}


def test_the_day_of_service_is_asked_about() -> None:
    (asked,) = [
        entry["resource"]
        for entry in eligibility_request(ASKED, US)["entry"]
        if entry["resource"]["resourceType"] == "CoverageEligibilityRequest"
    ]
    assert asked["servicedDate"] == "2026-11-24"


def test_a_reject_code_and_its_text_are_told() -> None:
    error = {"code": {"coding": [{"code": "43", "display": "Provider not identified"}]}}
    problem, said = unclear(told(error=[error], disposition="Rejected"))
    assert problem == "eligibility_not_told"
    assert [(one.kind, one.code, one.text) for one in said if one.kind is not RemarkKind.PLAN] == [
        (RemarkKind.REJECTED, "43", "Provider not identified"),
        (RemarkKind.MESSAGE, None, "Rejected"),
    ]
    assert unclear(told(error=[{"code": {"text": "Call us"}}]))[1][0].text == "Call us"


def test_an_excluded_service_is_a_persons() -> None:
    problem, said = unclear(told(about(CODE, excluded=True)))
    assert problem == "service_not_covered"
    assert [one.about for one in said if one.kind is RemarkKind.NOT_COVERED] == [(CODE,)]
    home = {"category": {"coding": [{"code": "42"}]}, "excluded": True}
    assert unclear(told(home))[0] == "service_not_covered"


@pytest.mark.parametrize(
    "item",
    [
        about("D0120", excluded=True),
        {"category": {"coding": [{"code": "35"}]}, "excluded": True},
        about(CODE, excluded=True, network={"coding": [{"code": "out"}]}),
        about(CODE, excluded="true"),
    ],
)
def test_what_is_excluded_elsewhere_is_not_ours(item: dict[str, Any]) -> None:
    assert read_benefits(told(item), ASKED).benefits.status is CoverageStatus.ACTIVE


def test_a_limit_is_told_and_one_that_is_used_up_is_a_persons() -> None:
    left = told(counted("visit", allowedUnsignedInt=20, usedUnsignedInt=12))
    assert [(one.quantity, one.text) for one in remarks(left) if one.kind is RemarkKind.LIMIT] == [
        (Decimal(8), "Visits")
    ]
    used = told(counted("visit", allowedUnsignedInt=20, usedUnsignedInt=21))
    assert unclear(used)[0] == "benefit_used_up"
    money = {"allowedMoney": {"value": 500}, "usedMoney": {"value": 500}}
    assert unclear(told(counted("benefit", **money)))[0] == "benefit_used_up"
    assert [one for one in remarks(told(counted("deductible", **money))) if one.kind is RemarkKind.LIMIT] == []


def test_another_payer_is_a_persons() -> None:
    problem, said = unclear(told(**paid_by(display="Sunny HMO", identifier={"value": "H9999"})))
    assert problem == "another_payer_named"
    assert [(one.text, one.number) for one in said if one.kind is RemarkKind.ANOTHER_PAYER] == [("Sunny HMO", "H9999")]


@pytest.mark.parametrize(
    "said",
    [
        paid_by(display="Northstar of Illinois"),
        paid_by(identifier={"value": "northstar"}),
        paid_by(reference="Organization/unknown"),
        {**paid_by(display="NSHP"), "insurer": {"display": "NSHP"}},
    ],
)
def test_the_payer_that_answers_is_no_other(said: dict[str, Any]) -> None:
    assert read_benefits(told(**said), ASKED).benefits.status is CoverageStatus.ACTIVE


@pytest.mark.parametrize(
    ("period", "problem"),
    [
        ({"end": "2026-11-23"}, "coverage_not_on_that_day"),
        ({"start": "2026-11-25"}, "coverage_not_on_that_day"),
        ({"end": "2026-12"}, "eligibility_not_told"),
    ],
)
def test_a_plan_that_is_not_in_force_on_the_day_of_service_is_a_persons(period: dict[str, str], problem: str) -> None:
    found, said = unclear(told(insurance={"benefitPeriod": period}))
    assert found == problem
    assert said[0].kind is RemarkKind.PLAN


def test_one_plan_in_force_and_one_not_are_a_persons() -> None:
    both = orjson.dumps(
        {"resourceType": "CoverageEligibilityResponse", "insurance": [{"inforce": True}, {"inforce": False}]}
    )
    assert unclear(both)[0] == "several_plans_answered"


def test_words_about_our_services_are_told() -> None:
    wanted = {"coding": [{"code": "11506-3", "display": "Progress note"}]}
    said = remarks(told(about(CODE, description="After step therapy", authorizationSupporting=[wanted])))
    assert [one.text for one in said if one.kind is RemarkKind.MESSAGE] == ["After step therapy", "Progress note"]
