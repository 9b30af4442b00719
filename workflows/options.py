"""Every timeout and retry of the process, named, in one place."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from workflows.messages import OUTREACH_QUEUE, PAYERS_QUEUE, REFERRALS_QUEUE

HEARTBEAT = timedelta(seconds=10)
"""A call to a payer that has not been heard of for so long died with its worker, and is made again."""

_PATIENT = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(minutes=1))
"""For what will succeed as soon as something is up again."""

RECORD_LOCALLY = LocalActivityConfig(
    start_to_close_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=3),
)
"""The journal, within the workflow task: over before the task must give a sign of life (8 s of 10).

The activity itself ends an attempt after 1.5 s, and attempts are counted: the SDK was seen not to keep to the time-outs
of local activities.
"""

OPEN_LOCALLY = RECORD_LOCALLY
"""The first look at the store, before anything is recorded."""

RECORD = ActivityConfig(
    task_queue=REFERRALS_QUEUE,
    start_to_close_timeout=timedelta(seconds=10),
    retry_policy=_PATIENT,
)
"""The journal while the store is away: nothing goes on without it, so it is tried until an operator has mended it."""

STORE = ActivityConfig(
    task_queue=REFERRALS_QUEUE,
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(days=30),
    retry_policy=_PATIENT,
)
"""What needs our own store alone: tried for as long as an outage could last."""

STORED = ActivityConfig(
    task_queue=PAYERS_QUEUE,
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(days=30),
    retry_policy=_PATIENT,
)
"""What is asked of the payers' queue and needs our own store alone."""

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
"""One activity waits for weeks. The policy says how often it inquires; the back-off is for a payer that is down."""


def payer(keep_trying: timedelta) -> ActivityConfig:
    """Electronic contact with a payer, for as long as the policy says."""
    return ActivityConfig(
        task_queue=PAYERS_QUEUE,
        start_to_close_timeout=timedelta(minutes=2),
        heartbeat_timeout=HEARTBEAT,
        schedule_to_close_timeout=keep_trying,
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=10)),
    )
