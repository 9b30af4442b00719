"""A wait for a time is in the state that the process records when it begins, so that people are shown it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio.testing import WorkflowEnvironment

from desk.web.case.timers import Timer, timers
from firstdose.domain.policy import PatientContact, Policy
from firstdose.domain.work.journal import Batch, Recorded
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import AGELESS, Outside
from tests.process.story import Answer, Story
from workflows.mechanism.state import ReferralState
from workflows.messages import ReferralStart

APART = timedelta(days=2)


@dataclass
class Watched(Outside):
    """Keeps what the page would have shown after each batch."""

    shown: list[tuple[datetime, tuple[Timer, ...]]] = field(default_factory=list)

    async def record(self, batch: Batch) -> Recorded:
        recorded = await super().record(batch)
        if batch.entries and batch.state:
            at = batch.entries[-1].at
            state = ReferralState.at_start(ReferralStart(referral_id="one", source="mercy", state=batch.state))
            self.shown.append((at, timers(state, at)))
        return recorded

    def told(self, what: str) -> list[tuple[datetime, datetime]]:
        """When it was shown first, and until when it said."""
        return [(at, timer.until) for at, shown in self.shown for timer in shown if timer.what == what]


def later(_: WorkItem, now: datetime) -> dict[str, str]:
    return {"outcome": "later", "available_from": (now + timedelta(days=1)).isoformat()}


async def test_each_wait_is_recorded_as_it_begins(env: WorkflowEnvironment) -> None:
    outside = Watched(policy=Policy(contact=PatientContact(apart=APART), ages=AGELESS), stock=[False, True])
    script: Mapping[K, Sequence[Answer]] = {
        K.CONTACT_PATIENT: [{"outcome": "no_answer"}, {"outcome": "reached"}],
        K.SETTLE_ORDER: [{"outcome": "settled"}, later],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    called_again = story.asked(K.CONTACT_PATIENT)[1].opened_at
    at, until = outside.told("The next call to the patient")[0]
    assert until - at <= APART
    assert abs(called_again - until) < timedelta(minutes=1)
    asked_again = story.asked(K.SETTLE_ORDER)[1].opened_at
    at, until = outside.told("The drug, to be in stock again")[0]
    assert until - asked_again >= timedelta(days=1)
    assert until > at
    assert outside.told("The last look before the visit")
    assert outside.shown[-1][1] == ()
