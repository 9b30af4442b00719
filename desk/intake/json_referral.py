"""Our own JSON format, version 1: the facts of docs/intake.md under their own names."""

from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from desk.intake.json_text import read_object
from desk.intake.message import ParsedMessage
from desk.intake.problems import FieldProblem, Invalid, problems
from firstdose.domain.referral.reading import read_referral
from firstdose.domain.referral.source_message import Cancellation, Envelope, MessageType

_ENVELOPE = TypeAdapter(Envelope)


def read_json(body: bytes, *, today: date) -> ParsedMessage:
    """Raises Unparseable or Invalid."""
    raw = read_object(body)
    if raw.get("type") not in list(MessageType):  # pydantic's own message would repeat the value
        raise Invalid([FieldProblem(path="type", problem=f"one of {', '.join(MessageType)}")])
    try:
        kind = MessageType(_ENVELOPE.validate_python(raw).type)
    except ValidationError as error:
        raise Invalid(problems(error, str)) from None
    try:
        return _read(kind, raw["data"], today)
    except ValidationError as error:
        as_list = _has_medications(raw["data"])
        raise Invalid(problems(error, lambda path: f"data.{path}", several_medications=as_list)) from None


def _has_medications(facts: dict[str, Any]) -> bool:
    order = facts.get("order")
    return isinstance(order, dict) and bool(order.get("medications"))


def _read(kind: MessageType, facts: dict[str, Any], today: date) -> ParsedMessage:
    if kind is MessageType.CANCELLED:
        ended = Cancellation.model_validate(facts)
        return ParsedMessage(kind, ended.source_referral_id, reason=ended.reason, note=ended.note)
    told = {name: value for name, value in facts.items() if name != "questions"}
    referral = read_referral(told, today=today, strict=True)
    return ParsedMessage(kind, referral.source_referral_id, referral)
