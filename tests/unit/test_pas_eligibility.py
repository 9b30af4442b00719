"""Benefits from eligibility responses: what is not said is not assumed."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.pas.elements import UnreadableFhir
from firstdose.adapters.payers.pas.eligibility import read_benefits as read
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible, Unavailable
from tests.contract.cases import case
from tests.unit.test_pas_answer import ANYTHING


def read_benefits(raw: bytes, asked: PayerCase) -> Benefits:
    return read(raw, asked).benefits


def told(*items: dict[str, Any], inforce: object = True, **response: Any) -> bytes:
    insurance = [{"inforce": inforce, "item": list(items)}]
    return orjson.dumps({"resourceType": "CoverageEligibilityResponse", "insurance": insurance, **response})


def benefit(kind: str, **said: Any) -> dict[str, Any]:
    return {"type": {"coding": [{"code": kind}]}, **said}


def about(code: str, **said: Any) -> dict[str, Any]:
    return {"productOrService": {"coding": [{"code": code}]}, **said}


def rejected(code: str) -> bytes:
    return told(error=[{"code": {"coding": [{"code": code}]}}])


def test_amounts_and_network() -> None:
    amounts = [
        benefit("copay", allowedMoney={"value": 40}),
        benefit("copay-percent", allowedUnsignedInt=20),
        benefit("deductible", allowedMoney={"value": 500}, usedMoney={"value": 120.5}),
    ]
    raw = told({"network": {"coding": [{"code": "out"}]}, "benefit": amounts}, identifier=[{"value": "BV-1"}])
    benefits = read_benefits(raw, case())
    assert (benefits.status, benefits.in_network, benefits.reference) == (CoverageStatus.ACTIVE, False, "BV-1")
    assert (benefits.copay, benefits.coinsurance_percent) == (Decimal(40), 20)
    assert benefits.deductible_remaining == Decimal("379.5")
    assert benefits.out_of_pocket_remaining is None


@pytest.mark.parametrize(
    ("items", "free"),
    [
        ([], set()),
        ([about("99601", authorizationRequired=False)], {LineKind.NURSING}),
        ([about("99601", authorizationRequired=False), about("99601", authorizationRequired=True)], set()),
        ([about("99601"), about("J3370", authorizationRequired="no")], set()),
        ([{"authorizationRequired": False}], set()),
    ],
)
def test_a_line_needs_authorization_unless_its_code_is_said_not_to(
    items: list[dict[str, Any]], free: set[LineKind]
) -> None:
    assert read_benefits(told(*items), case()).needs_authorization == set(LineKind) - free


def test_a_coverage_that_ended_and_a_member_that_is_not_found() -> None:
    assert read_benefits(told(inforce=False), case()).status is CoverageStatus.INACTIVE
    assert read_benefits(rejected("75"), case()).status is CoverageStatus.NOT_FOUND


@pytest.mark.parametrize("raw", [told(inforce=None), told(inforce="yes"), rejected("43")])
def test_what_does_not_say_needs_a_person(raw: bytes) -> None:
    with pytest.raises(Impossible):
        read_benefits(raw, case())


def test_a_payer_that_is_down_is_no_answer() -> None:
    with pytest.raises(Unavailable):
        read_benefits(rejected("42"), case())


@given(st.binary() | ANYTHING.map(orjson.dumps) | ANYTHING.map(lambda said: told(insurance=said)))
def test_nothing_raises_but_what_is_documented(raw: bytes) -> None:
    try:
        assert isinstance(read_benefits(raw, case()), Benefits)
    except (UnreadableFhir, Impossible, Unavailable):
        return
