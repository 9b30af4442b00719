"""Texts of strangers that travel through the workflow: sealed under the referral's data key, opened where needed.

A number or code that a payer gave us may turn out to be a name. As it came it stays at the door: the workflow, its
history and the columns that are not sealed have `sealed:…` instead, the same for the same text of the same referral.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Final, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel

PREFIX: Final = "sealed:"
LONGEST_PLAIN: Final = 80
LONGEST_SENTENCE: Final = 264
"""As long as X12 lets a message be (MSG01)."""
OURS: Final = frozenset({"contradicted", "contradictory"})
"""What we say ourselves where a code of the payer's would stand."""

_SEALED: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{22,1500}}")
_CODE: Final = re.compile(r"[A-Z0-9]{1,2}|(?=[A-Z]*[0-9])[A-Z0-9]{3,5}|[0-9]{1,7}-[0-9]")

M = TypeVar("M", bound=BaseModel)


class Foreign(Enum):
    """Marks a field whose text a stranger wrote, as metadata of its annotation."""

    TEXT = "text"
    """Always sealed."""
    CODE = "code"
    """Sealed unless it has the shape of an X12, HCPCS or LOINC code, which hardly a name has."""


def _within_bounds(text: str | None) -> str | None:
    if text is not None and len(text) > LONGEST_PLAIN and not is_sealed_text(text):
        raise ValueError(f"at most {LONGEST_PLAIN} characters")
    return text


def _sentence_within_bounds(text: str | None) -> str | None:
    if text is not None and len(text) > LONGEST_SENTENCE and not is_sealed_text(text):
        raise ValueError(f"at most {LONGEST_SENTENCE} characters")
    return text


def _each_within_bounds(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        _within_bounds(text)
    return texts


def is_sealed_text(value: object) -> bool:
    return isinstance(value, str) and _SEALED.fullmatch(value) is not None


def is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


ForeignText = Annotated[str | None, AfterValidator(_within_bounds), Foreign.TEXT]
ForeignSentence = Annotated[str | None, AfterValidator(_sentence_within_bounds), Foreign.TEXT]
ForeignCode = Annotated[str | None, AfterValidator(_within_bounds), Foreign.CODE]
ForeignCodes = Annotated[tuple[str, ...], AfterValidator(_each_within_bounds), Foreign.CODE]


class TextSealer(Protocol):
    """Seals and opens the texts of one referral."""

    def seal(self, text: str) -> str: ...

    def open(self, text: str) -> str:
        """A text that is not sealed is returned as it is: it was stored before texts were."""


class PlainTexts:
    """A TextSealer that leaves all as it is."""

    def seal(self, text: str) -> str:
        return text

    def open(self, text: str) -> str:
        return text


def sealed_texts(model: M, texts: TextSealer) -> M:
    """The model with each marked text sealed, at any depth; fields that were not set stay so."""

    def seal(text: str, mark: Foreign) -> str:
        known = text in OURS or is_code(text)
        return text if mark is Foreign.CODE and known else texts.seal(text)

    return _changed(model, seal)


def opened_texts(model: M, texts: TextSealer) -> M:
    """The inverse of `sealed_texts`."""
    return _changed(model, lambda text, mark: texts.open(text))


def _changed(model: M, change: Callable[[str, Foreign], str]) -> M:
    changes = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        mark = next((each for each in field.metadata if isinstance(each, Foreign)), None)
        if (new := _changed_value(value, mark, change)) is not value:
            changes[name] = new
    return model.model_copy(update=changes) if changes else model


def _changed_value(value: Any, mark: Foreign | None, change: Callable[[str, Foreign], str]) -> Any:
    if isinstance(value, BaseModel):
        return _changed(value, change)
    if isinstance(value, tuple):
        new = tuple(_changed_value(each, mark, change) for each in value)
        return value if all(one is other for one, other in zip(value, new, strict=True)) else new
    return change(value, mark) if mark is not None and isinstance(value, str) else value
