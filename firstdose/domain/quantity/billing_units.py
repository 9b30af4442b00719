"""What one unit of a drug's HCPCS code stands for. The rows that ship are those of CMS's HCPCS descriptors.

Source: CMS, HCPCS Level II quarterly file (long descriptors), and the ASP pricing file's "HCPCS code dosage".
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Measure(StrEnum):
    MILLIGRAM = "mg"
    MILLILITER = "mL"
    UNIT = "units"
    """International or USP units."""
    DOSE = "dose"
    """The code is billed once for each administration, or for each day of a continuous one."""


class BillingUnit(BaseModel):
    """`amount` of `measure` is one unit of the code, from `since` until the day before `until`."""

    model_config = ConfigDict(frozen=True)

    code: str
    amount: Fraction = Field(gt=0)
    measure: Measure
    since: date = date(2000, 1, 1)
    until: date | None = None

    def is_in_force(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


def _mg(code: str, amount: str, since: date = date(2000, 1, 1)) -> BillingUnit:
    return BillingUnit(code=code, amount=Fraction(amount), measure=Measure.MILLIGRAM, since=since)


BILLING_UNITS: Final = (
    _mg("J0690", "500"),  # cefazolin
    _mg("J0692", "500"),  # cefepime
    _mg("J0696", "250"),  # ceftriaxone
    _mg("J0878", "1"),  # daptomycin
    _mg("J1171", "0.1", since=date(2024, 10, 1)),  # hydromorphone
    _mg("J1335", "500"),  # ertapenem
    _mg("J1569", "500"),  # immunoglobulin, Gammagard Liquid
    _mg("J1745", "10"),  # infliximab, not a biosimilar
    _mg("J1756", "1"),  # iron sucrose
    _mg("J2185", "100"),  # meropenem
    _mg("J2260", "5"),  # milrinone
    _mg("J3370", "500"),  # vancomycin
    _mg("J3373", "10", since=date(2025, 7, 1)),  # vancomycin by product, as the next three
    _mg("J3374", "10", since=date(2025, 7, 1)),
    _mg("J3375", "10", since=date(2025, 7, 1)),
    _mg("J3376", "10", since=date(2025, 7, 1)),
    _mg("J9190", "500"),  # fluorouracil
    BillingUnit(code="J7030", amount=Fraction(1000), measure=Measure.MILLILITER),  # normal saline
    BillingUnit(code="B4189", amount=Fraction(1), measure=Measure.DOSE),  # parenteral nutrition, 10 to 51 g of protein
    BillingUnit(code="J3490", amount=Fraction(1), measure=Measure.DOSE),  # unclassified drug: its NDC says how much
)


def billing_unit(code: str, day: date, table: Iterable[BillingUnit] = BILLING_UNITS) -> BillingUnit | None:
    """The row of the code that is in force on the day."""
    return next((row for row in table if row.code == code and row.is_in_force(day)), None)
