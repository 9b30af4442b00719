"""What people correct in a referral, fact by fact."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from firstdose.domain.referral.order import FIRST_MEDICATION, stored_path
from firstdose.domain.referral.paths import holds, place
from firstdose.domain.referral.question import Question
from firstdose.domain.referral.referral import DocumentKind, Referral


def with_facts(referral: Referral, facts: Mapping[str, object], *, today: date | None = None) -> Referral:
    """The referral with a person's corrections, by path; `documents.clinical_note` takes a document and adds it.

    Raises:
        ValidationError: a wrong type, an impossible value, or a path that names no fact that may be changed.
    """
    tree = referral.model_dump(mode="json", exclude={"order": set(FIRST_MEDICATION)})
    for path, value in facts.items():
        _write(tree, stored_path(path), value)
    corrected = Referral.model_validate(tree, context={"today": today})
    kept = corrected.model_dump(mode="json")
    for path in facts:
        if not path.startswith("documents.") and not holds(kept, path):
            raise _no_such_fact()
    questions = tuple(_answered(one, facts) for one in corrected.questions)
    return corrected.model_copy(update={"questions": questions})


def _answered(one: Question, facts: Iterable[str]) -> Question:
    return one.model_copy(update={"answered": True}) if any(one.is_about(path) for path in facts) else one


def _write(tree: dict[str, Any], path: str, value: object) -> None:
    section, _, kind = path.partition(".")
    if section == "documents" and kind in DocumentKind._value2member_map_:
        document = value if isinstance(value, dict) else {"data": value}
        tree["documents"].append({**document, "kind": kind})
        return
    if path == "source_referral_id" or section == "questions":
        raise _no_such_fact()
    try:
        place(tree, path, value)
        if path.endswith("].dose"):  # the quantity was that of the old dose
            place(tree, f"{path}_quantity", None)
    except LookupError:
        raise _no_such_fact() from None


def _no_such_fact() -> ValidationError:
    # The path itself is what somebody typed: it is not repeated.
    problem = PydanticCustomError("no_such_fact", "not a fact of a referral that may be changed")
    return ValidationError.from_exception_data("Referral", [InitErrorDetails(type=problem, loc=(), input=None)])
