"""`/api/work`: the views, filters, counts and search of the page, and what a nurse is not told, for programs."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firstdose.domain.work.role import Role
from tests.integration.test_web_work import ME, put, refer
from tests.served_desk import ServedDesk, served_desk, settings_for


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


async def test_views_and_counts_are_those_of_the_page(desk: ServedDesk) -> None:
    one = await refer(desk)
    late, mine = await put(desk, one, due="-3 hours"), await put(desk, one, assignee=ME)
    theirs = await put(desk, one, assignee="user-2")
    other = await put(desk, one, role="customer_service", kind="contact_patient", due="4 days")
    async with desk.as_staff(Role.PHARMACIST) as api:
        for view, items in {
            "start": [late, mine],
            "mine": [mine],
            "role": [late, mine, theirs],
            "all": [late, mine, theirs, other],
            "overdue": [late],
        }.items():
            listed = (await api.get("/api/work", params={"view": view})).json()
            assert sorted(row["item"] for row in listed["items"]) == sorted(items), view
        counts = (await api.get("/api/work/counts")).json()
    assert counts == {"mine": 1, "unassigned": 1, "role": 3, "overdue": 1, "due_today": 1, "expiring": 0}


async def test_filters_order_and_pages(desk: ServedDesk) -> None:
    one, stat = await refer(desk), await desk.refer(urgency="stat", order={"therapy": "iron"})
    items = [await put(desk, one, due=f"{days} days") for days in (1, 2, 3)]
    pressing = await put(desk, stat, due="9 days")
    async with desk.as_staff(Role.PHARMACIST) as api:
        narrowed = await api.get("/api/work", params={"therapy": "iron", "payer": "summit"})
        assert narrowed.json()["items"] == []
        iron = (await api.get("/api/work", params={"therapy": "iron"})).json()
        assert [row["item"] for row in iron["items"]] == [pressing]
        seen: list[str] = []
        cursor = None
        for _ in range(4):
            query: dict[str, str] = {"sort": "urgency", "limit": "3", **({"cursor": cursor} if cursor else {})}
            page = (await api.get("/api/work", params=query)).json()
            seen += [row["item"] for row in page["items"]]
            if (cursor := page["cursor"]) is None:
                break
    assert seen == [pressing, *items]


async def test_a_row_names_the_patient_by_initials_alone(desk: ServedDesk) -> None:
    await put(desk, await refer(desk))
    async with desk.as_staff(Role.PHARMACIST) as api:
        answer = await api.get("/api/work")
    assert answer.json()["items"][0]["initials"] == "AH"
    assert "Hernandez" not in answer.text


@pytest.mark.parametrize("typed", ["Hernandez 01/31/1980", "(614) 555-0123", "W123456"])
async def test_a_caller_is_found_and_that_somebody_looked_is_audited(desk: ServedDesk, typed: str) -> None:
    one = await refer(desk)
    await desk.refer()
    async with desk.as_staff(Role.CUSTOMER_SERVICE) as api:
        found = (await api.post("/api/work/search", json={"q": typed})).json()
    assert [row["referral_id"] for row in found] == [one]
    row = await desk.desk.pool.fetchrow("SELECT actor, details FROM audit WHERE action = 'work_searched'")
    assert tuple(row or ()) == ("staff:test-customer_service", {"found": 1})


async def test_a_nurse_is_not_told_whom_it_is_about(desk: ServedDesk) -> None:
    one = await refer(desk)
    item = await put(desk, one, role="nurse", kind="confirm_visit")
    await desk.desk.pool.execute("UPDATE referrals SET lines = $1", [{"number": "PA-77", "kind": "drug", "code": "J1"}])
    async with desk.as_staff(Role.NURSE) as api:
        (row,) = (await api.get("/api/work")).json()["items"]
        assert row["item"] == item
        assert (row["initials"], row["authorization_number"], row["discharge_at"]) == (None, None, None)
        assert set((await api.get("/api/work/counts")).json()) == {"mine", "unassigned", "role", "overdue", "due_today"}
        for query in ({"view": "all"}, {"view": "waiting"}, {"view": "expiring"}, {"role": "pharmacist"}):
            assert (await api.get("/api/work", params=query)).status_code == 403, query
        assert (await api.post("/api/work/search", json={"q": "W123456"})).status_code == 403


async def test_an_auditor_has_no_worklist(desk: ServedDesk) -> None:
    async with desk.as_staff(Role.AUDITOR) as api:
        for path in ("/api/work", "/api/work/counts"):
            assert (await api.get(path)).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"), [("view=x", 422), ("sort=x", 422), ("payer=%00", 422), ("limit=0", 422), ("cursor=eA==", 400)]
)
async def test_what_is_no_query_is_refused_without_an_echo(desk: ServedDesk, query: str, status: int) -> None:
    async with desk.as_staff(Role.PHARMACIST) as api:
        answer = await api.get(f"/api/work?{query}")
    assert answer.status_code == status
    assert not re.search(r'"(input|ctx)"', answer.text)


@pytest.mark.parametrize("typed", ["", " ", "x" * 201, "a\x00b"])
async def test_what_cannot_be_looked_for_is_said(desk: ServedDesk, typed: str) -> None:
    async with desk.as_staff(Role.PHARMACIST) as api:
        answer = await api.post("/api/work/search", json={"q": typed})
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["errors"]] == ["q"]


async def test_the_description_names_the_filters(desk: ServedDesk) -> None:
    async with desk.as_staff(Role.PHARMACIST) as api:
        paths = (await api.get("/openapi.json")).json()["paths"]
    named = {each["name"] for each in paths["/api/work"]["get"]["parameters"]}
    assert named == {"view", "waiting_for", "role", "payer", "stage", "therapy", "sort", "cursor", "limit"}
    assert {"get", "post"} == {*paths["/api/work/counts"], *paths["/api/work/search"]}
