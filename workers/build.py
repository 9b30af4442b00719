"""The composition root: which workflow and activities run on which task queue. The only registration list."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Interceptor, Worker, WorkerDeploymentConfig

from activities.dispatch import DispatchActivities
from activities.outreach import OutreachActivities
from activities.payer import PayerActivities
from activities.pharmacy import PharmacyActivities
from activities.records import RecordActivities
from firstdose.adapters.worker_deployment import DEPLOYMENT
from firstdose.adapters.workflow_runner import REFERRAL_RUNNER
from workers.activity_calls import ActivityCalls
from workflows.messages import OUTREACH_QUEUE, PAYERS_QUEUE, QUEUES, REFERRALS_QUEUE
from workflows.referral import ReferralWorkflow

Activities = tuple[RecordActivities, PayerActivities, OutreachActivities, PharmacyActivities, DispatchActivities]
"""One of each class, in this order."""

_SHUTDOWN: Final = timedelta(seconds=20)
"""How long a stopping worker lets its activities finish; the container's grace period must be longer."""

_STICKY: Final = timedelta(seconds=1)
"""How long a workflow task waits for the worker that has the workflow cached: the delay after a worker is killed."""

_CACHED: Final = 1000
"""How many referrals a worker keeps in memory; one that it does not is replayed at its next task."""

_WORKFLOW_TASKS: Final = 100
"""Concurrently. A task mostly waits while its journal is recorded, so this is more than the processor needs."""

_LOCAL_ACTIVITIES: Final = _WORKFLOW_TASKS
"""Concurrently. A workflow task has one at a time (the journal), so none ever waits for a slot."""

_ACTIVITIES: Final = {REFERRALS_QUEUE: 32, PAYERS_QUEUE: 100, OUTREACH_QUEUE: 32}
"""Concurrently, by queue. Activities on our store are limited by its 16 connections (workers/wiring.py): two for each
keep them busy, more would wait within their time-out for what they may as well wait for in the queue. A request to a
payer mostly waits for the payer: ten slow payers hold all slots and no processor (`PayerEndpoint.at_once`).
"""


def referral_workers(
    client: Client,
    activities: Activities,
    queues: Sequence[str] = QUEUES,
    *,
    interceptors: Sequence[Interceptor] = (),
    build_id: str | None = None,
) -> list[Worker]:
    """A worker for each task queue: the workflow with its records, payers, and outreach.

    With a `build_id` they get work only while that build is the current one. `interceptors` see an activity's failures
    as Temporal does.
    """
    records, payer, outreach, pharmacy, dispatch = activities
    registered: dict[str, list[Callable[..., Any]]] = {
        REFERRALS_QUEUE: [
            records.open_referral,
            records.record,
            pharmacy.reserve_stock,
            pharmacy.return_stock,
            dispatch.find_nurses,
            dispatch.hold_visit,
            dispatch.release_visit,
        ],
        PAYERS_QUEUE: [
            payer.verify_benefits,
            payer.submit_authorization,
            payer.await_decision,
            payer.read_answer,
            payer.start_clock,
            payer.judge_clock,
            payer.send_documents,
            payer.void_authorization,
        ],
        OUTREACH_QUEUE: [outreach.tell],
    }
    return [
        Worker(
            client,
            task_queue=queue,
            workflows=[ReferralWorkflow] if queue == REFERRALS_QUEUE else [],
            activities=registered[queue],
            workflow_runner=REFERRAL_RUNNER,
            interceptors=[*interceptors, ActivityCalls()],
            deployment_config=_versioned(build_id) if build_id else None,
            max_cached_workflows=_CACHED,
            max_concurrent_workflow_tasks=_WORKFLOW_TASKS,
            max_concurrent_local_activities=_LOCAL_ACTIVITIES,
            max_concurrent_activities=_ACTIVITIES[queue],
            sticky_queue_schedule_to_start_timeout=_STICKY,
            graceful_shutdown_timeout=_SHUTDOWN,
        )
        for queue in queues
    ]


def _versioned(build_id: str) -> WorkerDeploymentConfig:
    """A referral goes on with whatever build is current (decision 25)."""
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(DEPLOYMENT, build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
