"""Builds of the workers in Temporal: which one gets the work, and making another one the one that does.

Temporal gives a build no task, however many of its workers ask, until the build is the deployment's current one.
"""

import asyncio
from typing import Final

from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.enums.v1 import RoutingConfigUpdateState
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest, SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

DEPLOYMENT: Final = "firstdose"
"""The name of the deployment; its versions are the builds."""

_SPREADING: Final = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS
_LOOK_EVERY_S: Final = 0.2


async def current_build(client: Client) -> str | None:
    """The build that gets the work; None where workers without a build do."""
    try:
        described = await _described(client)
    except RPCError as error:
        # An older server knows no deployments, and a new one none of ours.
        if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.UNIMPLEMENTED):
            raise
        return None
    return described.routing_config.current_deployment_version.build_id or None


async def give_work_to(client: Client, build_id: str) -> None:
    """Make this build the current one: it then gets every task, also of referrals that other builds began.

    Returns when each task queue knows.
    """
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build_id, identity=client.identity
    )
    await client.workflow_service.set_worker_deployment_current_version(request)
    while True:
        if (await _described(client)).routing_config_update_state != _SPREADING:
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def _described(client: Client) -> WorkerDeploymentInfo:
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    return (await client.workflow_service.describe_worker_deployment(request)).worker_deployment_info
