"""What a work item asks, as facts in words. What nobody needs in order to answer is left out."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.line_standing import standing_lines
from desk.web.item_forms.reason_words import REASONS
from desk.web.times import day_text, time_element
from desk.web.words import code_text, words
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.therapy import Delivery
from firstdose.domain.care.visit import VisitProblem
from firstdose.domain.payer.channel import SiteOfCare
from firstdose.domain.payer.coverage import CoverageStatus, Paying
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.fact_names import fact_name
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.order import Site, TherapyKind
from firstdose.domain.referral.referral import DocumentKind
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.reasons import OverrideReason
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.undoing import UndoReason
from firstdose.domain.work.work_item import WorkItemKind


class AskedFact(NamedTuple):
    """One fact that the item shows."""

    label: str
    value: str | Markup


Told = Callable[[Any, AskedItem, datetime], str | Markup]


def asked_facts(asked: AskedItem, now: datetime) -> tuple[AskedFact, ...]:
    """In the order of the table."""
    return tuple(_facts(asked, now))


def _facts(asked: AskedItem, now: datetime) -> Iterator[AskedFact]:
    shown = {**asked.asks, **_of_clock(asked.asks)}
    for name, (label, tell) in _TABLE.items():
        if shown.get(name) not in (None, "", [], ()):
            yield AskedFact(label, tell(shown[name], asked, now))


def _of_clock(asks: Mapping[str, Any]) -> dict[str, Any]:
    """The payer's clock, as an item of a wait shows it."""
    clock = asks.get("clock")
    return {"decides_by": clock.get("due_at"), "citation": clock.get("citation")} if isinstance(clock, dict) else {}


def _text(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return str(value)


def _sentence(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return f"{str(value)[:1].upper()}{str(value)[1:]}"


def _yes_no(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return "Yes" if value else "No"


def _nurse(value: Any, _asked: AskedItem, _now: datetime) -> str:
    """A therapy that needs none says so; what was undone names the nurse."""
    return str(value) if isinstance(value, str) else "None comes: the patient starts alone"


def _dollars(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return f"${value}"


def _percent(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return f"{value} %"


def _phone(value: Any, _asked: AskedItem, _now: datetime) -> Markup:
    return Markup('<a href="tel:{0}">{0}</a>').format(value)


def _moment(value: Any, asked: AskedItem, now: datetime) -> Markup:
    return time_element(_at(value), asked.zone, now)


def _at_the_patients(value: Any, asked: AskedItem, now: datetime) -> Markup:
    return time_element(_at(value), asked.patient_zone, now)


def _day(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return day_text(date.fromisoformat(str(value)))


def reason_text(code: str) -> str:
    """Why the process asks, or what went wrong."""
    return REASONS.get(code) or _by_first(_OF_REASONS, code)


def _by_first(kinds: tuple[type[StrEnum], ...], value: Any) -> str:
    """By the first type that knows the code; what none knows is spelled out."""
    known = next((kind(value) for kind in kinds if value in {each.value for each in kind}), None)
    return words(known) if known is not None else code_text(str(value))


def _code(kinds: tuple[type[StrEnum], ...], value: Any, _asked: AskedItem, _now: datetime) -> str:
    return _by_first(kinds, value)


def _reason(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return reason_text(str(value))


def _codes(kind: type[StrEnum], value: Any, asked: AskedItem, now: datetime) -> str:
    return ", ".join(_code((kind,), each, asked, now) for each in value)


def _names(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return ", ".join(fact_name(str(path)) for path in value)


def _listed(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return ", ".join(code_text(str(each)).lower() for each in value)


def _joined(value: Any, _asked: AskedItem, _now: datetime) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else _sentence(value, _asked, _now)


def _lines(value: Any, _asked: AskedItem, _now: datetime) -> Markup:
    return standing_lines(value)


def _at(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


_OF_REASONS: Final = (UndoReason, OverrideReason, CoverageStatus, ProblemCode, VisitProblem)
_TABLE: Final[Mapping[str, tuple[str, Told]]] = {
    "reason": ("Why you are asked", _reason),
    "why": ("Why you are asked", _sentence),
    "problem": ("What went wrong", _reason),
    "site_problem": ("What the plan does not pay", _sentence),
    "step": ("Step", partial(_code, (WorkItemKind,))),
    "of": ("About", partial(_code, (UndoReason,))),
    "result": ("What is looked at again", partial(_code, (SettledResult,))),
    "changed": ("What changed", _listed),
    "missing": ("Missing", _names),
    "blocks": ("Waiting for it", partial(_codes, BlockedStep)),
    "to_mend": ("To be mended", _joined),
    "gate": ("Overrides", partial(_code, (Gate,))),
    "until": ("Until", _moment),
    "therapy": ("Therapy", partial(_code, (TherapyKind,))),
    "site": ("Where", partial(_code, (Site,))),
    "medications": ("Medications in the order", _text),
    "lot": ("Lot set aside", _text),
    "delivery": ("Delivery", partial(_code, (Delivery,))),
    "kit_refused": ("The prescriber refused the kit", _yes_no),
    "nurse": ("Nurse", _nurse),
    "nurses_asked": ("Nurses asked already", _joined),
    "visit_at": ("Visit", _at_the_patients),
    "delivered_at": ("Delivered", _at_the_patients),
    "possible_from": ("Possible from", _day),
    "possible_to": ("Possible to", _day),
    "attempt": ("Call number", _text),
    "level": ("Level of the appeal", _text),
    "status": ("Coverage", partial(_code, (CoverageStatus,))),
    "paying": ("Who pays", partial(_code, (Paying,))),
    "copay": ("Copay", _dollars),
    "coinsurance_percent": ("Coinsurance", _percent),
    "not_paid_by_plan": ("Not paid by the plan", partial(_codes, LineKind)),
    "payer": ("Payer", _text),
    "phone": ("Payer’s phone", _phone),
    "fax": ("Payer’s fax", _text),
    "portal": ("Payer’s portal", _text),
    "contracted": ("Contract with the payer", _yes_no),
    "site_of_care": ("The plan pays", partial(_code, (SiteOfCare,))),
    "lines": ("Lines", _lines),
    "reference": ("Reference of the request", _text),
    "tracking": ("The payer’s own number", _text),
    "trace": ("Our number of the request", _text),
    "requested_at": ("Asked for", _moment),
    "decides_by": ("The payer decides by", _moment),
    "control_number": ("Number to write on the documents", _text),
    "due_on": ("The payer wants it by", _day),
    "send_by": ("Send it by", _moment),
    "documents": ("Documents of the referral", partial(_codes, DocumentKind)),
    "file_by": ("File it by", _moment),
    "citation": ("By the rule", _text),
    "state": ("State", _text),
    "closing": ("The referral ends as", partial(_code, (Closing,))),
    "times": ("Tried", _text),
    "time": ("Looked at before", _text),
}
"""By the name in the item: the label, and how its value is told."""
