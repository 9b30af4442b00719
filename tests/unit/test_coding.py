"""Service codes for an order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.referral.facts import DeidentifiedFacts, DeidentifiedMedication
from firstdose.domain.referral.order import Site, TherapyKind

ORDER = DeidentifiedFacts(therapy=TherapyKind.ANTI_INFECTIVE, hcpcs="J0696", frequency="q24h", duration_days=14)


@pytest.mark.parametrize(
    ("frequency", "code"),
    [
        ("q3h", "S9497"),
        ("q4h", "S9504"),
        ("q6h", "S9503"),
        ("q8h", "S9502"),
        ("q12h", "S9501"),
        ("q24h", "S9500"),
        ("q48h", "S9494"),
        (None, "S9494"),
    ],
)
def test_the_per_diem_of_an_anti_infective_depends_on_its_frequency(frequency: str | None, code: str) -> None:
    lines = lines_for(ORDER.model_copy(update={"frequency": frequency}), Site.HOME)
    assert [line.code for line in lines] == ["J0696", code, "99601"]


def test_two_weeks_at_home() -> None:
    drug, per_diem, nursing = lines_for(ORDER, Site.HOME)
    assert (drug.units, per_diem.units, nursing.units) == (14, 14, 2)
    assert {line.place_of_service for line in (drug, per_diem, nursing)} == {"12"}


def test_the_suite_needs_no_visiting_nurse_and_is_marked() -> None:
    drug, per_diem = lines_for(ORDER, Site.SUITE)
    assert per_diem.modifiers == ("SS",)
    assert {drug.place_of_service, per_diem.place_of_service} == {"49"}


TWO = ORDER.model_copy(
    update={
        "medications": (
            DeidentifiedMedication(hcpcs="J0692", frequency="q8h", duration_days=14),
            DeidentifiedMedication(hcpcs="J0878", frequency="q24h", duration_days=42),
        )
    }
)


def test_two_medications_have_lines_of_their_own_and_share_the_nurse() -> None:
    lines = lines_for(TWO, Site.HOME)
    assert [(line.medication, line.code, line.modifiers, line.units) for line in lines] == [
        (0, "J0692", (), 14),
        (0, "S9502", (), 14),
        (1, "J0878", (), 42),
        (1, "S9500", ("SH",), 42),
        (0, "99601", (), 6),
    ]


def test_a_third_therapy_at_once_is_marked_and_the_suite_too() -> None:
    three = TWO.model_copy(update={"medications": (*TWO.medications, TWO.medications[0])})
    marks = [line.modifiers for line in lines_for(three, Site.SUITE) if line.kind is LineKind.PER_DIEM]
    assert marks == [("SS",), ("SH", "SS"), ("SJ", "SS")]


def test_a_drug_without_a_code_is_unlisted() -> None:
    assert lines_for(DeidentifiedFacts(therapy=TherapyKind.IRON), Site.HOME)[0].code == "J3490"


@given(
    st.sampled_from([None, *TherapyKind]),
    st.sampled_from(Site),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 400)),
)
def test_lines_are_numbered_from_one_with_units(
    therapy: TherapyKind | None, site: Site, nursing: bool, days: int | None
) -> None:
    order = DeidentifiedFacts(therapy=therapy, needs_nursing=nursing, duration_days=days)
    lines = lines_for(order, site)
    assert [line.sequence for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.units >= 1 for line in lines)
    assert (LineKind.NURSING in {line.kind for line in lines}) == (nursing and site is Site.HOME)
