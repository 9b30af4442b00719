"""How somebody changes facts in a story, and what has become of the results by then."""

from typing import Any

from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Noted, Resolved
from firstdose.domain.work.role import SOURCE, Actor
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.story import Story
from workflows.messages import AmendRequest
from workflows.referral import ReferralWorkflow

PREPARED = {K.CONTACT_PATIENT, K.ASSESS_PATIENT, K.REVIEW_BENEFITS, K.PREPARE_THERAPY}


async def is_ready_for_the_visit(story: Story) -> None:
    """Every result is settled, and the day of the visit is waited for."""
    await story.until(lambda: resolved(story) >= PREPARED and story.outside.standing.visit_at is not None)


def resolved(story: Story) -> set[K | None]:
    return {entry.kind for entry in story.outside.entries if isinstance(entry, Resolved)}


async def change(
    story: Story,
    *changes: Change,
    by: Actor = SOURCE,
    groups: tuple[FactGroup, ...] | None = None,
    number: int = 1,
    **outline: Any,
) -> None:
    """A new version that changes these facts, and the outline so. The source may change facts of all `groups`."""
    message = f"00000000-0000-4000-8000-{number:012d}"
    outside = story.outside
    outside.outline = outside.outline.model_copy(update=outline)
    outside.changes, outside.supplied[message] = frozenset(changes), outside.outline
    await story.steer(ReferralWorkflow.amend, AmendRequest(actor=by, message_id=message, groups=groups))


def stale(story: Story, then: str) -> list[str]:
    """The results that were to be `made_anew` or `reviewed`, in turn."""
    notes = [entry for entry in story.outside.entries if isinstance(entry, Noted) and entry.action == "result.stale"]
    return [note.details["result"] for note in notes if note.details["then"] == then]


def reviews(story: Story, result: SettledResult) -> list[WorkItem]:
    """The items that asked to look at it again."""
    return [item for item in story.asked(K.REVIEW_CHANGE) if item.asks["result"] == result]
