"""Synthetic referrals of one kind: complete, payable, and sent to a payer that answers electronically."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from temporalio.client import WorkflowHandle

from bench.stage import BenchServers
from desk.intake.parse import parse
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.intake import Intake, WebhookDelivery
from firstdose.domain.referral.today import latest_today
from firstdose.domain.work.stage import Closing
from local.state import SOURCE
from simulator.referrals import make_referral
from simulator.scenario import load_scenarios
from workflows.messages import REFERRALS_QUEUE, ReferralStart, workflow_id
from workflows.referral import ReferralWorkflow

PAYER = "union-works-plan"
APPROVED = "approved"
PENDED = "pended_three_days"

_numbers = count(1)
_JSON = "application/json"
_HISTORY = "Synthetic history of a made-up patient; nobody is described here. " * 20
"""Makes the message as long as a usual one, about 3 KB."""


def bodies(scenario: str = APPROVED) -> Iterator[bytes]:
    """`referral.received` messages, each about another referral."""
    while True:
        data = make_referral(load_scenarios()[scenario], next(_numbers), run="BENCH")
        payer = {"id": PAYER, "name": "Union Works Plan (simulated)"}
        data["coverages"][0] |= {"payer": payer, "line_of_business": "employer"}
        data["urgency"] = "routine"
        data["patient"]["history"] = _HISTORY
        yield json.dumps({"type": "referral.received", "data": data}).encode()


async def receive(stage: BenchServers, pool: Pool, number: int, scenario: str = APPROVED) -> list[str]:
    """Take in so many referrals, without their workflows; their ids."""
    intake = Intake(pool, Vault(stage.keyring), AuditTrail(stage.keyring))
    now, ids = datetime.now(UTC), []
    for body, _ in zip(bodies(scenario), range(number), strict=False):
        message = parse(_JSON, body, today=latest_today(now))
        receipt = await intake.accept(WebhookDelivery(SOURCE, message.source_referral_id, body, message, now))
        ids.append(receipt.referral_id)
    return ids


async def start(stage: BenchServers, referral_id: str) -> WorkflowHandle[Any, Closing]:
    """As the desk's relay starts it."""
    return await stage.client.start_workflow(
        ReferralWorkflow.run,
        ReferralStart(referral_id=referral_id, source=SOURCE),
        id=workflow_id(referral_id),
        task_queue=REFERRALS_QUEUE,
        static_summary=f"referral from {SOURCE}",
    )
