"""Service codes for an order: a table that a pharmacy edits, and the lines that it gives.

The default rows follow the NHIA National Coding Standard for anti-infectives and the S-codes of other therapies.
"""

from math import ceil

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import Line, LineKind
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

UNLISTED_DRUG = "J3490"
FIRST_NURSING_HOURS = "99601"
PLACE_OF_SERVICE = {Site.HOME: "12", Site.SUITE: "49"}
_DAYS_PER_VISIT = 7
_SUITE_MODIFIER = "SS"


def lines_for(order: DeidentifiedFacts, site: Site, table: tuple[PerDiem, ...] = PER_DIEMS) -> tuple[Line, ...]:
    """The drug, per diem and (if the order needs it) nursing lines of an order, at the place where it is given."""
    days = order.duration_days or 1
    place = PLACE_OF_SERVICE[site]
    modifiers = (_SUITE_MODIFIER,) if site is Site.SUITE else ()
    wanted = [
        (LineKind.DRUG, order.hcpcs or UNLISTED_DRUG, days, ()),
        (LineKind.PER_DIEM, _per_diem(order, table), days, modifiers),
    ]
    if order.needs_nursing and site is Site.HOME:
        wanted.append((LineKind.NURSING, FIRST_NURSING_HOURS, ceil(days / _DAYS_PER_VISIT), ()))
    return tuple(
        Line(sequence=number, kind=kind, code=code, units=units, modifiers=marks, place_of_service=place)
        for number, (kind, code, units, marks) in enumerate(wanted, start=1)
    )


def _per_diem(order: DeidentifiedFacts, table: tuple[PerDiem, ...]) -> str:
    rows = [row for row in table if row.therapy is order.therapy and row.frequency in (None, order.frequency)]
    return max(rows, key=lambda row: row.frequency is not None).code if rows else "S9379"
