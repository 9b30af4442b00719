"""The canonical referral, as docs/intake.md lists its facts: whatever a source sends becomes this.

A fact that is not there is None or empty, never an error: facts.py says what it blocks. An impossible value is one.
"""

from base64 import b64decode
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from firstdose.domain.referral.ambiguity import ambiguous
from firstdose.domain.referral.identifiers import MemberId, Npi, PayerId, State, ZipCode
from firstdose.domain.referral.no_allergies import says_none, says_none_of_a_kind
from firstdose.domain.referral.order import Order
from firstdose.domain.referral.places import is_for_mail_only
from firstdose.domain.referral.question import Question
from firstdose.domain.sealed import BirthDate, Flag, Moment, PastDay, Prose, Sealed, ShortText


class Urgency(StrEnum):
    ROUTINE = "routine"
    URGENT = "urgent"
    STAT = "stat"


class LineOfBusiness(StrEnum):
    COMMERCIAL = "commercial"
    EMPLOYER = "employer"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICARE = "medicare"
    MEDICAID = "medicaid"
    OTHER = "other"


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


_SEX_WORDS = {
    **dict.fromkeys(("f", "fem", "woman", "girl"), Sex.FEMALE),
    **dict.fromkeys(("m", "man", "boy"), Sex.MALE),
    **dict.fromkeys(("o", "x", "a", "nb", "nonbinary", "non-binary", "intersex", "ambiguous"), Sex.OTHER),
    **dict.fromkeys(("u", "unk", "n", "not applicable", "not stated", "undisclosed"), Sex.UNKNOWN),
}


def _sex(value: object) -> object:
    """Words and the codes of HL7 v2; nothing said is no sex."""
    if not isinstance(value, str):
        return value
    plain = value.strip().lower()
    return None if plain in ("", '""') else _SEX_WORDS.get(plain, plain)


class Relationship(StrEnum):
    """The patient is the subscriber's …"""

    SELF = "self"
    SPOUSE = "spouse"
    CHILD = "child"
    OTHER = "other"


class CoverageOrder(StrEnum):
    PRIMARY = "primary"
    SECONDARY = "secondary"


class DocumentKind(StrEnum):
    CLINICAL_NOTE = "clinical_note"
    LETTER_OF_MEDICAL_NECESSITY = "letter_of_medical_necessity"
    LAB_RESULT = "lab_result"
    SIGNED_ORDER = "signed_order"
    INSURANCE_CARD = "insurance_card"
    OTHER = "other"


class Source(Sealed):
    """Who refers: the hospital or the physician's office."""

    organization: ShortText | None = None
    npi: Npi | None = None
    contact_name: ShortText | None = None
    phone: ShortText | None = None
    fax: ShortText | None = None


class Address(Sealed):
    line: tuple[ShortText, ...] = Field(default=(), max_length=5)
    city: ShortText | None = None
    state: State | None = None
    postal_code: ZipCode | None = None

    @property
    def is_for_mail_only(self) -> bool:
        """Nobody can be visited there."""
        return is_for_mail_only(self.line, self.state)


class Allergy(Sealed):
    substance: ShortText
    reaction: ShortText | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if says_none_of_a_kind(self.substance):
            raise ambiguous("that there is none of a kind says nothing of the others")
        return self


class Caregiver(Sealed):
    name: ShortText | None = None
    phone: ShortText | None = None
    relationship: ShortText | None = None


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not the name of a time zone, such as America/Chicago") from None
    return value


TimeZone = Annotated[ShortText, AfterValidator(_time_zone)]
NoneKnown = Literal["none_known"]


ALLERGY_TAGS: Final = frozenset({"listed", "none_known"})
"""Pydantic's names for the two ways to say allergies, in the places of its errors: no part of a fact's path."""


def _allergies_tag(value: Any) -> str:
    return "none_known" if isinstance(value, str) else "listed"


Allergies = Annotated[
    Annotated[tuple[Allergy, ...], Field(max_length=100), Tag("listed")] | Annotated[NoneKnown, Tag("none_known")],
    Discriminator(_allergies_tag),
]


def _told_allergies(value: Any) -> Any:
    """Entries which say that there is none are left out; where there are no others, none is known."""
    if isinstance(value, str):
        return "none_known" if says_none(value) else value
    if not value or not isinstance(value, list | tuple):
        return value
    return [entry for entry in value if not says_none(_substance(entry))] or "none_known"


def _substance(entry: object) -> str:
    told = entry.get("substance") if isinstance(entry, dict) else getattr(entry, "substance", None)
    return told if isinstance(told, str) else ""


