"""Units of the drug's code: dose times administrations by the code's billing unit, rounded up per administration.

Source: the HCPCS unit of the code (`billing_units`); docs/process.md, "Quantities".
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import ceil, sqrt
from typing import Final, NamedTuple

from firstdose.domain.quantity.administrations import CONTINUOUS, administrations
from firstdose.domain.quantity.billing_units import BILLING_UNITS, BillingUnit, Measure, billing_unit
from firstdose.domain.referral.amounts import plain_unit
from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.order import Medication, Quantity


class Unclear(StrEnum):
    """Why the units cannot be computed."""

    BILLING_UNIT = "billing_unit"
    """The code has no row, or another measure than the dose."""
    DOSE = "dose"
    ADMINISTRATIONS = "administrations"
    WEIGHT = "weight"
    HEIGHT = "height"


class Body(NamedTuple):
    weight_kg: float | None = None
    height_cm: float | None = None


class Units(NamedTuple):
    """Of one administration (of one day where it is continuous), and how many there are."""

    each: int
    times: int

    @property
    def course(self) -> int:
        return self.each * self.times


_MILLIGRAMS: Final = {
    "g": Fraction(1000),
    "mg": Fraction(1),
    "mcg": Fraction(1, 1000),
    "ng": Fraction(1, 1_000_000),
}
_MILLILITERS: Final = {"L": Fraction(1000), "mL": Fraction(1)}
_A_DAY: Final = {"min": 24 * 60, "h": 24, "day": 1}


def drug_units(
    medication: Medication, code: str, body: Body, day: date, table: Iterable[BillingUnit] = BILLING_UNITS
) -> Units | Unclear:
    """What the order of one medication is in units of `code`, by the row that is in force on `day`."""
    row = billing_unit(code, day, table)
    if row is None:
        return Unclear.BILLING_UNIT
    times = administrations(medication)
    if times is None:
        return Unclear.ADMINISTRATIONS
    if row.measure is Measure.DOSE:
        return Units(ceil(row.amount), times)
    if medication.dose_quantity is None:
        return Unclear.DOSE
    given = _given_each_time(medication.dose_quantity, medication.frequency, body)
    if isinstance(given, Unclear):
        return given
    amount, measure = given
    return Units(ceil(amount / row.amount), times) if measure is row.measure else Unclear.BILLING_UNIT


def _given_each_time(dose: Quantity, frequency: str | None, body: Body) -> tuple[Fraction, Measure] | Unclear:
    unit, *per = (plain_unit(dose.unit) or "").split("/")
    known = _in_measure(Fraction(str(dose.value)), unit)
    if known is None or (_is_continuous(frequency) and not _A_DAY.keys() & per):
        return Unclear.DOSE
    amount, measure = known
    for each in per:
        factor = _factor(each, frequency, body)
        if isinstance(factor, Unclear):
            return factor
        amount *= factor
    return amount, measure


def _in_measure(value: Fraction, unit: str) -> tuple[Fraction, Measure] | None:
    if unit in _MILLIGRAMS:
        return value * _MILLIGRAMS[unit], Measure.MILLIGRAM
    if unit in _MILLILITERS:
        return value * _MILLILITERS[unit], Measure.MILLILITER
    return (value, Measure.UNIT) if unit == "units" else None


def _factor(per: str, frequency: str | None, body: Body) -> Fraction | Unclear:
    """A rate counts where it runs all day; how long another infusion takes, the order does not say."""
    if per == "dose":
        return Fraction(1)
    if per == "kg":
        return Unclear.WEIGHT if body.weight_kg is None else Fraction(str(body.weight_kg))
    if per == "m2":
        return _surface(body)
    once_a_day = per == "day" and frequency is not None and frequency_code(frequency) == "q24h"
    return Fraction(_A_DAY[per]) if per in _A_DAY and (once_a_day or _is_continuous(frequency)) else Unclear.DOSE


def _is_continuous(frequency: str | None) -> bool:
    return frequency is not None and frequency_code(frequency) == CONTINUOUS


def _surface(body: Body) -> Fraction | Unclear:
    """Body surface in square meters, after Mosteller (N Engl J Med 1987;317:1098), to two decimals."""
    if body.weight_kg is None:
        return Unclear.WEIGHT
    if body.height_cm is None:
        return Unclear.HEIGHT
    return Fraction(str(round(sqrt(body.height_cm * body.weight_kg / 3600), 2)))
