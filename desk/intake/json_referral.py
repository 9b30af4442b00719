"""Our own JSON format, version 1: the facts of docs/intake.md under their own names."""

from datetime import date

from pydantic import TypeAdapter, ValidationError

from desk.intake.json_text import read_object
from desk.intake.message import ParsedMessage
from desk.intake.problems import FieldProblem, Invalid, problems
from firstdose.domain.referral.source_message import MessageType, ReferralCancelled, ReferralMessage

_MESSAGE: TypeAdapter[ReferralMessage] = TypeAdapter(ReferralMessage)


def read_json(body: bytes, *, today: date) -> ParsedMessage:
    """Raises Unparseable or Invalid."""
    raw = read_object(body)
    if raw.get("type") not in list(MessageType):  # pydantic's own message would repeat the value
        raise Invalid([FieldProblem(path="type", problem=f"one of {', '.join(MessageType)}")])
    try:
        told = _MESSAGE.validate_python(raw, context={"today": today})
    except ValidationError as error:
        raise Invalid(problems(error, _without_type)) from None
    if isinstance(told, ReferralCancelled):
        ended = told.data
        return ParsedMessage(MessageType.CANCELLED, ended.source_referral_id, reason=ended.reason, note=ended.note)
    return ParsedMessage(told.type, told.data.source_referral_id, told.data)


def _without_type(path: str) -> str:
    """Pydantic names the message's type first: `referral.received.data.patient` is `data.patient`."""
    for kind in MessageType:
        path = path.removeprefix(kind).removeprefix(".")
    return path
