"""Forms of decisions about the process itself: overrides, changes, and what the system could not do."""

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField, one_of, option
from desk.web.item_forms.item_form import only, outcome
from firstdose.domain.work.resolutions import ABOUT_DUPLICATES
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE


def approve_override(_asked: AskedItem) -> OutcomeField:
    return outcome(
        "Do you approve it?",
        option("approved", "Yes: therapy starts without the authorization"),
        option("refused", "No"),
    )


def review_change(_asked: AskedItem) -> OutcomeField:
    return outcome(
        "Does it still hold?",
        option("still_holds", "Yes, it holds as it is"),
        option("redo", "No: it is made anew, and what follows from it is undone"),
    )


def reconcile(asked: AskedItem) -> OutcomeField:
    """`duplicate` answers an item about a possible duplicate alone, `done` one about what can be done by hand."""
    ends = one_of("closing", "How does it end?", [each for each in Closing if each is not Closing.COMPLETED])
    made = outcome(
        "Are they the same referral?" if _is_about_duplicates(asked) else "How does it go on?",
        option("retry", "Try it again"),
        option("done", "It is done: I saw to it by hand"),
        option("close", "Close the referral", ends),
        option("duplicate", "Yes: this one is a duplicate and is closed"),
        option("not_duplicate", "No: they are two, and both go on"),
    )
    possible = ABOUT_DUPLICATES if _is_about_duplicates(asked) else ("retry", "close")
    by_hand = ("done",) if asked.asks.get("by_hand") else ()
    return only(made, (*possible, *by_hand))


def _is_about_duplicates(asked: AskedItem) -> bool:
    return asked.asks.get("reason") == POSSIBLE_DUPLICATE
