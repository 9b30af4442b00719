"""What a day of waiting for the payer adds to a history: nothing. A story of a day against one of thirty."""

from datetime import timedelta

from bench.figures import Report
from bench.history import weigh
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization import Submission
from firstdose.ports import AuthorizationRequest
from tests.process.outside import APPROVED, PENDED, Outside
from tests.process.server import time_skipping
from tests.process.story import Story

_SHORT, _LONG = 1, 30


class UnhurriedPayer(Outside):
    """No clock runs out while it decides, so that nobody is asked to follow up."""

    async def submit(self, request: AuthorizationRequest) -> Submission:
        submission = await super().submit(request)
        due_at = submission.clock.due_at + timedelta(days=365)
        return submission.model_copy(update={"clock": submission.clock.model_copy(update={"due_at": due_at})})


async def measure(*, quick: bool) -> Report:
    """Simulated days on the time-skipping server; `after_the_clock` is a payer who is late by its own rule."""
    del quick
    short, long = await _story(UnhurriedPayer, _SHORT), await _story(UnhurriedPayer, _LONG)
    late = await _story(Outside, _LONG)
    days = _LONG - _SHORT
    return {
        f"after_{_SHORT}_day": short,
        f"after_{_LONG}_days": long,
        "events_per_waiting_day": (long["events"] - short["events"]) / days,
        "inquiries_per_waiting_day": (long["inquiries"] - short["inquiries"]) / days,
        f"after_{_LONG}_days_with_the_rule_of_fifteen": late,
    }


async def _story(payer: type[Outside], days: int) -> Report:
    outside = payer(submissions=[PENDED], decisions=[(timedelta(days=days), APPROVED)])
    async with time_skipping(Keyring({"k1": bytes(range(32))})) as environment, Story(environment, outside) as story:
        await story.ends()
        weight = await weigh(story.handle)
    return {"events": weight["events"], "bytes": weight["bytes"], "inquiries": outside.inquiries}
