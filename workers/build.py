"""The composition root: which workflow and activities run on which task queue. The only registration list."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from activities.dispatch import DispatchActivities
from activities.outreach import OutreachActivities
from activities.payer import PayerActivities
from activities.pharmacy import PharmacyActivities
from activities.records import RecordActivities
from workflows.messages import OUTREACH_QUEUE, PAYERS_QUEUE, QUEUES, REFERRALS_QUEUE
from workflows.referral import Referral

Activities = tuple[RecordActivities, PayerActivities, OutreachActivities, PharmacyActivities, DispatchActivities]
"""One of each class, in this order."""

_SANDBOX: Final = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_import_notification_policy(
        SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
        | SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    )
)
"""The default sandbox: an import into a workflow that nobody decided on stops the worker at its start."""

_SHUTDOWN: Final = timedelta(seconds=20)
"""How long a stopping worker lets its activities finish; the container's grace period must be longer."""

_STICKY: Final = timedelta(seconds=1)
"""How long a workflow task waits for the worker that knows the workflow: by this a killed worker delays referrals."""


_CACHED: Final = 1000
"""How many referrals a worker keeps in memory; one that it does not is replayed at its next task."""


def referral_workers(client: Client, activities: Activities, queues: Sequence[str] = QUEUES) -> list[Worker]:
    """A worker for each task queue: the workflow with its records, payers, and outreach."""
    records, payer, outreach, pharmacy, dispatch = activities
    registered: dict[str, list[Callable[..., Any]]] = {
        REFERRALS_QUEUE: [
            records.open_referral,
            records.resume_referral,
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
            workflows=[Referral] if queue == REFERRALS_QUEUE else [],
            activities=registered[queue],
            workflow_runner=_SANDBOX,
            max_cached_workflows=_CACHED,
            sticky_queue_schedule_to_start_timeout=_STICKY,
            graceful_shutdown_timeout=_SHUTDOWN,
        )
        for queue in queues
    ]
