"""The pharmacy's table of payers: read from its file, found however a source writes the payer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.imports import ImportReport, Problem
from firstdose.adapters.postgres.payers import PayerTable, Subscription
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.channel import UNKNOWN_PLAN, Channel
from firstdose.domain.clocks import Regime
from firstdose.domain.referral import LineOfBusiness

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


async def test_one_bad_row_and_nothing_is_taken_over(pool: Pool, table: PayerTable) -> None:
    rows = [
        ACME,
        {"id": "No Spaces", "name": "x", "colour": "blue"},
        ACME,
        {"id": "pas-without", "name": "x", "authorization": "pas"},
        "not a row",
        {"id": "unknown", "name": "x"},
    ]
    report = await table.import_payers(rows)
    assert {problem.row for problem in report.problems} == {2, 3, 4, 5, 6}
    assert Problem(4, "base_url: an electronic channel needs it") in report.problems
    assert not any("No Spaces" in problem.problem for problem in report.problems)
    assert await pool.fetchval("SELECT count(*) FROM payers") == 0


async def test_a_subscription_replaces_the_former_one(table: PayerTable) -> None:
    await table.import_payers([ACME])
    assert await table.subscription("acme-health") is None
    at = datetime(2026, 3, 2, tzinfo=UTC)
    for number in ("s-1", "s-2"):
        newest = Subscription("acme-health", number, "https://desk.example/webhooks/payers/acme-health/pas", at)
        await table.put_subscription(newest)
    assert await table.subscription("acme-health") == newest
