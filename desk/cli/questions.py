"""How open questions about a referral's facts, and a possible duplicate, look on a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from desk.cli import display


def show_questions(questions: Iterable[Mapping[str, Any]]) -> None:
    """Nothing where nothing is open."""
    rows = [
        (one["path"], one["fact"], one["meaning"], "\n".join(one.get("values") or ()) or display.NOTHING)
        for one in questions
    ]
    if rows:
        display.heading("Questions")
        display.table(("FACT", "IN WORDS", "WHY IT IS ASKED", "THE MESSAGE SAYS"), rows, empty="")


def show_alike(referrals: Iterable[Mapping[str, Any]]) -> None:
    """Two referrals that may be the same order, this one first."""
    rows = [
        (
            one["referral_id"],
            one["source"],
            *(display.text_of(one.get(name)) for name in ("number", "stage", "drugs", "requested_start")),
            display.clock(one.get("received_at")),
        )
        for one in referrals
    ]
    if rows:
        display.heading("The same order?")
        display.table(("REFERRAL", "SOURCE", "NUMBER", "STAGE", "DRUGS", "START", "RECEIVED"), rows, empty="")
