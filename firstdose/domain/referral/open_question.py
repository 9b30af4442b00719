"""What is shown to the person who must answer: the fact and the reason in words, and the message's own text."""

from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.referral.fact_names import fact_name
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Referral

_MEANING: Final = {
    QuestionReason.SEVERAL: "The message gives several values that fit equally well.",
    QuestionReason.NOT_UNDERSTOOD: "What the message says cannot be read.",
    QuestionReason.NOT_IN_FORCE: "The message gives only what is not in force, such as a draft or a request on hold.",
    QuestionReason.TOO_MANY: "The message gives more than are kept; these were left out.",
}


class OpenQuestion(BaseModel):
    """`values` are PHI: they are shown to whoever may read the facts, and go into no workflow."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    path: str
    fact: str
    reason: QuestionReason
    meaning: str
    values: tuple[str, ...] = Field(default=(), repr=False)


def open_questions(referral: Referral, about: Iterable[str] | None = None) -> tuple[OpenQuestion, ...]:
    """All that nobody has answered yet; only those about these facts, if they are named."""
    paths = None if about is None else tuple(about)
    return tuple(
        OpenQuestion(
            path=one.path,
            fact=fact_name(one.path),
            reason=one.reason,
            meaning=_MEANING[one.reason],
            values=one.values,
        )
        for one in referral.open_questions
        if paths is None or any(one.is_about(path) for path in paths)
    )
