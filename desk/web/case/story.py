"""The story of a case: what happened, as sentences by day; what only a technician needs stays out of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate, groupby
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from desk.web.case.people import who
from desk.web.case.story_sentences import SENTENCES, is_technical
from desk.web.case.story_told import ToldAction
from desk.web.times import time_text
from firstdose.adapters.postgres.referrals.views import LineView, TimelineEntry
from firstdose.domain.work.role import SYSTEM


class Sentence(NamedTuple):
    """`by` is who did it, if it was not the system; `note` is what a person wrote, or a payer said: PHI."""

    at: datetime
    text: str
    by: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class StoryDay:
    day: date
    sentences: tuple[Sentence, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CaseStory:
    """The newest day first, and in it what was last first. `next_skip` leads to what is older, if anything is."""

    days: tuple[StoryDay, ...]
    next_skip: int | None = None


MOST_TOLD: Final = 80
"""Sentences on a page."""
LONGEST: Final = 25_000
"""Characters of all sentences and notes on a page, unless a single one is longer."""


def story_of(
    timeline: Iterable[TimelineEntry],
    lines: Iterable[LineView],
    zone: ZoneInfo,
    now: datetime,
    *,
    skip: int = 0,
) -> CaseStory:
    """In the zone's days, without the newest `skip` sentences. `lines` as they stand name the services."""
    by_number = {line.sequence: line for line in lines}

    def moment(at: str | datetime) -> str:
        return time_text(datetime.fromisoformat(at) if isinstance(at, str) else at, zone, now)

    told = [one for entry in timeline if (one := _sentence(entry, by_number, moment))][::-1][skip:]
    shown = told[: _fitting(told)]
    days = groupby(shown, key=lambda one: one.at.astimezone(zone).date())
    return CaseStory(
        days=tuple(StoryDay(day=day, sentences=tuple(each)) for day, each in days),
        next_skip=skip + len(shown) if len(shown) < len(told) else None,
    )


def _fitting(told: Sequence[Sentence]) -> int:
    """How many of them a page takes: at least one."""
    lengths = accumulate(len(one.text) + len(one.note or "") for one in told[:MOST_TOLD])
    return max(1, sum(length <= LONGEST for length in lengths))


def _sentence(
    entry: TimelineEntry, lines: Mapping[int, LineView], moment: Callable[[str | datetime], str]
) -> Sentence | None:
    if is_technical(entry.what) and not entry.note:
        return None
    say = SENTENCES.get(entry.what)
    text = say(ToldAction(entry.details, lines, moment)) if say else _unknown(entry)
    if text is None:
        return None
    by = None if entry.actor == SYSTEM.label else who(entry.actor)
    return Sentence(entry.at, text, by, entry.note or _words_of(entry.details))


def _unknown(entry: TimelineEntry) -> str | None:
    """An action of another version, or a message whose sender wrote something."""
    if entry.note:
        return "A note was written."
    return f"{entry.what.replace('_', ' ').replace('.', ': ').capitalize()}."


def _words_of(details: Mapping[str, Any]) -> str | None:
    """The texts that a payer sent with its answer."""
    remarks = details.get("remarks") or ()
    texts = [str(one["text"]) for one in remarks if isinstance(one, Mapping) and one.get("text")]
    return "\n".join(texts) or None
