"""How long the desk's views and searches take in a database full of open referrals."""

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from bench.figures import Report, spread
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.keys.vault import RecordSealer, Vault
from firstdose.adapters.postgres.migrate import migrate
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.adapters.postgres.referrals.referrals import Filters, ReferralReader
from firstdose.adapters.postgres.staff.work_list import WorkList
from firstdose.adapters.postgres.staff.work_views import WorkQuery, WorkSort, WorkView
from firstdose.domain.referral.facts import outline
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.role import Role
from local.postgres import EmbeddedPostgres
from simulator.referrals import make_referral
from simulator.scenario import load_scenarios

TARGET_MS = 50
_REFERRALS, _QUICK = 1_000_000, 20_000
_BATCH = 20_000
_PEOPLE, _PAYERS = 200, 800
_WAITING = ("payer", "patient", "system", "prescriber")
_WEIGHTS = (60, 30, 9, 1)
_KEYS = {"bench": bytes(32)}
_CHANCE = Random(7)  # noqa: S311  the same numbers in each run
_STAGES = ("verification", "authorization", "preparation", "scheduled")
_SORTED = (WorkView.START, WorkView.MINE, WorkView.ROLE, WorkView.ALL, WorkView.OVERDUE)
_THERAPIES = ("anti_infective", "iron", "chemotherapy")
_URGENCIES = ("routine", "urgent", "stat")
_ROLES = (Role.REIMBURSEMENT_SPECIALIST, Role.PHARMACIST, Role.CUSTOMER_SERVICE, Role.NURSE_COORDINATOR)


async def measure(*, quick: bool) -> Report:
    """Each view's first page of 50 and each search, one after the other, by a reader with two roles."""
    number = _QUICK if quick else _REFERRALS
    with tempfile.TemporaryDirectory(prefix="firstdose-bench-") as folder:
        async with EmbeddedPostgres(Path(folder) / "postgres") as postgres:
            await migrate(postgres.dsn)
            async with database(postgres.dsn, command_seconds=None) as pool:
                vault = Vault(Keyring(_KEYS))
                begun = perf_counter()
                known = await _fill(pool, vault, number)
                await pool.execute("ANALYZE")
                filled = perf_counter() - begun
                asked = await _measured(pool, vault, known, 20 if quick else 100)
    return {"target_ms": TARGET_MS, "open_referrals": number, "filled_s": round(filled), **asked}


async def _measured(pool: Pool, vault: Vault, known: list[str], times: int) -> Report:
    worklist, reader = WorkList(pool, vault), ReferralReader(pool, vault)
    query = WorkQuery(
        reader="user-7",
        roles=frozenset({Role.PHARMACIST, Role.REIMBURSEMENT_SPECIALIST}),
        day_ends=datetime.now(UTC) + timedelta(hours=8),
    )

    def view(of: WorkView, **more: Any) -> Callable[[], Awaitable[object]]:
        return lambda: worklist.page(query.model_copy(update={"view": of, **more}))

    def listed(**filters: Any) -> Callable[[], Awaitable[object]]:
        return lambda: reader.list(Filters.model_validate(filters))

    asked: dict[str, Callable[[], Awaitable[object]]] = {
        **{f"view {each}": view(each) for each in WorkView if each is not WorkView.WAITING},
        **{f"waiting for {who}": view(WorkView.WAITING, waiting_for=who) for who in _WAITING},
        **{f"view {of} by {sort}": view(of, sort=sort) for of in _SORTED for sort in WorkSort if sort != WorkSort.DUE},
        "view role, one payer": view(WorkView.ROLE, payer="payer-7"),
        "view role, a rare therapy": view(WorkView.ROLE, therapy="chemotherapy"),
        "view role, a therapy that nobody has": view(WorkView.ROLE, therapy="hydration"),
        "view role by urgency, one payer": view(WorkView.ROLE, payer="payer-7", sort=WorkSort.URGENCY),
        "counts": lambda: worklist.counts(query),
        "find an id's beginning": lambda: worklist.find(_CHANCE.choice(known)[:12]),
        "find a caller": lambda: worklist.find("Nobody 1980-01-31"),
        "list all": listed(),
        "list waiting for prescriber": listed(waiting_for="prescriber"),
        "list overdue of a payer": listed(payer="payer-7", overdue=True),
        "list an id's beginning": lambda: reader.list(Filters(q=_CHANCE.choice(known)[:8])),
        "one case": lambda: reader.get(_CHANCE.choice(known)),
    }
    return {name: spread([await _timed(ask) for _ in range(times)]) for name, ask in asked.items()}


