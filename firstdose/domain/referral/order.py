"""What is prescribed: one or more medications, and how and where they are given."""

from enum import StrEnum
from math import ceil
from typing import Any

from pydantic import Field, computed_field, model_validator

from firstdose.domain.referral.amounts import read_dose, read_duration_text
from firstdose.domain.referral.frequency import hours_between
from firstdose.domain.referral.identifiers import Hcpcs, Icd10Cm, Ndc, RxNorm
from firstdose.domain.sealed import Day, Flag, PastDay, Sealed, ShortText


class TherapyKind(StrEnum):
    ANTI_INFECTIVE = "anti_infective"
    PARENTERAL_NUTRITION = "parenteral_nutrition"
    HYDRATION = "hydration"
    CHEMOTHERAPY = "chemotherapy"
    PAIN_MANAGEMENT = "pain_management"
    IRON = "iron"
    IMMUNOGLOBULIN = "immunoglobulin"
    BIOLOGIC = "biologic"
    INOTROPE = "inotrope"


class Route(StrEnum):
    IV = "IV"
    SC = "SC"
    IM = "IM"


class Site(StrEnum):
    HOME = "home"
    SUITE = "suite"


class Drug(Sealed):
    name: ShortText | None = None
    hcpcs: Hcpcs | None = None
    ndc: Ndc | None = None
    rxnorm: RxNorm | None = None

    def is_the_same_as(self, other: "Drug") -> bool:
        """By any code that both have; by name where they share no kind of code."""
        codes = [(getattr(self, kind), getattr(other, kind)) for kind in ("ndc", "rxnorm", "hcpcs")]
        both = [(mine, theirs) for mine, theirs in codes if mine and theirs]
        if both:
            return any(mine == theirs for mine, theirs in both)
        return bool(self.name and other.name and self.name.casefold() == other.name.casefold())


class Quantity(Sealed):
    value: float = Field(gt=0, strict=True, allow_inf_nan=False)
    unit: ShortText


class DurationUnit(StrEnum):
    DAYS = "days"
    WEEKS = "weeks"
    DOSES = "doses"


class Duration(Sealed):
    value: int = Field(gt=0, le=3650, strict=True)
    unit: DurationUnit


class Medication(Sealed):
    """One drug of the order. `dose` is as people write it; `diagnoses` what it is given for, where that is told."""

    drug: Drug = Drug()
    dose: ShortText | None = None
    dose_quantity: Quantity | None = None
    route: Route | None = None
    frequency: ShortText | None = None
    duration: Duration | None = None
    billing_units: int | None = Field(default=None, gt=0, le=1_000_000, strict=True)
    """Units of the drug's HCPCS code for the whole course, where a person says them; otherwise they are computed."""
    diagnoses: tuple[Icd10Cm, ...] = Field(default=(), max_length=50)

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, data: Any) -> Any:
        return _medication_in_full(data) if isinstance(data, dict) else data

    @property
    def duration_days(self) -> int | None:
        """None where it is not told, or told in doses at intervals that are not understood."""
        if self.duration is None:
            return None
        match self.duration.unit:
            case DurationUnit.DAYS:
                return self.duration.value
            case DurationUnit.WEEKS:
                return self.duration.value * 7
            case DurationUnit.DOSES:
                hours = hours_between(self.frequency) if self.frequency else None
                return ceil(self.duration.value * hours / 24) if hours else None


def _medication_in_full(data: dict[str, Any]) -> dict[str, Any]:
    """`duration_days` is the short way to write a duration; dose and quantity say the same, so one gives the other."""
    told = {name: value for name, value in data.items() if name != "duration_days"}
    if told.get("duration") is None and data.get("duration_days") is not None:
        told["duration"] = {"value": data["duration_days"], "unit": DurationUnit.DAYS}
    elif isinstance(told.get("duration"), str):
        told["duration"] = read_duration_text(told["duration"]) or told["duration"]
    dose, quantity = told.get("dose"), told.get("dose_quantity")
    if dose is None and isinstance(quantity, dict) and isinstance(quantity.get("value"), int | float):
        told["dose"] = f"{quantity['value']:g} {quantity.get('unit') or ''}".strip()
    elif quantity is None and isinstance(dose, str) and (amount := read_dose(dose)):
        told["dose_quantity"] = {"value": amount[0], "unit": amount[1]}
    return told