class Patient(Sealed):
    """`allergies` is None when nobody has said, which is not the same as `none_known`."""

    unknown_counts = frozenset({"sex"})

    family_name: ShortText | None = None
    given_name: ShortText | None = None
    birth_date: BirthDate | None = None
    sex: Annotated[Sex | None, BeforeValidator(_sex)] = None
    phones: tuple[ShortText, ...] = Field(default=(), max_length=10)
    email: ShortText | None = None
    language: ShortText | None = None
    address: Address = Address()
    weight_kg: float | None = Field(default=None, gt=0, le=500, strict=True, allow_inf_nan=False)
    weighed_on: PastDay | None = None
    height_cm: float | None = Field(default=None, gt=0, le=300, strict=True, allow_inf_nan=False)
    allergies: Annotated[Allergies | None, BeforeValidator(_told_allergies)] = None
    caregiver: Caregiver | None = None
    alternate_contact: Caregiver | None = None
    """Another person to ask for when the patient is not reached."""
    contact_allowed: Flag | None = None
    time_zone: TimeZone | None = None
    history: Prose | None = None


class PayerName(Sealed):
    id: PayerId | None = None
    name: ShortText | None = None


class Subscriber(Sealed):
    """Whose plan it is, when it is not the patient's own."""

    unknown_counts = frozenset({"sex"})

    family_name: ShortText | None = None
    given_name: ShortText | None = None
    birth_date: BirthDate | None = None
    sex: Annotated[Sex | None, BeforeValidator(_sex)] = None


class Coverage(Sealed):
    order: CoverageOrder = CoverageOrder.PRIMARY
    payer: PayerName = PayerName()
    line_of_business: LineOfBusiness | None = None
    member_id: MemberId | None = None
    group: ShortText | None = None
    relationship: Relationship = Relationship.SELF
    subscriber: Subscriber | None = None


class Prescriber(Sealed):
    npi: Npi | None = None
    name: ShortText | None = None
    phone: ShortText | None = None
    fax: ShortText | None = None
    contact_name: ShortText | None = None


def _known_kind(value: object) -> object:
    """A kind that we do not know is `other`: its title says the rest."""
    unknown = isinstance(value, str) and value not in DocumentKind._value2member_map_
    return DocumentKind.OTHER if unknown else value


def _base64(value: str) -> str:
    b64decode(value, validate=True)  # its error is a ValueError that tells nothing of the content
    return value


class Document(Sealed):
    kind: Annotated[DocumentKind, BeforeValidator(_known_kind)] = DocumentKind.OTHER
    content_type: ShortText | None = None
    title: ShortText | None = None
    data: Annotated[str, StringConstraints(max_length=2_000_000), AfterValidator(_base64)] | None = None
    url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^https://[!-~]+$")] | None = None

    @property
    def has_content(self) -> bool:
        return self.data is not None or self.url is not None


SourceReferralId = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[!-~]+( [!-~]+)*$", max_length=64)
]
"""The source's own number: 1 to 64 printable ASCII characters."""


class Referral(Sealed):
    """One referral as its source tells it.

    Validate with the context `{"today": date}` to refuse dates that have not been yet.
    """

    source_referral_id: SourceReferralId
    urgency: Urgency = Urgency.ROUTINE
    discharge_at: Moment | None = None
    benefits_check_only: Flag = False
    source: Source = Source()
    patient: Patient = Patient()
    coverages: tuple[Coverage, ...] = Field(default=(), max_length=10)
    prescriber: Prescriber = Prescriber()
    order: Order = Order()
    documents: tuple[Document, ...] = Field(default=(), max_length=50)
    questions: tuple[Question, ...] = Field(default=(), max_length=100)
    """What intake did not understand, and what people have answered of it."""

    @classmethod
    def read(cls, data: object, *, today: date) -> Self:
        """From the contract's `data` object.

        Raises:
            ValidationError: a wrong type or an impossible value.
        """
        return cls.model_validate(data, context={"today": today})

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return tuple(one for one in self.questions if not one.answered)

    @property
    def contact_allowed(self) -> bool:
        """Whether the patient may be called or written to."""
        return not self.benefits_check_only and self.patient.contact_allowed is not False

    @property
    def primary(self) -> int | None:
        """Where in `coverages` the plan stands that is asked first; None without any coverage."""
        first = [index for index, coverage in enumerate(self.coverages) if coverage.order is CoverageOrder.PRIMARY]
        return first[0] if first else (0 if self.coverages else None)
