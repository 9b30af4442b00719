"""The pharmacy's table of payers: read from its file, found however a source writes the payer."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from firstdose.adapters.postgres.invalidated_cache import InvalidatedCache
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.imports import ImportReport, RowProblem
from firstdose.domain.clock.clocks import Regime
from firstdose.domain.payer.channel import UNKNOWN_PLAN, Channel
from firstdose.domain.referral.referral import LineOfBusiness
from simulator.plans import made_up_plans

ACME: dict[str, Any] = {
    "id": "acme-health",
    "name": "Acme Health, Inc.",
    "regime": "medicare_advantage",
    "eligibility": "pas",
    "authorization": "pas",
    "base_url": "https://payer.example/fhir",
    "fax": "555-0100",
    "timeout": 12,
}


@pytest.fixture
def table(pool: Pool) -> PayerTable:
    return PayerTable(pool)


async def test_a_plan_is_found_by_id_and_by_name_in_any_spelling(table: PayerTable) -> None:
    assert await table.import_payers([ACME]) == ImportReport(changed=1)
    plan = await table.plan("ACME.Health", None)
    assert (plan.payer, plan.authorization, plan.regime) == ("acme-health", Channel.PAS, Regime.MEDICARE_ADVANTAGE)
    assert plan.fax == "555-0100"
    assert await table.plan("60054", "acme  HEALTH inc") == plan, "an id that is in no table: the name may be"
    assert await table.plan(None, "Acme") == UNKNOWN_PLAN
    assert await table.plan(None, None) == UNKNOWN_PLAN


async def test_a_name_of_several_plans_needs_the_line_of_business(table: PayerTable) -> None:
    other = {"id": "acme-state", "name": "ACME Health Inc", "line_of_business": "medicaid", "regime": "medicaid"}
    await table.import_payers([{**ACME, "line_of_business": "medicare_advantage"}, other])
    assert (await table.plan(None, "Acme Health Inc", LineOfBusiness.MEDICAID)).payer == "acme-state"
    assert await table.plan(None, "Acme Health Inc", LineOfBusiness.COMMERCIAL) == UNKNOWN_PLAN
    assert await table.plan(None, "Acme Health Inc") == UNKNOWN_PLAN


async def test_the_endpoint_is_what_the_row_says(table: PayerTable) -> None:
    await table.import_payers([ACME, {"id": "by-phone", "name": "By Phone"}])
    endpoint = await table.endpoint("acme-health")
    assert endpoint is not None
    assert (endpoint.base_url, endpoint.timeout) == ("https://payer.example/fhir", timedelta(seconds=12))
    assert (endpoint.name, endpoint.subscription_filter) == ("Acme Health, Inc.", "orgIdentifier")
    assert await table.endpoint("by-phone") is None
    assert await table.endpoint("nobody") is None


async def test_the_version_counts_changes_and_not_imports(pool: Pool, table: PayerTable) -> None:
    await table.import_payers([ACME])
    assert await table.import_payers([ACME]) == ImportReport(unchanged=1)
    assert await table.import_payers([{**ACME, "fax": "555-0199"}]) == ImportReport(changed=1)
    assert await pool.fetchval("SELECT version FROM payers") == 2
    assert (await table.plan("acme-health", None)).fax == "555-0199"


async def test_every_version_is_kept_for_good(pool: Pool, table: PayerTable) -> None:
    for phone in ("555-0101", "555-0102", "555-0102", "555-0101"):
        await table.import_payers([{**ACME, "phone": phone}, {"id": "other", "name": "Other"}])
    kept = await table.versions("acme-health")
    assert [(each.version, each.row.phone) for each in kept] == [(1, "555-0101"), (2, "555-0102"), (3, "555-0101")]
    assert kept[-1].row.plan(3) == await table.plan("acme-health", None)
    assert [each.version for each in await table.versions("other")] == [1]
    assert await table.versions("nobody") == []
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute("DELETE FROM payer_versions")


async def test_the_same_plan_in_other_words_is_no_new_version(table: PayerTable) -> None:
    written = {**ACME, "no_authorization": "nursing; 99601", "standard_decision": "3 business days", "closed_on": ""}
    meant = {**ACME, "no_authorization": ["99601", "nursing", "NURSING"], "standard_decision": "3 business day"}
    await table.import_payers([written])
    assert await table.import_payers([{**meant, "appeal_levels": ""}]) == ImportReport(unchanged=1)


async def test_two_imports_at_once_are_one_after_the_other(table: PayerTable) -> None:
    plans = made_up_plans(40, payer_url="http://127.0.0.1:1")
    changed = [{**plan, "phone": "555-0100"} for plan in reversed(plans)]
    reports = await asyncio.gather(table.import_payers(plans), table.import_payers(changed))
    assert sum(report.changed for report in reports) == 80
    assert [each.version for each in await table.versions(plans[0]["id"])] == [1, 2]


async def test_what_a_process_remembers_is_forgotten_when_another_imports(pool: Pool, table: PayerTable) -> None:
    other = PayerTable(pool)
    await other.import_payers([ACME])
    async with table.kept(), asyncio.timeout(10):
        # Twice: to begin to listen makes it forget once by itself.
        for version in (1, 2, 3):
            if version > 1:
                await other.import_payers([{**ACME, "name": f"Acme {version}"}])
            while (await table.plan("acme-health", None)).version < version:
                await pool.fetchval("SELECT 1")
            assert (await table.plan("acme-health", None)).version == version
        assert (await table.plan(None, "acme 3")).version == 3
        assert await table.plan(None, "Acme 2") == UNKNOWN_PLAN


async def test_what_is_remembered_is_not_asked_again(pool: Pool) -> None:
    remembered, asked = InvalidatedCache[str](pool, "payers"), 0

    async def ask() -> str:
        nonlocal asked
        asked += 1
        return str(await pool.fetchval("SELECT 'found'"))

    async def recalled() -> bool:
        before = asked
        assert await remembered.recall("it", ask) == "found"
        return asked == before

    assert not any([await recalled(), await recalled()]), "nothing is remembered yet"
    async with remembered.kept(), asyncio.timeout(10):
        while not await recalled():
            pass
    assert not await recalled()


async def test_one_bad_row_and_nothing_is_taken_over(pool: Pool, table: PayerTable) -> None:
    rows = [
        ACME,
        {"id": "No Spaces", "name": "x", "color": "blue"},
        ACME,
        {"id": "pas-without", "name": "x", "authorization": "pas"},
        "not a row",
        {"id": "unknown", "name": "x"},
    ]
    report = await table.import_payers(rows)
    assert {problem.line for problem in report.problems} == {2, 3, 4, 5, 6}
    assert RowProblem(4, "base_url: the channel pas needs it") in report.problems
    assert not any("No Spaces" in problem.problem for problem in report.problems)
    assert await pool.fetchval("SELECT count(*) FROM payers") == 0
