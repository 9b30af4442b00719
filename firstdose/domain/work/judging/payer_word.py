"""Whether what a person heard a payer say has its evidence, and is possible."""

from collections.abc import Mapping
from typing import Any, Final

from firstdose.domain.authorization.denial import WayOn
from firstdose.domain.authorization.lines import LineAnswer, LineState
from firstdose.domain.work.judging.context import Judged, must_have_happened, refuse
from firstdose.domain.work.resolutions import Answered, ReviewDecision
from firstdose.domain.work.void_authorization import VoidAuthorization

GRANTED: Final = frozenset({LineState.APPROVED, LineState.PARTIAL, LineState.MODIFIED})
_WITH_LINES: Final = frozenset({"answered", "decided", "overturned", "submitted"})
IN_PART: Final = frozenset({LineState.PARTIAL, LineState.MODIFIED})


def judge_answered(answer: Answered, judged: Judged) -> None:
    """Lines need who said it, and when; each is in order by itself."""
    if answer.told_at is not None:
        must_have_happened("told_at", answer.told_at, judged)
    if not answer.lines:
        return
    if getattr(answer, "outcome", None) not in _WITH_LINES:
        refuse("lines", f"the payer's word on lines goes with the outcomes {', '.join(sorted(_WITH_LINES))}")
    for name in ("told_by", "told_at"):
        if getattr(answer, name) is None:
            refuse(name, "who at the payer said so, and when, are the evidence of a payer's word")
    sequences = [word.sequence for word in answer.lines]
    if len(set(sequences)) < len(sequences):
        refuse("lines", "each line is spoken of once")
    shown = {line["sequence"]: line for line in judged.item.asks.get("lines", ())}
    for number, word in enumerate(answer.lines):
        _judge_line(f"lines[{number}]", word, shown.get(word.sequence, {}), judged)


def judge_review(answer: ReviewDecision, judged: Judged) -> None:
    """To accept is to take what the payer granted in part, as it granted it."""
    judge_answered(answer, judged)
    if answer.outcome is WayOn.ACCEPT:
        shown = judged.item.asks.get("lines", ())
        in_part = [line["sequence"] for line in shown if line["state"] in IN_PART and line.get("authorized_units") != 0]
        chosen = answer.sequences or [line["sequence"] for line in shown]
        if not set(chosen) <= set(in_part):
            refuse("sequences", f"granted in part, and possible here: {', '.join(map(str, in_part)) or 'none'}")


def judge_void(answer: VoidAuthorization, judged: Judged) -> None:
    if answer.told_at is not None:
        must_have_happened("told_at", answer.told_at, judged)


def _judge_line(path: str, word: LineAnswer, shown: Mapping[str, Any], judged: Judged) -> None:
    granted = word.state in GRANTED
    if granted and word.number is None:
        refuse(f"{path}.number", "an authorization has a number of the payer")
    if granted and word.units == 0:
        refuse(f"{path}.units", "possible is 1 or more; what is authorized with none is denied")
    asked = shown.get("units")
    if word.state is LineState.APPROVED and asked is not None and (word.units or 0) > asked:
        refuse(f"{path}.units", f"{asked} were asked for; another number that the payer says is modified")
    _judge_period(path, word, judged)


def _judge_period(path: str, word: LineAnswer, judged: Judged) -> None:
    if word.valid_from and word.valid_to and word.valid_from > word.valid_to:
        refuse(f"{path}.valid_to", "possible from valid_from on")
    policy = judged.state.policy
    if policy is None:
        return
    first = judged.now - policy.horizons.authorization
    last = judged.now + policy.horizons.authorization
    for name, day in (("valid_from", word.valid_from), ("valid_to", word.valid_to)):
        if day is not None and not first.date() <= day <= last.date():
            refuse(f"{path}.{name}", f"possible from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
