"""A payer's notifications to the desk, and how soon each takes its referral a step on."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
from temporalio.client import WorkflowHandle

from bench.caller import call_all, request
from bench.referrals import APPROVED, PAYER
from bench.stage import BenchServers
from firstdose.adapters.payers.webhook_secret import webhook_secret
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.payers.contacts import PostgresContacts
from firstdose.adapters.postgres.pool import database
from simulator.payer_book import Asking, Filed, Subscribed
from simulator.payer_notice import notification
from workflows.messages import Status, workflow_id
from workflows.referral import ReferralWorkflow

Handle = WorkflowHandle[Any, Any]

_BETWEEN_LOOKS_S = 0.05


async def traces(stage: BenchServers, referral_ids: Sequence[str]) -> dict[str, str]:
    """The number under which the payer knows each referral's request."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        known = (await http.get(f"http://127.0.0.1:{stage.ports['payer']}/recorder")).json()["by_payer"][PAYER]
    async with database(stage.dsn) as pool:
        contacts = PostgresContacts(pool, Vault(stage.keyring), AuditTrail(stage.keyring))
        found = [await contacts.by_trace(PAYER, trace) for trace in known]
    return {each.referral_id: each.trace for each in found if each and each.referral_id in set(referral_ids)}


def contact_of(trace: str) -> str:
    """A contact's trace number is its id, shortened."""
    return str(UUID(trace))


async def tell(stage: BenchServers, requests: dict[str, str]) -> list[float]:
    """Notify the desk that the payer approved, one request after the other; the seconds until the next activity."""
    took = []
    for referral_id, trace in requests.items():
        handle = stage.client.get_workflow_handle(workflow_id(referral_id))
        status = await handle.query(ReferralWorkflow.status)
        message = _message(stage, trace, status)
        begun = datetime.now(UTC)
        await call_all(stage.ports["desk"], [message], at_once=1, expect=200)
        took.append((await next_activity(handle, begun) - begun).total_seconds())
    return took


def _message(stage: BenchServers, trace: str, status: Status) -> bytes:
    lines = tuple(Asking(sequence=each.sequence, code=each.code, units=each.units) for each in status.lines)
    filed = Filed(
        payer=PAYER,
        trace=trace,
        trace_system="urn:bench",
        scenario=APPROVED,
        lines=lines,
        answered_at=datetime.now(UTC),
    )
    subscription = Subscribed(id="bench", payer=PAYER, criteria="", endpoint="")
    proof = {"authorization": f"Bearer {webhook_secret(stage.keyring, PAYER)}", "content-type": "application/fhir+json"}
    return request(f"/webhooks/payers/{PAYER}/pas", proof, json.dumps(notification(subscription, filed)).encode())


async def next_activity(handle: Handle, since: datetime) -> datetime:
    """When the first activity after this moment was scheduled, by the server's clock, which is this machine's."""
    while True:
        async for event in handle.fetch_history_events():
            at = event.event_time.ToDatetime(tzinfo=UTC)
            if at > since and event.HasField("activity_task_scheduled_event_attributes"):
                return at
        await asyncio.sleep(_BETWEEN_LOOKS_S)
