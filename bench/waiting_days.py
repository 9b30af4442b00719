"""What a day of waiting for the payer adds to a history: nothing. Stories of three and thirty days, in skipped time."""

from datetime import timedelta

from temporalio.api.history.v1 import HistoryEvent
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from bench.figures import Report, rounded
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.lines import Submission
from firstdose.ports import AuthorizationRequest
from tests.process.outside import APPROVED, PENDED, Outside
from tests.process.server import time_skipping
from tests.process.story import Story

_SHORT, _LONG = 3, 30
_WAIT = "await_decision"
_ASIDE = timedelta(hours=1)
"""What happens this close to the beginning and the end of the wait belongs to those."""
_ONLY_ERRORS = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))


class UnhurriedPayer(Outside):
    """No clock runs out while it decides, so that nobody is asked to follow up."""

    async def submit(self, request: AuthorizationRequest) -> Submission:
        submission = await super().submit(request)
        if submission.clock is None:
            raise LookupError("no rule gives this payer a time")
        due_at = submission.clock.due_at + timedelta(days=365)
        return submission.model_copy(update={"clock": submission.clock.model_copy(update={"due_at": due_at})})


async def measure(*, quick: bool) -> Report:
    """`with_the_clock` is a payer who is late by its own rule, of fifteen days: people follow up, and it escalates."""
    del quick
    # Without one of its own the SDK would write its warnings among our JSON.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=_ONLY_ERRORS)), error_if_already_set=False)
    short, long = await _story(UnhurriedPayer, _SHORT), await _story(UnhurriedPayer, _LONG)
    more = long["events_while_waiting"] - short["events_while_waiting"]
    return {
        f"after_{_SHORT}_days": short,
        f"after_{_LONG}_days": long,
        "events_per_waiting_day": rounded(more / (_LONG - _SHORT)),
        f"after_{_LONG}_days_with_the_clock": await _story(Outside, _LONG),
    }


async def _story(payer: type[Outside], days: int) -> Report:
    outside = payer(submissions=[PENDED], decisions=[(timedelta(days=days), APPROVED)])
    async with time_skipping(Keyring({"k1": bytes(range(32))})) as environment, Story(environment, outside) as story:
        await story.ends()
        events = [event async for event in story.handle.fetch_history_events()]
    return {
        "events": len(events),
        "events_while_waiting": _while_waiting(events),
        "inquiries": outside.inquiries,
    }


def _while_waiting(events: list[HistoryEvent]) -> int:
    """Events between the beginning of the wait, one activity, and its end."""
    begun = next(
        event for event in events if event.activity_task_scheduled_event_attributes.activity_type.name == _WAIT
    )
    ended = next(
        event for event in events if event.activity_task_completed_event_attributes.scheduled_event_id == begun.event_id
    )
    since, until = (each.event_time.ToDatetime() for each in (begun, ended))
    return sum(since + _ASIDE < event.event_time.ToDatetime() < until - _ASIDE for event in events)
