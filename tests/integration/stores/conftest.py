"""What tests of the stores share: a referral that came in by the front door, and a look for PHI in every table."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.intake import Intake, WebhookDelivery
from firstdose.domain.referral.paths import place
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.source_message import CancelReason

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_CANARY = "Zkanarivogel"
_numbers = count(1)

Refer = Callable[..., Awaitable[str]]
"""`await refer(**{"order.therapy": "iron"})`: the id of a new referral that differs in these facts."""


@dataclass(frozen=True)
class Said:
    """What a source says, as intake takes it."""

    source_referral_id: str
    referral: Referral | None
    reason: CancelReason | None = None
    note: str | None = None


def referral_data(**changes: object) -> dict[str, Any]:
    """A complete referral; whatever could identify the patient has the canary in it."""
    data: dict[str, Any] = {
        "source_referral_id": f"{_CANARY}-{next(_numbers)}",
        "patient": {
            "family_name": _CANARY,
            "given_name": f"{_CANARY}a",
            "birth_date": "1961-07-23",
            "phones": [f"555 {_CANARY}"],
            "email": f"{_CANARY}@example.org",
            "address": {"line": [f"1 {_CANARY} Street"], "city": _CANARY, "state": "OH", "postal_code": "44145"},
            "weight_kg": 70.5,
            "allergies": "none_known",
            "history": f"{_CANARY} history",
        },
        "coverages": [
            {
                "payer": {"id": "ACME.Health", "name": "Acme Health"},
                "line_of_business": "commercial",
                "member_id": f"{_CANARY}77",
            }
        ],
        "prescriber": {"npi": "1234567893", "name": f"Dr {_CANARY}"},
        "order": {
            "therapy": "anti_infective",
            "drug": {"name": "Ceftriaxone", "hcpcs": "J0696", "ndc": "00409-7332-01"},
            "dose": "2 g",
            "route": "IV",
            "frequency": "q24h",
            "duration_days": 14,
            "diagnoses": ["M86.9"],
        },
    }
    for path, value in changes.items():
        place(data, path, value)
    return data


@pytest.fixture
def outbox(vault: Vault, audit: AuditTrail) -> Outbox:
    return Outbox(vault, audit)


@pytest.fixture
def messages(pool: Pool, vault: Vault, audit: AuditTrail) -> Messages:
    return Messages(pool, vault, audit)


@pytest.fixture
def refer(intake: Intake) -> Refer:
    async def refer(**changes: object) -> str:
        referral = Referral.read(referral_data(**changes), today=date(2026, 3, 2))
        delivery = WebhookDelivery(
            source="mercy",
            webhook_id=f"msg_{next(_numbers)}",
            body=b"{}",
            message=Said(referral.source_referral_id, referral),
            received_at=AT,
        )
        return (await intake.accept(delivery)).referral_id

    return refer


@pytest.fixture
def in_the_clear(pool: Pool) -> Callable[[], Awaitable[list[str]]]:
    """The tables in which the canary can be read, as text or inside bytes."""

    async def look() -> list[str]:
        tables = [row[0] for row in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        found = []
        for table in tables:
            rows = "\n".join(row[0] for row in await pool.fetch(f"SELECT t::text FROM {table} AS t")).lower()  # noqa: S608
            if _CANARY.lower() in rows or _CANARY.encode().hex() in rows:
                found.append(table)
        return found

    return look


@pytest.fixture
def until_waiting(pool: Pool) -> Callable[..., Awaitable[None]]:
    """`await until_waiting(*tasks)`: each of them waits for a lock, or is done."""

    async def look(*tasks: asyncio.Task[Any]) -> None:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while await pool.fetchval(waiting) + sum(task.done() for task in tasks) < len(tasks):
            pass

    return look


@pytest.fixture
def actions(pool: Pool) -> Callable[[str], Awaitable[list[str]]]:
    """The actions in a referral's audit, in order."""

    async def read(referral_id: str) -> list[str]:
        rows = await pool.fetch("SELECT action FROM audit WHERE chain = $1 ORDER BY seq", referral_id)
        return [row["action"] for row in rows]

    return read
