"""Service codes for an order: a table that a pharmacy edits, and the lines that it gives.

The default rows follow the NHIA National Coding Standard for anti-infectives and the S-codes of other therapies.
"""

from collections.abc import Iterator
from math import ceil

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import Line, LineKind
from firstdose.domain.quantity.ordered_units import UNLISTED_DRUG
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.referral.order import Site, TherapyKind


class PerDiem(BaseModel):
    """One row: the per diem of a therapy, at a frequency if the code depends on it."""

    model_config = ConfigDict(frozen=True)

    therapy: TherapyKind
    code: str
    frequency: str | None = None


PER_DIEMS: tuple[PerDiem, ...] = (
    PerDiem(therapy=TherapyKind.ANTI_INFECTIVE, frequency="q3h", code="S9497"),
    PerDiem(therapy=TherapyKind.ANTI_INFECTIVE, frequency="q4h", code="S9504"),
    PerDiem(therapy=TherapyKind.ANTI_INFECTIVE, frequency="q6h", code="S9503"),
    PerDiem(therapy=TherapyKind.ANTI_INFECTIVE, frequency="q8h", code="S9502"),
    PerDiem(therapy=TherapyKind.ANTI_INFECTIVE, frequency="q12h", code="S9501"),
    PerDiem(therapy=TherapyKind.ANTI_INFECTIVE, frequency="q24h", code="S9500"),
    PerDiem(therapy=TherapyKind.ANTI_INFECTIVE, code="S9494"),
    PerDiem(therapy=TherapyKind.PARENTERAL_NUTRITION, code="S9364"),
    PerDiem(therapy=TherapyKind.HYDRATION, code="S9373"),
    PerDiem(therapy=TherapyKind.CHEMOTHERAPY, code="S9329"),
    PerDiem(therapy=TherapyKind.PAIN_MANAGEMENT, code="S9325"),
    PerDiem(therapy=TherapyKind.IRON, code="S9379"),
    PerDiem(therapy=TherapyKind.IMMUNOGLOBULIN, code="S9338"),
    PerDiem(therapy=TherapyKind.BIOLOGIC, code="S9359"),
    PerDiem(therapy=TherapyKind.INOTROPE, code="S9348"),
)

FIRST_NURSING_HOURS = "99601"
PLACE_OF_SERVICE = {Site.HOME: "12", Site.SUITE: "49"}
_DAYS_PER_VISIT = 7
_SUITE_MODIFIER = "SS"


def lines_for(order: DeidentifiedFacts, site: Site, table: tuple[PerDiem, ...] = PER_DIEMS) -> tuple[Line, ...]:
    """The lines of an order at the place where it is given: drug and per diem of each medication, and nursing.

    Medications given side by side share the nurse's visits. Nursing only where the order needs it and at home.
    """
    lines = [line for index in range(len(order.ordered)) for line in _of_medication(order, index, site, table)]
    if order.needs_nursing and site is Site.HOME:
        days = max(one.duration_days or 1 for one in order.ordered)
        lines.append(_line(LineKind.NURSING, FIRST_NURSING_HOURS, ceil(days / _DAYS_PER_VISIT), site))
    return tuple(line.model_copy(update={"sequence": number}) for number, line in enumerate(lines, start=1))


def _of_medication(order: DeidentifiedFacts, index: int, site: Site, table: tuple[PerDiem, ...]) -> Iterator[Line]:
    medication = order.ordered[index]
    days = medication.duration_days or 1
    units = medication.units or days  # days in what was recorded before units were computed
    yield _line(LineKind.DRUG, medication.hcpcs or UNLISTED_DRUG, units, site, medication=index)
    suite = (_SUITE_MODIFIER,) if site is Site.SUITE else ()
    code = _per_diem(order.therapy, medication.frequency, table)
    yield _line(LineKind.PER_DIEM, code, days, site, medication=index, modifiers=(*_concurrent(index), *suite))


def _concurrent(index: int) -> tuple[str, ...]:
    """HCPCS modifiers of the second, and of the third and each further concurrently given infusion therapy."""
    return (("SH",) if index == 1 else ("SJ",)) if index else ()


def _line(
    kind: LineKind, code: str, units: int, site: Site, *, medication: int = 0, modifiers: tuple[str, ...] = ()
) -> Line:
    return Line(
        sequence=0,
        kind=kind,
        medication=medication,
        code=code,
        units=units,
        modifiers=modifiers,
        place_of_service=PLACE_OF_SERVICE[site],
    )


def _per_diem(therapy: TherapyKind | None, frequency: str | None, table: tuple[PerDiem, ...]) -> str:
    rows = [row for row in table if row.therapy is therapy and row.frequency in (None, frequency)]
    return max(rows, key=lambda row: row.frequency is not None).code if rows else "S9379"
