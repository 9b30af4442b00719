"""Work items of every kind as people are asked, and the forms that they see, filled in every way.

A `Filled` form is what was typed and chosen, by name of input, beside what the screen says then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from desk.web.forms import PostedForm
from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import ChoiceField, ChoiceOption, YesNoList
from desk.web.item_forms.fact_fields import AllergyList, TypedDocument
from desk.web.item_forms.fields import (
    DayField,
    DollarAmount,
    FormField,
    Measurement,
    MomentField,
    TextList,
    ValueField,
    WholeNumber,
)
from desk.web.item_forms.item_form import FactGroupField
from desk.web.item_forms.payer_lines import PayerLines
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind, WorkItemState

K = WorkItemKind
ZONE: Final = ZoneInfo("America/Chicago")
SCRIPT: Final = "<script>alert(1)</script>"
LINES: Final = [
    {"sequence": 1, "kind": "drug", "code": "J3370", "units": 42, "state": "draft"},
    {"sequence": 2, "kind": "nursing", "code": "99601", "units": 6, "state": "partial", "authorized_units": 3},
]
_PAYER: Final = {"payer": "northstar", "phone": "+1-312-555-0100", "portal": "https://payer.example.org"}
MISSING: Final = (
    "coverages",
    "coverages[0].group",
    "patient.birth_date",
    "patient.contact_allowed",
    "patient.weight_kg",
    "patient.allergies",
    "order.drug.name",
    "order.medications[1].dose",
    "order.duration_days",
    "order.diagnoses",
    "order.route",
    "discharge_at",
    "documents.clinical_note",
)
_AHEAD: Final = ("visit_at", "beyond_use", "available_from")
"""Moments that lie in the future; the others have been."""
ASKS: Final[dict[WorkItemKind, tuple[dict[str, Any], ...]]] = {
    K.COMPLETE_REFERRAL: ({"missing": list(MISSING), "blocks": ["eligibility", "dispatch"]},),
    K.CONTACT_PATIENT: ({"attempt": 2},),
    K.VERIFY_BENEFITS: ({**_PAYER, "contracted": True, "site_of_care": "any"},),
    K.RESOLVE_COVERAGE: ({"status": "inactive"}, {"status": "inactive", "options": ["self_pay", "close"]}),
    K.SUBMIT_AUTHORIZATION: ({**_PAYER, "lines": LINES, "problem": "payer_timed_out", "trace": "abc"},),
    K.FOLLOW_UP_PAYER: (
        {
            **_PAYER,
            "lines": LINES,
            "requested_at": "2026-11-19T16:00:00+00:00",
            "clock": {"rule": "plan", "citation": "42 CFR 422.568", "due_at": "2026-12-01T16:00:00+00:00"},
        },
    ),
    K.ANSWER_INFORMATION_REQUEST: (
        {"send": "by_hand", "wanted": ["11506-3"], "documents": ["clinical_note", "lab_result"], "lines": LINES},
        {"send": "electronically", "documents": []},
    ),
    K.REVIEW_DECISION: (
        {"lines": LINES, "file_by": "2026-12-30T16:00:00+00:00", "citation": "42 CFR 422.582"},
        {"lines": LINES[:1], "options": ["decided", "resubmit", "give_up"]},
    ),
    K.PEER_TO_PEER: ({**_PAYER, "lines": LINES},),
    K.APPEAL: ({"level": 1, "lines": LINES},),
    K.VOID_AUTHORIZATION: ({**_PAYER, "reference": "R-7", "lines": LINES},),
    K.FIND_ASSISTANCE: ({"reason": "responsibility"},),
    K.ASSESS_PATIENT: ({"therapy": "anti_infective", "site": "home"},),
    K.REVIEW_BENEFITS: ({"paying": "plan", "copay": "25.00", "coinsurance_percent": 20},),
    K.SETTLE_ORDER: ({"problem": "drug_without_code", "medications": 1}, {"medications": 2}),
    K.PREPARE_THERAPY: ({"lot": "L1", "site": "home"}, {"lot": "L1", "nurse": False}),
    K.PLACE_VISIT: ({"site": "home", "nurses_asked": ["rn-1"]}, {"site": "suite"}),
    K.CONFIRM_VISIT: ({"therapy": "anti_infective", "site": "home", "possible_from": "2026-12-01"},),
    K.CONFIRM_TIME: ({"visit_at": "2026-12-01T16:00:00+00:00", "site": "home"},),
    K.REPORT_VISIT: ({"visit_at": "2026-11-20T14:00:00+00:00", "site": "home"},),
    K.CONFIRM_START: ({"attempt": 1, "delivered_at": "2026-11-19T16:00:00+00:00"},),
    K.REVIEW_REACTION: ({},),
    K.APPROVE_OVERRIDE: (
        {"override": "o-1", "gate": "authorization", "reason": "discharge_today", "until": "2026-12-01T16:00:00Z"},
    ),
    K.REVIEW_CHANGE: ({"result": "assessment", "changed": ["weight"], "why": "the weight changed", "time": 1},),
    K.RECONCILE: (
        {"step": "notify the nurse", "problem": "mail_server_away", "by_hand": True},
        {"step": "license", "reason": "no_license", "options": ["retry", "close"], "state": "OH"},
        {"reason": "possible_duplicate", "other": "x", "options": ["duplicate", "not_duplicate"]},
    ),
}
"""What items of each kind ask."""


def asked_items(kind: WorkItemKind) -> Iterator[AskedItem]:
    for asks in ASKS[kind]:
        yield asked_item(kind, asks)


def asked_item(kind: WorkItemKind, asks: dict[str, Any]) -> AskedItem:
    """For somebody who may tell every fact: a nurse coordinator reports on the word of the nurse."""
    now = datetime.now(UTC)
    item = WorkItemView(
        id="item-1", referral_id="r-1", number="FD-1", kind=kind, role=ROLE_OF[kind], asks=asks,
        state=WorkItemState.OPEN, offered_to="rn-1" if kind is K.REPORT_VISIT else None,
        opened_at=now, due_at=now + timedelta(hours=1),
    )  # fmt: skip
    every = tuple(role for role in Role if role is not Role.AUDITOR)
    return AskedItem(item=item, actor=Actor(id="somebody", roles=every), zone=ZONE)


@dataclass
class Filled:
    """`typed` is by input; `says` is the answer that the screen shows."""

    typed: dict[str, str] = field(default_factory=dict)
    says: dict[str, Any] = field(default_factory=dict)

    def put(self, key: str, value: object) -> None:
        first, _, rest = key.partition(".")
        way = [first, rest] if first == "facts" else key.split(".")
        part = self.says
        for step in way[:-1]:
            part = part.setdefault(step, {})
        part[way[-1]] = value


@dataclass(frozen=True)
class Way:
    """One way to fill a form: which option of each choice (counted round), and what of a text."""

    turn: int = 0
    yes: bool = True
    fill: bool = True
    text: str = "Text 1"


def fill(field: FormField, prefix: str, way: Way, into: Filled) -> None:
    """As somebody does who fills in what they see. Written apart from the forms' own reading."""
    name = f"{prefix}.{field.key}" if prefix else field.key
    match field:
        case FactGroupField():
            for each in field.fields:
                fill(each, prefix, way, into)
        case ChoiceField():
            option = field.options[way.turn % len(field.options)]
            into.typed[name] = option.value
            _chosen(field, option, name, way, into)
        case YesNoList():
            _list(field, name, way, into)
        case PayerLines():
            said = [_line(line.sequence, line.says, name, way, into) for line in field.lines]
            into.says[field.key] = [one for one in said if len(one) > 1]
        case ValueField():
            if way.fill or not field.optional:
                _value(field, name, way, into)


