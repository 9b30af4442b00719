"""Which inputs there are for each group of facts. A test walks the model: what a person may change has an input."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from desk.web.facts.composed import AllergiesInput, DoseInput, DurationInput
from desk.web.facts.inputs import (
    ChoiceInput,
    CountInput,
    DayInput,
    FactInput,
    FlagInput,
    LinesInput,
    MomentInput,
    NumberInput,
    ProseInput,
)
from desk.web.facts.words import ZONES
from desk.web.words import words
from firstdose.domain.referral.order import DurationUnit, Route, Site, TherapyKind
from firstdose.domain.referral.referral import (
    CoverageOrder,
    DocumentKind,
    LineOfBusiness,
    Relationship,
    Sex,
    Urgency,
)

COVERAGES: Final = "coverages"
MEDICATIONS: Final = "order.medications"
DOCUMENTS: Final = "documents"


def patient_clinical(allergies: int) -> tuple[FactInput, ...]:
    """`allergies` is the number of their rows."""
    return (
        _choice("urgency", "Urgency", Urgency, empty=""),
        NumberInput(path="patient.weight_kg", label="Weight, kg"),
        DayInput(path="patient.weighed_on", label="Weighed on"),
        NumberInput(path="patient.height_cm", label="Height, cm"),
        AllergiesInput(path="patient.allergies", label="Allergies", rows=allergies),
        ProseInput(path="patient.history", label="History"),
    )


def order() -> tuple[FactInput, ...]:
    return (
        _choice("order.therapy", "Therapy", TherapyKind),
        LinesInput(path="order.diagnoses", label="Diagnoses (ICD-10-CM)", hint="Each code on a line of its own"),
        FactInput(path="order.access_device", label="Access device"),
        FactInput(path="order.pump", label="Pump"),
        FlagInput(path="order.first_dose_given", label="Was the first dose given already?"),
        FlagInput(path="order.needs_nursing", label="Is a nurse needed?", not_known=False),
        _choice("order.site", "Where is it given?", Site, empty=""),
        DayInput(path="order.requested_start", label="Start asked for"),
        DayInput(path="order.signed_on", label="Order signed on"),
        FlagInput(path="order.anaphylaxis_kit_ordered", label="Is the anaphylaxis kit ordered?"),
    )


def medication(at: str) -> tuple[FactInput, ...]:
    return (
        FactInput(path=f"{at}.drug.name", label="Drug"),
        FactInput(path=f"{at}.drug.hcpcs", label="HCPCS code"),
        FactInput(path=f"{at}.drug.ndc", label="NDC"),
        FactInput(path=f"{at}.drug.rxnorm", label="RxNorm code"),
        DoseInput(path=at, label="Dose"),
        _choice(f"{at}.route", "Route", Route),
        FactInput(path=f"{at}.frequency", label="Frequency", hint="For example every 24 hours"),
        DurationInput(path=f"{at}.duration", label="For how long", choices=_choices(DurationUnit)),
        CountInput(
            path=f"{at}.billing_units",
            label="Billing units, whole course",
            hint="Only where dose, frequency and duration do not give them",
        ),
        LinesInput(path=f"{at}.diagnoses", label="Given for (ICD-10-CM)", hint="Each code on a line of its own"),
    )


def person() -> tuple[FactInput, ...]:
    return (
        FactInput(path="patient.family_name", label="Family name"),
        FactInput(path="patient.given_name", label="Given name"),
        DayInput(path="patient.birth_date", label="Birth date"),
        _choice("patient.sex", "Sex", Sex, empty="Nobody has said"),
        FactInput(path="prescriber.npi", label="Prescriber’s NPI"),
        FactInput(path="prescriber.name", label="Prescriber’s name"),
    )


def coverage(at: str, *, new: bool) -> tuple[FactInput, ...]:
    """`new` has nothing chosen yet."""
    choose = "Choose" if new else ""
    return (
        _choice(f"{at}.order", "Which plan", CoverageOrder, empty=choose),
        FactInput(path=f"{at}.payer.name", label="Payer’s name"),
        FactInput(path=f"{at}.payer.id", label="Payer’s ID", hint="As our table of payers has it"),
        _choice(f"{at}.line_of_business", "Line of business", LineOfBusiness),
        FactInput(path=f"{at}.member_id", label="Member ID"),
        FactInput(path=f"{at}.group", label="Group"),
        _choice(f"{at}.relationship", "The patient is", Relationship, empty=choose),
        FactInput(path=f"{at}.subscriber.family_name", label="Subscriber’s family name"),
        FactInput(path=f"{at}.subscriber.given_name", label="Subscriber’s given name"),
        DayInput(path=f"{at}.subscriber.birth_date", label="Subscriber’s birth date"),
        _choice(f"{at}.subscriber.sex", "Subscriber’s sex", Sex, empty="Nobody has said"),
    )


def document(at: str) -> tuple[FactInput, ...]:
    return (
        _choice(f"{at}.kind", "What it is", DocumentKind, empty=""),
        FactInput(path=f"{at}.title", label="Title"),
    )


def reaching(zone: ZoneInfo, known_zone: str | None) -> tuple[FactInput, ...]:
    """`zone` is the one that the discharge is entered in."""
    others = () if known_zone is None or known_zone in dict(ZONES) else ((known_zone, known_zone.replace("_", " ")),)
    return (
        FlagInput(path="patient.contact_allowed", label="May the patient be contacted?"),
        LinesInput(path="patient.phones", label="Phones", hint="Each on a line of its own, the best first"),
        FactInput(path="patient.email", label="E-mail"),
        FactInput(path="patient.language", label="Language"),
        LinesInput(path="patient.address.line", label="Street address", hint="Up to five lines"),
        FactInput(path="patient.address.city", label="City"),
        FactInput(path="patient.address.state", label="State"),
        FactInput(path="patient.address.postal_code", label="ZIP code"),
        ChoiceInput(path="patient.time_zone", label="Time zone", choices=(*ZONES, *others)),
        MomentInput(path="discharge_at", label="Discharge", zone=zone),
        FlagInput(path="benefits_check_only", label="Are only the benefits to be checked?", not_known=False),
    )


def caregiver(at: str) -> tuple[FactInput, ...]:
    return (
        FactInput(path=f"{at}.name", label="Name"),
        FactInput(path=f"{at}.phone", label="Phone"),
        FactInput(path=f"{at}.relationship", label="Relationship"),
    )


def office(at: str) -> tuple[FactInput, ...]:
    """Whom to call at the prescriber's or the source's."""
    return (
        FactInput(path=f"{at}.contact_name", label="Whom to ask for"),
        FactInput(path=f"{at}.phone", label="Phone"),
        FactInput(path=f"{at}.fax", label="Fax"),
    )


def source() -> tuple[FactInput, ...]:
    return (
        FactInput(path="source.organization", label="Organization"),
        FactInput(path="source.npi", label="NPI"),
        *office("source"),
    )


def _choice(path: str, label: str, codes: type[StrEnum], empty: str = "Not known") -> ChoiceInput:
    return ChoiceInput(path=path, label=label, choices=_choices(codes), empty=empty)


def _choices(codes: Iterable[StrEnum]) -> tuple[tuple[str, str], ...]:
    return tuple((code.value, words(code)) for code in codes)
