"""Every timeout and retry of the process, named, in one place."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from workflows.messages import OUTREACH_QUEUE, PAYERS_QUEUE, REFERRALS_QUEUE

HEARTBEAT = timedelta(seconds=10)
"""Without a heartbeat for so long a call to a payer counts as lost with its worker, and is retried."""

_PATIENT = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(minutes=1))
"""For calls that succeed as soon as a dependency is up again."""

RECORD_LOCALLY = LocalActivityConfig(
    start_to_close_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=3),
)
"""The journal, within the workflow task: it ends before the task times out (8 s of 10).

The activity itself ends an attempt after 1.5 s, and attempts are limited: the SDK was seen not to keep to the timeouts
of local activities.
"""

OPEN_LOCALLY = RECORD_LOCALLY
"""The first read of the store, before anything is recorded."""

RECORD = ActivityConfig(
    task_queue=REFERRALS_QUEUE,
    start_to_close_timeout=timedelta(seconds=10),
    retry_policy=_PATIENT,
)
"""The journal while the store is down: nothing continues without it, so it is retried without an end."""

STORE = ActivityConfig(
    task_queue=REFERRALS_QUEUE,
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(days=30),
    retry_policy=_PATIENT,
)
"""Calls that need only our own store: retried for as long as an outage could last."""

STORED = ActivityConfig(
    task_queue=PAYERS_QUEUE,
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(days=30),
    retry_policy=_PATIENT,
)
"""Calls on the payers' queue that need only our own store."""

OUTREACH = ActivityConfig(
    task_queue=OUTREACH_QUEUE,
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(hours=24),
    retry_policy=_PATIENT,
)

WAIT_FOR_DECISION = ActivityConfig(
    task_queue=PAYERS_QUEUE,
    start_to_close_timeout=timedelta(minutes=2),
    heartbeat_timeout=HEARTBEAT,
    schedule_to_close_timeout=timedelta(days=400),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=5), backoff_coefficient=4, maximum_interval=timedelta(hours=6)
    ),
)
"""One activity waits for weeks. The policy sets how often it inquires; the back-off is for a payer that is down."""


def payer(keep_trying: timedelta) -> ActivityConfig:
    """A call to a payer, retried for the time in the policy."""
    return ActivityConfig(
        task_queue=PAYERS_QUEUE,
        start_to_close_timeout=timedelta(minutes=2),
        heartbeat_timeout=HEARTBEAT,
        schedule_to_close_timeout=keep_trying,
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=10)),
    )