def _chosen(field: ChoiceField, option: ChoiceOption, name: str, way: Way, into: Filled) -> None:
    if option.value in ("yes", "no"):
        into.put(field.key, option.value == "yes")
    elif option.value not in ("not_known", "listed"):
        into.put(field.key, option.value)
    for each in option.fields:
        fill(each, option.value if name == "outcome" else f"{name}.{option.value}", way, into)


def _list(field: YesNoList, name: str, way: Way, into: Filled) -> None:
    chosen: list[object] = []
    for number, (value, _) in enumerate(field.members):
        yes = way.yes or (number < field.least)
        into.typed[f"{name}.{value}"] = "yes" if yes else "no"
        chosen += [int(value) if field.key == "sequences" else value] if yes else []
    into.put(field.key, chosen)


def _line(sequence: int, says: ChoiceField, name: str, way: Way, into: Filled) -> dict[str, Any]:
    one = Filled()
    fill(says, f"{name}.{sequence}", way, one)
    into.typed |= one.typed
    return {"sequence": sequence, **one.says}


def _value(field: ValueField, name: str, way: Way, into: Filled) -> None:
    typed, means = _typed(field, way)
    if isinstance(field, MomentField):
        into.typed |= {f"{name}.day": _day(field), f"{name}.time": "09:30"}
    else:
        into.typed[name] = typed
    into.put(field.key, means)


def _day(field: MomentField) -> str:
    return "2099-01-15" if field.key in _AHEAD else "2026-11-20"


def _typed(field: ValueField, way: Way) -> tuple[str, object]:
    """What somebody types, and what it means."""
    match field:
        case MomentField():
            return "", f"{_day(field)}T09:30:00-06:00"
        case DayField():
            return "2026-11-20", "2026-11-20"
        case WholeNumber():
            return "3", 3
        case DollarAmount():
            return "$1,025.50", "1025.50"
        case Measurement():
            return "70.5", 70.5
        case AllergyList():
            return "penicillin (rash)\nlatex", [{"substance": "penicillin", "reaction": "rash"}, {"substance": "latex"}]
        case TypedDocument():
            return "A", {"content_type": "text/plain", "title": "Clinical note", "data": "QQ=="}
        case TextList():
            lines = [way.text] * (field.exactly or 2)
            return "\r\n".join(lines), lines
        case _:
            return way.text, way.text


def posted(typed: dict[str, str]) -> PostedForm:
    values = {name: (text,) for name, text in typed.items()}
    return PostedForm(csrf="", name="item", page="/", kept="", key="k", values=values)
