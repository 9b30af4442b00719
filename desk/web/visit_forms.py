"""The forms of a visit, read: what is shown for an outcome is sent, and nothing else."""

from typing import Any, Final
from zoneinfo import ZoneInfo

from desk.web.forms import PostedForm
from desk.web.zoned_time import NoSuchTime, zoned_time
from firstdose.domain.care.visit import TAUGHT, ReportItem

OFFER_FORM: Final = "offer"
REPORT_FORM: Final = "report"
OFFER_OUTCOMES: Final = ("accepted", "declined")
REPORT_OUTCOMES: Final = ("completed", "reaction", "missed", "kit_missing")
WITH_ITEMS: Final = ("completed", "reaction")
"""Outcomes of a visit at which the nurse was with the patient."""
_SAY: Final = "Choose Yes or No."

Answer = tuple[dict[str, Any], dict[str, str]]
"""The answer to the work item, and what is wrong with the form by field."""


def offer_answer(form: PostedForm, zone: ZoneInfo) -> Answer:
    outcome, note = form.one("outcome"), form.one("note")
    if outcome not in OFFER_OUTCOMES:
        return {}, {"outcome": "Choose whether you take the visit."}
    answer: dict[str, Any] = {"outcome": outcome, **_noted(note)}
    if outcome == "declined":
        return answer, {}
    problems: dict[str, str] = {}
    try:
        answer["visit_at"] = zoned_time(form.one("day"), form.one("time"), zone).isoformat()
    except NoSuchTime as wrong:
        problems["time"] = str(wrong)
    return answer, problems


def report_answer(form: PostedForm, zone: ZoneInfo) -> Answer:
    outcome, note = form.one("outcome"), form.one("note")
    if outcome not in REPORT_OUTCOMES:
        return {}, {"outcome": "Choose what happened."}
    answer: dict[str, Any] = {"outcome": outcome, **_noted(note)}
    if outcome not in WITH_ITEMS:
        return answer, {}
    problems: dict[str, str] = {}
    answer["items"] = [each.value for each in ReportItem if _yes(form, f"item.{each}", problems)]
    shown = [each.value for each in ReportItem if each in TAUGHT and _yes(form, f"back.{each}", problems)]
    answer["shown_back"] = shown
    try:
        answer["ended_at"] = zoned_time(form.one("day"), form.one("time"), zone).isoformat()
    except NoSuchTime as wrong:
        problems["time"] = str(wrong)
    return answer, problems


def _yes(form: PostedForm, name: str, problems: dict[str, str]) -> bool:
    given = form.one(name)
    if given not in ("yes", "no"):
        problems[name] = _SAY
    return given == "yes"


def _noted(note: str) -> dict[str, str]:
    return {"note": note} if note else {}
