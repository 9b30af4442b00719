"""Starting the workflow of a referral, for the first time or again."""

from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from workflows.messages import NUMBER, REFERRALS_QUEUE, WORKFLOW, ReferralStart, workflow_id

_RPC: Final = timedelta(seconds=10)
_DETAILS: Final = """One referral, from the source's webhook to the first infusion at home.

**Current Details** say where it stands: each line of the prior authorization, and the work items of people.
**Search Attributes** find referrals by number, stage, payer, therapy, who is waited for and what is due when.

Staff act at the desk. From here `resolve_work_item`, `hold`, `resume` and `cancel` can be sent as updates; `actor` is
`{"id": …, "roles": […]}`. Nothing here names the patient: the facts are sealed in PostgreSQL.
Write no note here, it stays in the history as it was typed: notes and facts belong to the desk.
"""


async def start_referral(
    client: Client, referral_id: str, source: str, number: str, *, state: str | None = None
) -> None:
    """Start the workflow, or find it running. With a `state` it goes on from there, or begins where that is empty.

    `number` is the one for people. Without a `state`, raises WorkflowAlreadyStartedError for one that has ended.
    Raises RPCError.
    """
    first_time = state is None
    reuse = WorkflowIDReusePolicy.REJECT_DUPLICATE if first_time else WorkflowIDReusePolicy.ALLOW_DUPLICATE
    await client.start_workflow(
        WORKFLOW,
        ReferralStart(referral_id=referral_id, source=source, state=state or ""),
        id=workflow_id(referral_id),
        task_queue=REFERRALS_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=reuse,
        static_summary=f"{number} · referral from {source}",
        search_attributes=TypedSearchAttributes([SearchAttributePair(NUMBER, number)]),
        static_details=_DETAILS,
        rpc_timeout=_RPC,
    )
