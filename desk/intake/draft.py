"""A referral while it is mapped: each fact is put in its place together with where in the message it came from."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError

from desk.intake.message import ParsedMessage
from desk.intake.problems import Invalid, problems
from firstdose.domain.referral.choice import Candidate, choose
from firstdose.domain.referral.nothing import is_nothing
from firstdose.domain.referral.order import short_path
from firstdose.domain.referral.paths import holds, place
from firstdose.domain.referral.question import Question, QuestionReason, question
from firstdose.domain.referral.reading import read_referral
from firstdose.domain.referral.source_message import Cancellation, MessageType

V = TypeVar("V")


class Draft:
    """The contract's `data` object in the making. Judging the values is the referral's business, not the mapping's."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._tree: dict[str, Any] = {}
        self._origins: dict[str, str] = {}
        self._questions: list[Question] = []

    def put(self, path: str, value: object, origin: str) -> None:
        """A fact that the message does not tell leaves no trace but its origin, where it will be missed."""
        self._origins[short_path(path)] = origin
        if value not in (None, "", []):
            place(self._tree, path, value)

    def has(self, path: str) -> bool:
        """Whether something was put there, or below."""
        return holds(self._tree, path)

    def pick(
        self,
        path: str,
        candidates: Iterable[Candidate[V]],
        *,
        on: date | None = None,
        shown: Callable[[V], object] = str,
    ) -> V | None:
        """The best of the candidates on the day (today), to be put by the caller; equal ones become a question."""
        told = [one for one in candidates if not (isinstance(one.value, str) and is_nothing(one.value))]
        choice = choose(told, on or self.today)
        if choice.equals:
            self.ask(path, QuestionReason.SEVERAL, map(shown, choice.equals))
        return choice.value

    def put_best(self, path: str, candidates: Iterable[Candidate[Any]], origin: str) -> None:
        """The best of the candidates today."""
        self.put(path, self.pick(path, candidates), origin)

    def ask(self, path: str, reason: QuestionReason, values: Iterable[object]) -> None:
        """A question to the intake coordinator; the values are what the message said."""
        self._questions.append(question(short_path(path), reason, values))

    def referred(self, kind: MessageType) -> ParsedMessage:
        """Raises Invalid, with paths in the terms of the message, where it is in doubt who is meant."""
        try:
            referral = read_referral(self._tree, today=self.today, questions=self._questions)
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
