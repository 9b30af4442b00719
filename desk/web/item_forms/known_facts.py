"""What is known of a fact, in words, to stand beside the input for another."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from desk.web.item_forms.asked import AskedItem
from desk.web.times import day_text, time_text
from desk.web.words import words
from firstdose.domain.referral.order import stored_path
from firstdose.domain.referral.paths import steps
from firstdose.domain.referral.referral import Allergy


def known_words(asked: AskedItem, path: str) -> str:
    """Empty where nothing is known, or the person may not read it."""
    return said(_value(asked.referral, stored_path(path)), asked) if asked.referral else ""


def said(value: object, asked: AskedItem) -> str:
    match value:
        case None | () | []:
            return ""
        case "none_known":
            return "none known"
        case bool():
            return "yes" if value else "no"
        case StrEnum():
            return words(value)
        case datetime():
            return time_text(value, asked.zone, value)
        case date():
            return day_text(value)
        case Allergy():
            return f"{value.substance} ({value.reaction})" if value.reaction else value.substance
        case tuple() | list():
            return "; ".join(said(each, asked) for each in value)
        case _:
            return str(value)


def _value(known: Any, path: str) -> object:
    """None where there is no such place: a document, or a list that is shorter."""
    try:
        for step in steps(path):
            known = known[step] if isinstance(step, int) else getattr(known, step)
    except (AttributeError, IndexError, LookupError, TypeError):
        return None
    return known if isinstance(known, str | int | float | bool | date | tuple) else None
