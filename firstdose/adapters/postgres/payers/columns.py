"""The types of a plan's columns, parsed from a cell's text or from a YAML list."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)

from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.clock.business_calendar import Calendar, Unit
from firstdose.domain.clock.rules import Terms
from firstdose.domain.payer.channel import UNKNOWN_PLAN, Channel
from firstdose.domain.referral.identifiers import Hcpcs

_ALLOWANCE: Final = re.compile(r"([1-9][0-9]{0,3}) (hour|day|business day)s?")
_UNITS: Final = {
    "hour": (timedelta(hours=1), Unit.ELAPSED),
    "day": (timedelta(days=1), Unit.CALENDAR_DAYS),
    "business day": (timedelta(days=1), Unit.BUSINESS_DAYS),
}
_KINDS: Final = frozenset(LineKind)
_HCPCS: Final = TypeAdapter[str](Hcpcs)


def _seconds(value: object) -> object:
    return float(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", value.strip()) else value


def _patient(timeout: timedelta) -> timedelta:
    if not timedelta(0) < timeout <= timedelta(minutes=5):
        raise ValueError("more than 0 seconds, and at most 300")
    return timeout


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("control characters are not accepted")
    return value


class Allowance(BaseModel):
    """How long somebody may take, as people write it: `72 hours`, `7 days`, `3 business days`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    time: timedelta
    terms: Terms

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: object) -> object:
        match = _ALLOWANCE.fullmatch(" ".join(value.split())) if isinstance(value, str) else None
        if match is None:
            raise ValueError("written like 72 hours, 7 days or 3 business days")
        each, unit = _UNITS[match[2]]
        return {"time": int(match[1]) * each, "terms": Terms(unit=unit)}

    @model_serializer
    def _as_written(self) -> str:
        word, each = next((word, each) for word, (each, unit) in _UNITS.items() if unit is self.terms.unit)
        return f"{self.time // each} {word}s"


def _values(value: object) -> object:
    """Splits a cell into its values; a YAML list is split already."""
    return [word for word in re.split(r"[\s,;]+", value) if word] if isinstance(value, str) else value


def _channels(value: object) -> object:
    return [way.strip() for way in value.split(">")] if isinstance(value, str) else value


def _in_order(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    if len(set(channels)) < len(channels):
        raise ValueError("a channel is there twice")
    if Channel.PEOPLE in channels[:-1]:
        raise ValueError("people come last: nothing is tried after them")
    return channels


def _exemption(word: str) -> str:
    if word.lower() in _KINDS:
        return word.lower()
    try:
        return _HCPCS.validate_python(word)
    except ValidationError:
        raise ValueError(f"neither a HCPCS code nor a kind of line ({', '.join(LineKind)})") from None


def _sorted(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(set(values)))


def _time_zone(name: str) -> str:
    try:
        return Calendar(time_zone=name).time_zone
    except ValidationError:
        raise ValueError("not an IANA time zone, such as America/Chicago") from None


def _payer_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", value):
        raise ValueError("up to 63 small letters, digits and dashes, of which the first is no dash")
    if value == UNKNOWN_PLAN.payer:
        raise ValueError("this word stands for a payer that is in no table")
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[!-~]{1,490}", value):
        raise ValueError("an address begins with https:// and has no spaces")
    return value


def _filter(template: str) -> str:
    """A name, or a template."""
    if _braced(template) - {"system", "npi"}:
        raise ValueError("only {system} and {npi} are filled in")
    if "=" in template and "{npi}" not in template:
        raise ValueError("without {npi} it would not be about our requests")
    return template


def _callback(template: str) -> str:
    if _braced(template) - {"desk", "payer", "secret"}:
        raise ValueError("only {desk}, {payer} and {secret} are filled in")
    if not template.startswith(("{desk}/", "https://")) or not re.fullmatch(r"[!-~]+", template):
        raise ValueError("it begins with {desk}/ or https:// and has no spaces")
    return template


def _braced(template: str) -> set[str]:
    words = re.findall(r"[{]([^{}]*)[}]", template)
    if template.count("{") != len(words) or template.count("}") != len(words):
        raise ValueError("a brace is not closed")
    return set(words)


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
Url = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_url)]
SubscriptionFilter = Annotated[Text, AfterValidator(_filter)]
SubscriptionCallback = Annotated[Text, AfterValidator(_callback)]
System = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(https?://|urn:)[!-~]{1,490}$")]
"""A FHIR identifier's system: a name, not an address that is called."""
X12Id = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,14}$")]
Channels = Annotated[tuple[Channel, ...], BeforeValidator(_channels), AfterValidator(_in_order), Field(min_length=1)]
Exemptions = Annotated[
    tuple[Annotated[str, AfterValidator(_exemption)], ...],
    BeforeValidator(_values),
    AfterValidator(_sorted),
    Field(max_length=500),
]
Days = Annotated[tuple[date, ...], BeforeValidator(_values), AfterValidator(_sorted), Field(max_length=500)]
TimeZone = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_time_zone)]
PlanId = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_payer_id)]
RequestsPerMinute = Annotated[int, Field(ge=1, le=60_000)]
Requests = Annotated[int, Field(ge=1, le=1000)]
FilingDays = Annotated[int, Field(ge=1, le=3650)]
Timeout = Annotated[timedelta, BeforeValidator(_seconds), AfterValidator(_patient)]
"""Seconds, or ISO 8601."""
