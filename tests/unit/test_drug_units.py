"""Units of a drug's code: worked examples, and every order of a plain dose by other arithmetic."""

from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.quantity.administrations import administrations
from firstdose.domain.quantity.billing_units import BILLING_UNITS, billing_unit
from firstdose.domain.quantity.drug_units import Body, Unclear, Units, drug_units
from firstdose.domain.referral.order import Medication

DAY = date(2026, 11, 28)
PERSON = Body(weight_kg=70.0, height_cm=175.0)


def units(code: str, dose: str, frequency: str, duration: str, body: Body = PERSON) -> Units | Unclear:
    medication = Medication.model_validate({"dose": dose, "frequency": frequency, "duration": duration})
    return drug_units(medication, code, body, DAY)


@pytest.mark.parametrize(
    ("code", "dose", "frequency", "duration", "each", "times"),
    [
        ("J0696", "2 g", "daily", "14 days", 8, 14),  # ceftriaxone: 112, not 14
        ("J3370", "1 g", "every 12 hours", "42 days", 2, 84),  # vancomycin: 168
        ("J3373", "1 g", "q12h", "42 days", 100, 84),  # the same by 10 mg
        ("J1335", "1 g", "q24h", "6 weeks", 2, 42),  # ertapenem
        ("J0690", "2 g", "q8h", "14 days", 4, 42),  # cefazolin
        ("J0692", "2 g", "TID", "10 doses", 4, 10),  # cefepime
        ("J0878", "6 mg/kg", "daily", "14 days", 420, 14),  # daptomycin by weight
        ("J2185", "1 g", "q8h", "14 days", 10, 42),  # meropenem
        ("J1569", "30 g", "every 4 weeks", "24 weeks", 60, 6),  # immunoglobulin
        ("J1569", "0.4 g/kg", "every 4 weeks", "1 doses", 56, 1),
        ("J1745", "5 mg/kg", "every 8 weeks", "3 doses", 35, 3),  # infliximab
        ("J1756", "200 mg", "weekly", "5 weeks", 200, 5),  # iron sucrose
        ("J2260", "0.375 mcg/kg/min", "continuous", "28 days", 8, 28),  # milrinone: 37.8 mg a day
        ("J9190", "1000 mg/m2/day", "continuous", "4 days", 4, 4),  # fluorouracil: 1,840 mg a day on 1.84 square meters
        ("J1171", "0.2 mg/h", "continuous", "30 days", 48, 30),  # hydromorphone
        ("J7030", "1000 mL", "daily", "7 days", 1, 7),  # hydration
        ("J7030", "1.5 L", "daily", "7 days", 2, 7),
        ("B4189", "2000 mL", "daily", "28 days", 1, 28),  # nutrition
        ("J3490", "150 mg", "q72h", "14 days", 1, 5),  # unlisted: one an administration
        ("J0696", "2 g", "on weekdays", "14 days", 8, 10),
        ("J0696", "1.1 g", "3 times a week", "2 weeks", 5, 6),  # rounded up each time
        ("J0696", "1 g", "once", "1 days", 4, 1),
    ],
)
def test_worked_examples(code: str, dose: str, frequency: str, duration: str, each: int, times: int) -> None:
    found = units(code, dose, frequency, duration)
    assert found == Units(each, times)
    assert isinstance(found, Units)
    assert found.course == each * times


@pytest.mark.parametrize(
    ("code", "dose", "frequency", "duration", "body", "why"),
    [
        ("J9999", "1 g", "daily", "14 days", PERSON, Unclear.BILLING_UNIT),
        ("J0696", "1000 units", "daily", "14 days", PERSON, Unclear.BILLING_UNIT),
        ("J0696", "1 vial", "daily", "14 days", PERSON, Unclear.DOSE),
        ("J0696", "1-2 g", "daily", "14 days", PERSON, Unclear.DOSE),
        ("J0696", "2 g", "as needed", "14 days", PERSON, Unclear.ADMINISTRATIONS),
        ("J0696", "2 g", "on weekdays", "10 days", PERSON, Unclear.ADMINISTRATIONS),
        ("J0696", "2 g", "monthly", "28 days", PERSON, Unclear.ADMINISTRATIONS),
        ("J0878", "6 mg/kg", "daily", "14 days", Body(), Unclear.WEIGHT),
        ("J9190", "400 mg/m2", "weekly", "4 weeks", Body(weight_kg=70.0), Unclear.HEIGHT),
        ("J9190", "400 mg/m2", "weekly", "4 weeks", Body(height_cm=175.0), Unclear.WEIGHT),
        ("J9190", "2400 mg/m2", "continuous", "2 days", PERSON, Unclear.DOSE),  # each day, or in all?
        ("J2260", "0.375 mcg/kg/min", "q12h", "14 days", PERSON, Unclear.DOSE),  # for how long?
    ],
)
def test_what_the_order_does_not_say_is_not_computed(
    code: str, dose: str, frequency: str, duration: str, body: Body, why: Unclear
) -> None:
    assert units(code, dose, frequency, duration, body) is why


MASS = [row for row in BILLING_UNITS if row.measure == "mg"]


@given(
    row=st.sampled_from(MASS),
    milligrams=st.decimals("0.1", "5000", places=1),
    hours=st.sampled_from([4, 6, 8, 12, 24, 48, 72, 168]),
    days=st.integers(1, 90),
)
def test_units_by_other_arithmetic(row: Any, milligrams: Decimal, hours: int, days: int) -> None:
    """Vials are opened one by one, and the clock goes hour by hour."""
    found = units(row.code, f"{milligrams} mg", f"every {hours} hours", f"{days} days")
    one = Decimal(row.amount.numerator) / Decimal(row.amount.denominator)
    each = int((milligrams / one).to_integral_value(ROUND_CEILING))
    times = sum(1 for hour in range(days * 24) if hour % hours == 0)
    assert found == Units(each, times)


@given(dose=st.decimals("0.1", "20", places=1), weight=st.decimals("2", "200", places=1))
def test_a_dose_by_weight_is_that_dose_in_full(dose: Decimal, weight: Decimal) -> None:
    by_weight = units("J0878", f"{dose} mg/kg", "daily", "7 days", Body(weight_kg=float(weight)))
    assert by_weight == units("J0878", f"{dose * weight} mg", "daily", "7 days")


def test_a_row_counts_while_it_is_in_force() -> None:
    assert billing_unit("J3373", date(2025, 6, 30)) is None
    assert billing_unit("J3373", date(2025, 7, 1)) is not None
    (row,) = (each for each in BILLING_UNITS if each.code == "J0696")
    ended = row.model_copy(update={"until": DAY})
    assert not ended.is_in_force(DAY)
    assert len({each.code for each in BILLING_UNITS}) == len(BILLING_UNITS)


def test_a_course_of_doses_has_so_many() -> None:
    assert administrations(Medication.model_validate({"frequency": "as needed", "duration": "3 doses"})) == 3
    assert administrations(Medication()) is None
