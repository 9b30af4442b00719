"""What a work item asks, in a few words: what is missing, which attempt it is, why it is asked."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from desk.web.item_forms.asked_words import reason_text
from desk.web.times import day_text, time_text
from desk.web.words import code_text, words
from firstdose.domain.authorization.lines import LineKind, LineState
from firstdose.domain.payer.document_words import documents_in_words
from firstdose.domain.referral.fact_names import fact_name

Say = Callable[[Any], str]


def asked(asks: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> tuple[str, ...]:
    """A sentence for each thing that the reader needs to know before they open it."""

    def moment(at: str) -> str:
        return time_text(datetime.fromisoformat(at), zone, now)

    return tuple(_sentences(asks, moment))


def _sentences(asks: Mapping[str, Any], moment: Callable[[str], str]) -> Iterator[str]:
    for name, say in _SAID.items():
        if asks.get(name) not in (None, "", [], {}, False):
            yield say(asks[name])
    for name, said in _AT.items():
        if asks.get(name):
            yield f"{said} {moment(asks[name])}"
    for line in asks.get("lines") or ():
        yield _line(line)


def _line(line: Mapping[str, Any]) -> str:
    kind, state = line.get("kind"), line.get("state")
    what = words(LineKind(kind)) if kind in set(LineKind) else "Line"
    stands = words(LineState(state)).lower() if state in set(LineState) else "asked for"
    return f"{what}, {line.get('code', '')}: {stands}"


def _missing(paths: Any) -> str:
    named = [fact_name(str(path)) for path in paths]
    more = f", and {len(named) - 6} more" if len(named) > 6 else ""
    return f"Missing: {', '.join(named[:6])}{more}"


def _wanted(codes: Any) -> str:
    told = [one.words or one.code for one in documents_in_words(codes)]
    return f"The payer wants: {', '.join(told)}"


def _problem(problem: Any) -> str:
    said = reason_text(str(problem))
    return f"Problem: {said[:1].lower()}{said[1:]}"


_SAID: Final[Mapping[str, Say]] = {
    "step": lambda step: f"Step: {code_text(str(step)).lower()}",
    "missing": _missing,
    "attempt": lambda number: f"Attempt {number}",
    "wanted": _wanted,
    "reason": lambda reason: reason_text(str(reason)),
    "why": lambda why: str(why),
    "problem": _problem,
    "site_problem": lambda problem: f"Problem: {problem}",
    "gate": lambda gate: f"About: {code_text(str(gate)).lower()}",
    "times": lambda times: f"Tried {times} times",
    "possible_from": lambda day: f"Possible from {day_text(date.fromisoformat(day))}",
    "possible_to": lambda day: f"Possible until {day_text(date.fromisoformat(day))}",
}
_AT: Final = {"visit_at": "Visit", "closes_at": "The window closes", "until": "Until"}
