"""Which stories are recorded, and how: `python -m tests.replay.recording` writes them anew after a wanted change.

A referral that runs when a new version is deployed has a history like these, so they must replay. The histories are
sealed with the tests' key and hold nobody's data.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.process import one_shot
from firstdose.domain.authorization import LineState
from firstdose.domain.work_item import WorkItemKind as K
from tests.process.outside import APPROVED, DENIED, OUTLINE, PENDED, WANTS_NOTES, Outside, said, says
from tests.process.server import time_skipping
from tests.process.story import USUAL, Script, ServerStuck, Story, placed, visit_at

HISTORIES = Path(__file__).parent / "histories"
KEYRING = Keyring({"replay": bytes(range(32))})

STORIES: dict[str, Callable[[], tuple[Outside, Script]]] = {
    "approved_at_once": lambda: (Outside(), {}),
    "pended_then_approved": lambda: (Outside(submissions=[PENDED], decisions=[(timedelta(days=3), APPROVED)]), {}),
    "information_requested": lambda: (
        Outside(submissions=[WANTS_NOTES], decisions=[(timedelta(days=1), APPROVED)]),
        {K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent", "documents": ["clinical_note"]}]},
    ),
    "denied_appealed_approved": lambda: (
        Outside(submissions=[DENIED, APPROVED]),
        {K.REVIEW_DECISION: [{"outcome": "appeal"}], K.APPEAL: [{"outcome": "file"}]},
    ),
    "denied_and_closed": lambda: (
        Outside(submissions=[DENIED]),
        {K.REVIEW_DECISION: [{"outcome": "give_up"}], K.FIND_ASSISTANCE: [{"outcome": "none"}]},
    ),
    "one_line_appealed_while_another_is_pended": lambda: (
        Outside(
            submissions=[
                said(LineState.PENDED, LineState.DENIED, LineState.APPROVED),
                says(LineState.APPROVED, lines=[2]),
            ],
            decisions=[(timedelta(days=3), said(LineState.APPROVED, LineState.DENIED, LineState.APPROVED))],
        ),
        {K.REVIEW_DECISION: [{"outcome": "appeal"}], K.APPEAL: [{"outcome": "file"}], K.FIND_ASSISTANCE: [None]},
    ),
    "unreachable": lambda: (Outside(), {K.CONTACT_PATIENT: [{"outcome": "no_answer"}]}),
    "suite_instead_of_home": lambda: (
        Outside(),
        {K.ASSESS_PATIENT: [{"outcome": "suitable_for_suite"}], K.PLACE_VISIT: [placed]},
    ),
    "second_nurse": lambda: (Outside(), {K.CONFIRM_VISIT: [{"outcome": "declined"}, visit_at]}),
    "visit_missed": lambda: (Outside(), {K.REPORT_VISIT: [{"outcome": "missed"}, USUAL[K.REPORT_VISIT]]}),
    "benefits_check_only": lambda: (
        Outside(outline=OUTLINE.model_copy(update={"benefits_check_only": True})),
        {},
    ),
}


async def record() -> int:
    for name in STORIES:
        while not await _recorded(name):
            print(f"{name}: once more")
    return 0


async def _recorded(name: str) -> bool:
    outside, script = STORIES[name]()
    async with time_skipping(KEYRING) as env, Story(env, outside, script, referral_id=f"replay-{name}") as story:
        try:
            await story.ends()
        except ServerStuck:
            return False
        (HISTORIES / f"{name}.json").write_text((await story.handle.fetch_history()).to_json())
        return True


if __name__ == "__main__":
    one_shot(record())
