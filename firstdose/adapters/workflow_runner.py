"""Runs workflows so that the order of their commands does not depend on how Temporal groups events (decision 23).

A worker without the workflow in memory can get a result and an update in one activation, which the SDK applies in the
other order than a replay. Here results and timers take their full effect first, then signals and updates, as on replay.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import WorkflowSerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy


class _Turn(IntEnum):
    """When a job is applied. The result of a local activity belongs to an earlier workflow task than all others."""

    FIRST = 0
    RESULTS = 1
    MESSAGES = 2


class ResultsFirst(WorkflowRunner):
    """Wraps another runner."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Instance(self._runner.create_instance(det))

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._runner.set_worker_level_failure_exception_types(types)


class _Instance(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance
        info = instance.get_info()
        self._context = WorkflowSerializationContext(namespace=info.namespace, workflow_id=info.workflow_id)

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        groups = [jobs for turn in _Turn if (jobs := [job for job in act.jobs if _turn_of(job) is turn])]
        if len(groups) < 2:
            return self._instance.activate(act)
        completion = self._instance.activate(_with_jobs(act, groups[0]))
        for jobs in groups[1:]:
            if completion.HasField("failed"):
                break
            completion = _joined(completion, self._instance.activate(_with_jobs(act, jobs)))
        return completion

    def get_serialization_context(self, command_info: Any) -> Any:
        # The codec binds to the id alone. Asked in the sandbox, for each payload, it was a quarter of the work.
        return self._context

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()


def _turn_of(job: WorkflowActivationJob) -> _Turn:
    match job.WhichOneof("variant"):
        case "signal_workflow" | "do_update":
            return _Turn.MESSAGES
        case "resolve_activity" if not job.resolve_activity.is_local:
            return _Turn.RESULTS
        case "fire_timer" | "cancel_workflow":
            return _Turn.RESULTS
        case _:
            return _Turn.FIRST


def _with_jobs(act: WorkflowActivation, jobs: Sequence[Any]) -> WorkflowActivation:
    part = WorkflowActivation()
    part.CopyFrom(act)
    del part.jobs[:]
    part.jobs.extend(jobs)
    return part


def _joined(first: WorkflowActivationCompletion, then: WorkflowActivationCompletion) -> WorkflowActivationCompletion:
    """The commands of both, in this order."""
    if then.HasField("failed"):
        return then
    commands = [*first.successful.commands, *then.successful.commands]
    flags = {*first.successful.used_internal_flags, *then.successful.used_internal_flags}
    del then.successful.commands[:], then.successful.used_internal_flags[:]
    then.successful.commands.extend(commands)
    then.successful.used_internal_flags.extend(sorted(flags))
    return then


REFERRAL_RUNNER: Final = ResultsFirst(
    SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_import_notification_policy(
            SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
            | SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )
)
"""The default sandbox, for workers and replays: an import into a workflow that nobody decided on stops the start."""
