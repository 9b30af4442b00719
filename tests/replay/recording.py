"""Which stories are recorded, and how: `python -m tests.replay.recording` writes the unreleased ones anew.

With a release, as in `… 0.2.0`, it records that one once for all (docs/changing-the-process.md). A referral that runs
at a deployment has a history and a state like these. They hold nobody's data; histories are sealed with the tests' key.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.process import one_shot
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.journal import Batch, Recorded
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Impossible
from tests.process.outside import APPROVED, DENIED, OUTLINE, PENDED, WANTS_NOTES, Outside, said, says
from tests.process.server import time_skipping
from tests.process.story import USUAL, Script, ServerStuck, Story, placed, visit_at

HERE = Path(__file__).parent
HISTORIES, STATES = HERE / "histories", HERE / "states"
UNRELEASED = "unreleased"
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
        {
            K.REVIEW_DECISION: [{"outcome": "give_up"}],
            K.FIND_ASSISTANCE: [{"outcome": "none"}],
            K.RESOLVE_COVERAGE: [{"outcome": "close"}],
        },
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
    "declined_and_voided_by_people": lambda: (
        Outside(plan=Plan(payer="acme", eligibility=Channel.PAS, phone="555-0100")),
        {
            K.SUBMIT_AUTHORIZATION: [
                {"outcome": "answered", "lines": [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]}
            ],
            K.REVIEW_BENEFITS: [{"outcome": "declined"}],
            K.VOID_AUTHORIZATION: [{"outcome": "voided", "reference": "C1", "told_by": "P1"}],
        },
    ),
    "declined_and_cancellation_not_confirmed": lambda: (
        Outside(voiding=[Impossible(ProblemCode.CANCELLATION_NOT_CONFIRMED)]),
        {K.REVIEW_BENEFITS: [{"outcome": "declined"}], K.VOID_AUTHORIZATION: [{"outcome": "not_needed"}]},
    ),
    "benefits_check_only": lambda: (
        Outside(outline=OUTLINE.model_copy(update={"benefits_check_only": True})),
        {},
    ),
}


@dataclass
class Recorder(Outside):
    """Keeps each state that the referral tells of itself."""

    states: list[str] = field(default_factory=list)

    async def record(self, batch: Batch) -> Recorded:
        self.states.append(batch.state)
        return await super().record(batch)


async def record(release: str) -> int:
    if release != UNRELEASED and (HISTORIES / release).exists():
        print(f"{release} is recorded: it stays as it is", file=sys.stderr)
        return 1
    for folder in (HISTORIES, STATES):
        (folder / release).mkdir(parents=True, exist_ok=True)
    for name in STORIES:
        while not await _recorded(name, release):
            print(f"{name}: once more")
    return 0


async def _recorded(name: str, release: str) -> bool:
    """The whole history, and the fullest of the states."""
    plain, script = STORIES[name]()
    outside = Recorder(**{each.name: getattr(plain, each.name) for each in fields(Outside)})
    async with time_skipping(KEYRING) as env, Story(env, outside, script, referral_id=f"replay-{name}") as story:
        try:
            await story.ends()
        except ServerStuck:
            return False
        (HISTORIES / release / f"{name}.json").write_text((await story.handle.fetch_history()).to_json())
    state = json.loads(max(outside.states, key=len))
    (STATES / release / f"{name}.json").write_text(json.dumps(state, indent=1, sort_keys=True) + "\n")
    return True


if __name__ == "__main__":
    one_shot(record(*sys.argv[1:] or [UNRELEASED]))