FIRST_MEDICATION = ("drug", "dose", "route", "frequency", "duration_days", "billing_units")
"""What an order with a single medication may say directly, and what it repeats of its first."""
_FIRST = "order.medications[0]."


class Order(Sealed):
    """What is prescribed. Where it does not say, it is for the home and with a nurse: what people come to us for."""

    therapy: TherapyKind | None = None
    medications: tuple[Medication, ...] = Field(default=(), max_length=10)
    diagnoses: tuple[Icd10Cm, ...] = Field(default=(), max_length=50)
    access_device: ShortText | None = None
    pump: ShortText | None = None
    first_dose_given: Flag | None = None
    needs_nursing: Flag = True
    site: Site = Site.HOME
    requested_start: Day | None = None
    signed_on: PastDay | None = None
    former_signed_on: PastDay | None = None
    """Of the signature under the order as it was before it changed: told again, it is none under the new one."""
    anaphylaxis_kit_ordered: Flag | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_medications(cls, data: Any) -> Any:
        return _order_in_full(data) if isinstance(data, dict) else data

    @property
    def first(self) -> Medication:
        """The first medication, or an empty one."""
        return self.medication(0)

    def medication(self, index: int) -> Medication:
        """The one that a line names; an empty one where the order has become shorter since."""
        return self.medications[index] if index < len(self.medications) else Medication()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def drug(self) -> Drug:
        return self.first.drug

    @computed_field  # type: ignore[prop-decorator]
    @property
    def dose(self) -> str | None:
        return self.first.dose

    @computed_field  # type: ignore[prop-decorator]
    @property
    def route(self) -> Route | None:
        return self.first.route

    @computed_field  # type: ignore[prop-decorator]
    @property
    def frequency(self) -> str | None:
        return self.first.frequency

    @computed_field  # type: ignore[prop-decorator]
    @property
    def duration_days(self) -> int | None:
        return self.first.duration_days

    @computed_field  # type: ignore[prop-decorator]
    @property
    def billing_units(self) -> int | None:
        return self.first.billing_units

    @property
    def longest_days(self) -> int | None:
        """Until the last of the medications ends."""
        return max((days for one in self.medications if (days := one.duration_days)), default=None)


def _order_in_full(data: dict[str, Any]) -> dict[str, Any]:
    """`medications` is the whole order where it is there; otherwise the fields of the first make one."""
    order = {name: value for name, value in data.items() if name not in FIRST_MEDICATION}
    only = {name: data[name] for name in FIRST_MEDICATION if _is_told(data.get(name))}
    return order if data.get("medications") or not only else {**order, "medications": [only]}


def _is_told(value: object) -> bool:
    """An order without a medication is stored with a drug that has no name and no code."""
    return any(map(_is_told, value.values())) if isinstance(value, dict) else value not in (None, "")


def in_full(order: Any) -> Any:
    """What a source tells of the order, with each fact where it is stored; what has no such shape is as it was."""
    if not isinstance(order, dict):
        return order
    told = _order_in_full(order)
    if isinstance(told.get("medications"), list):
        told["medications"] = [
            _medication_in_full(one) if isinstance(one, dict) else one for one in told["medications"]
        ]
    return told


def medication_path(index: int, name: str) -> str:
    """The fact's name as people know it: `order.dose` for the first medication, `order.medications[1].dose` after."""
    return f"order.medications[{index}].{name}" if index else f"order.{name}"


def short_path(path: str) -> str:
    """The name of a fact that is stored at the path: `order.medications[0].dose` is `order.dose`."""
    if not path.startswith(_FIRST):
        return path
    name, dot, part = path.removeprefix(_FIRST).partition(".")
    if name == "duration":
        return "order.duration_days"
    return f"order.{name}{dot}{part}" if name in FIRST_MEDICATION else path


def stored_path(path: str) -> str:
    """Where the fact stands: `order.dose` is `order.medications[0].dose`."""
    section, _, name = path.partition(".")
    if section != "order" or name.partition(".")[0] not in FIRST_MEDICATION:
        return path
    return f"{_FIRST}{name}"
