"""What the simulated people answer: as the scenario's script says, else what is usual.

An answer is a function of the item and its moment alone, so that an interrupted simulator says the same again.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import TypeAdapter

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.work.judging.payer_word import GRANTED
from firstdose.domain.work.work_item import WorkItemKind
from simulator.pace import Pace
from simulator.scenario import Scenario
from simulator.staff_api import Item

Answer = dict[str, Any]
"""As a script writes it; an empty one leaves the work item lying."""
FactsOf = Callable[[Iterable[str]], dict[str, Any]]

_MOMENTS = ("visit_at", "beyond_use", "started_at", "ended_at")
_ASKED = "asked"
_DURATION = TypeAdapter(timedelta)


def script_of(scenario: Scenario, kind: WorkItemKind) -> Sequence[Answer]:
    """The answers to this kind of item, in turn; the last is repeated."""
    return scenario.people.get(kind) or (_usual()[kind],)


def moment_of(item: Item, member: str, pace: Pace) -> datetime:
    """When a person answers the item; a visit is reported after it was made."""
    visit_at = item.asks.get("visit_at") if item.kind is WorkItemKind.REPORT_VISIT else None
    begun = max(item.opened_at, datetime.fromisoformat(visit_at)) if visit_at else item.opened_at
    return pace.answered_at(begun, member, item.kind, item.number)


def resolution(scripted: Answer, item: Item, moment: datetime, pace: Pace, facts: FactsOf) -> Answer:
    """The answer as the desk takes it: with moments for durations, and what the item asked for filled in."""
    answer = dict(scripted)
    if "done" in item.asks.get("options", ()):  # what was undone is acknowledged; nothing else can be said of it
        answer = {"outcome": "done"}
    for name in _MOMENTS:
        if name in answer:
            answer[name] = (moment + pace.real(_DURATION.validate_python(answer[name]))).isoformat()
    if answer.get("facts") == _ASKED:
        answer["facts"] = facts(item.asks["missing"])
    if isinstance(word := answer.get("lines"), str):
        answer["lines"] = [_word(line["sequence"], LineState(word), item) for line in item.asks["lines"]]
        answer |= {"told_by": "A. Clerk", "told_at": moment.isoformat()}
    return _with_nurse(answer, item) if answer["outcome"] == "placed" else answer


def _with_nurse(answer: Answer, item: Item) -> Answer:
    """The coordinator talks the first nurse who was asked into the visit; where there is none it is in the suite."""
    if item.asks["site"] == "suite":
        return answer
    asked = item.asks["nurses_asked"]
    return {**answer, "nurse": asked[0]} if asked else {"outcome": "suite"}


def _word(sequence: int, state: LineState, item: Item) -> dict[str, Any]:
    number = {"number": f"PHONE{item.number}-{sequence}"} if state in GRANTED else {}
    return {"sequence": sequence, "state": state, **number}


@cache
def _usual() -> dict[WorkItemKind, Answer]:
    text = (files("simulator") / "usual_answers.yaml").read_text()
    return {WorkItemKind(kind): answer for kind, answer in yaml.safe_load(text).items()}
