"""Every action of the journal is a sentence for staff, or is listed as technical; and what the sentences say."""

import ast
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from desk.web.case.answers_told import ANSWERS
from desk.web.case.story import LONGEST, MOST_TOLD, story_of
from desk.web.case.story_sentences import SENTENCES, TECHNICAL, is_technical
from firstdose.adapters.postgres.referrals.views import LineView, TimelineEntry
from firstdose.domain.authorization.lines import LineKind, LineState
from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.work_item import WorkItemKind

ROOT = Path(__file__).parents[2]
ZONE = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 28, 20, tzinfo=UTC)
NOTED_IN = ("workflows",)
WRITTEN_IN = ("firstdose/adapters/postgres/referrals/journal_entries.py",)


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body)
            yield from _texts(other)


def _first_text(call: ast.Call, place: int) -> Iterator[str]:
    return _texts(call.args[place]) if len(call.args) > place else iter(())


def actions_of_the_journal() -> set[str]:
    """Of each `journal.note(action, …)` of the process, and of what the store makes of the other entries."""
    found: set[str] = set()
    files = [file for folder in NOTED_IN for file in (ROOT / folder).rglob("*.py")]
    for file in (*files, *(ROOT / each for each in WRITTEN_IN)):
        for node in ast.walk(ast.parse(Path(file).read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="note", value=ast.Attribute() | ast.Name())):
                    found |= set(_first_text(node, 0))
                case ast.Call(func=ast.Name(id="_write")):
                    found |= set(_first_text(node, 2))
    return found


def line(sequence: int, kind: LineKind, **more: Any) -> LineView:
    return LineView(sequence=sequence, kind=kind, code="J0696", place_of_service="12", units=1, **more)


LINES = (
    line(1, LineKind.DRUG, state=LineState.APPROVED, valid_to=date(2026, 12, 31)),
    line(2, LineKind.PER_DIEM, state=LineState.PENDED),
    line(3, LineKind.NURSING),
)


def told(what: str, *, actor: str | None = "staff:rosa", note: str | None = None, **details: Any) -> str | None:
    """The one sentence of this entry."""
    entry = TimelineEntry(at=NOW, what=what, actor=actor, details=details, note=note)
    days = story_of([entry], LINES, ZONE, NOW).days
    return days[0].sentences[0].text if days else None


def test_every_action_has_a_sentence_or_is_technical() -> None:
    actions = actions_of_the_journal()
    assert len(actions) > 40, "the look for them is broken"
    assert {"held", "override.refused", "work_item.resolved", "authorization.lines"} <= actions
    assert sorted(each for each in actions if each not in SENTENCES and not is_technical(each)) == []
    assert TECHNICAL.isdisjoint(SENTENCES)


def test_every_answer_that_a_person_can_give_is_told() -> None:
    assert set(ANSWERS) == set(WorkItemKind)
    for kind, model in OF_KIND.items():
        outcomes = model.model_fields["outcome"].annotation
        possible = {str(each) for each in (get_args(outcomes) or outcomes)}  # type: ignore[union-attr]
        assert set(ANSWERS[kind]) == possible, kind


@pytest.mark.parametrize("action", SENTENCES)
def test_a_sentence_is_one_whatever_is_told_with_it(action: str) -> None:
    new: dict[str, Any] = dict.fromkeys(("stage", "kind", "reason", "business_status", "outcome"), "new_one")
    varied: tuple[dict[str, Any], ...] = ({}, {**new, "lines": {}, "gates": ["new"], "items": ["new"]})
    for details in varied:
        text = told(action, **details)
        assert text is None or (text[0].isupper() and text.endswith(".") and "_" not in text), text


@pytest.mark.parametrize(
    ("action", "details", "text"),
    [
        (
            "authorization.lines",
            {"by": "payer", "lines": {"1": "approved", "2": "pended"}},
            "The payer approved the drug line until Dec 31, 2026. The payer has not decided the per diem line yet.",
        ),
        ("authorization.lines", {"by": "staff", "lines": {"1": "approved"}}, None),
        ("authorization.lines", {"by": "payer", "lines": {"1": "denied"}}, "The payer denied the drug line."),
        (
            "work_item.resolved",
            {"kind": "assess_patient", "outcome": "suitable_for_home"},
            "The pharmacist found the patient suitable for home.",
        ),
        (
            "held",
            {"reason": "hospitalized", "until": "2026-12-01T15:00:00Z"},
            "The referral was put on hold until Dec 1, 9:00 AM CST: in hospital.",
        ),
        ("authorization.voided", {"lines": [1, 2]}, "Nothing more is asked for the drug and per diem lines."),
        ("stage", {"stage": "scheduled"}, "It moved on: scheduled."),
        ("source.told", {"business_status": "3.0"}, "The referral source was told: accepted."),
        ("dispatch.blocked", {"gates": ["kit"]}, "The visit cannot take place yet. Not there: the anaphylaxis kit."),
        ("work_item.claimed", {}, None),
        ("payer_contact.attempted", {}, None),
        ("something.new_here", {}, "Something: new here."),
    ],
)
def test_what_a_sentence_says(action: str, details: dict[str, Any], text: str | None) -> None:
    assert told(action, **details) == text


def test_what_somebody_wrote_stands_below_a_sentence_that_says_who() -> None:
    entry = TimelineEntry(at=NOW, what="message.received", actor="staff:rosa", note="She prefers mornings")
    (day,) = story_of([entry], LINES, ZONE, NOW).days
    assert day.sentences == ((NOW, "A note was written.", "rosa", "She prefers mornings"),)


def test_days_are_those_of_the_zone_the_newest_first_and_the_oldest_are_counted() -> None:
    # 11:30 PM and 12:30 AM in Chicago.
    times = [datetime(2026, 11, 28, 5, 30, tzinfo=UTC) + each * timedelta(hours=1) for each in range(2)]
    entries = [TimelineEntry(at=at, what="referral.opened", actor="system") for at in times]
    story = story_of(entries, LINES, ZONE, NOW)
    assert [day.day for day in story.days] == [date(2026, 11, 28), date(2026, 11, 27)]
    assert [one.by for day in story.days for one in day.sentences] == [None, None]
    many = story_of(entries * 60, LINES, ZONE, NOW)
    assert many.next_skip == MOST_TOLD
    assert story_of(entries * 60, LINES, ZONE, NOW, skip=MOST_TOLD).next_skip is None


def test_long_notes_are_told_on_further_pages() -> None:
    entries = [TimelineEntry(at=NOW, what="message.received", actor="staff:a", note="n" * 4000) for _ in range(20)]
    seen, skip = 0, 0
    while True:
        story = story_of(entries, LINES, ZONE, NOW, skip=skip)
        notes = [one.note or "" for day in story.days for one in day.sentences]
        assert sum(map(len, notes)) <= LONGEST
        seen += len(notes)
        if story.next_skip is None:
            break
        skip = story.next_skip
    assert seen == len(entries)