async def _timed(ask: Callable[[], Awaitable[object]]) -> float:
    begun = perf_counter()
    await ask()
    return perf_counter() - begun


async def _fill(pool: Pool, vault: Vault, number: int) -> list[str]:
    """So many open referrals with one or two open items each; a thousand of their ids."""
    referral = Referral.model_validate(make_referral(load_scenarios()["approved"], 1, run="BENCH"))
    facts, shown = referral.model_dump(mode="json"), outline(referral).model_dump(mode="json")
    known: list[str] = []
    for _ in range(0, number, _BATCH):
        ids = [str(uuid4()) for _ in range(_BATCH)]
        known += ids[:20]
        await _copy(pool, "referrals", _referrals(ids, shown))
        await _copy(pool, "referral_keys", keys := list(_keys(ids)))
        await _copy(pool, "referral_revisions", _revisions(keys, facts, vault))
        await _copy(pool, "work_items", _items(ids))
    return known


async def _copy(pool: Pool, table: str, rows: Any) -> None:
    records = list(rows)
    names = list(records[0])
    await pool.copy_records_to_table(table, records=[tuple(row.values()) for row in records], columns=names)


def _referrals(ids: list[str], shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for one in ids:
        at = now - timedelta(minutes=_CHANCE.randrange(80_000))
        end = (now + timedelta(days=_CHANCE.randrange(10, 400))).date().isoformat()
        yield {
            "id": one,
            "referral_number": f"FD-{one}",
            "source": _CHANCE.choice(("mercy", "county", "lakeside")),
            "source_index": UUID(one).bytes,
            "outline": {
                **shown,
                "payer_id": f"payer-{_CHANCE.randrange(_PAYERS)}",
                "urgency": _CHANCE.choices(_URGENCIES, (90, 9, 1))[0],
                "therapy": _CHANCE.choices(_THERAPIES, (98.95, 1, 0.05))[0],
            },
            "on_hold": _CHANCE.random() < 0.05,
            "stage": _CHANCE.choice(_STAGES),
            "lines": [
                {"sequence": 1, "kind": "drug", "code": "J0696", "place_of_service": "12", "units": 112}
                | {"state": "approved", "valid_to": end}
            ],
            "waiting_for": _CHANCE.choices(_WAITING, _WEIGHTS),
            "next_due": at + timedelta(days=60),
            "created_at": at,
            "updated_at": at,
        }


def _keys(ids: list[str]) -> Iterator[dict[str, Any]]:
    keyring = Keyring(_KEYS)
    for one in ids:
        wrapped = keyring.wrap(keyring.new_data_key(), one)
        yield {"referral_id": one, "kek_id": wrapped.key_id, "wrapped": wrapped.sealed}


def _revisions(keys: list[dict[str, Any]], facts: dict[str, Any], vault: Vault) -> Iterator[dict[str, Any]]:
    for key in keys:
        one = key["referral_id"]
        sealer: RecordSealer = vault.sealer_of(one, key)
        sealed = sealer.seal(facts, table="referral_revisions", row=f"{one}/1", column="sealed")
        at = datetime.now(UTC)
        yield {"referral_id": one, "revision": 1, "sealed": sealed, "message_id": None, "created_at": at}


def _items(ids: list[str]) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for one in ids:
        for number in range(_CHANCE.randrange(1, 3)):
            taken = _CHANCE.random() < 0.5
            yield {
                "id": f"{one}-{number}",
                "referral_id": one,
                "kind": "assess_patient",
                "role": _CHANCE.choice(_ROLES),
                "state": "claimed" if taken else "open",
                "assignee": f"user-{_CHANCE.randrange(_PEOPLE)}" if taken else None,
                "opened_at": now,
                "due_at": now + timedelta(minutes=_CHANCE.randrange(-2_000, 40_000)),
            }
