"""A referral while it is mapped: each fact is put in its place together with where in the message it came from."""

from datetime import date
from typing import Any

from pydantic import ValidationError

from desk.intake.message import ParsedMessage
from desk.intake.problems import Invalid, problems
from firstdose.domain.referral.paths import place
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.source_message import Cancellation, MessageType


class Draft:
    """The contract's `data` object in the making. Judging the values is the referral's business, not the mapping's."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}
        self._origins: dict[str, str] = {}

    def put(self, path: str, value: object, origin: str) -> None:
        """A fact that the message does not tell leaves no trace but its origin, where it will be missed."""
        self._origins[path] = origin
        if value not in (None, "", []):
            place(self._tree, path, value)

    def referred(self, kind: MessageType, today: date) -> ParsedMessage:
        """Raises Invalid, with paths in the terms of the message."""
        try:
            referral = Referral.read(self._tree, today=today)
        except ValidationError as error:
            raise Invalid(problems(error, self._origin)) from None
        return ParsedMessage(kind, referral.source_referral_id, referral)

    def cancelled(self, reason: str | None, note: str | None = None) -> ParsedMessage:
        """Raises Invalid, with paths in the terms of the message."""
        told = {"source_referral_id": self._tree.get("source_referral_id"), "reason": reason, "note": note}
        try:
            cancellation = Cancellation.model_validate(told)
        except ValidationError as error:
            raise Invalid(problems(error, self._origin)) from None
        return ParsedMessage(
            MessageType.CANCELLED, cancellation.source_referral_id, reason=cancellation.reason, note=cancellation.note
        )

    def _origin(self, path: str) -> str:
        """Of the fact itself, or of the nearest one that it is part of."""
        nearest = [known for known in self._origins if path == known or path.startswith((f"{known}.", f"{known}["))]
        return self._origins[max(nearest, key=len)] if nearest else path
