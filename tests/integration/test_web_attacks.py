"""What a stranger or another site may try at the pages: sessions, forms, redirects, the sign-in itself."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from firstdose.adapters.postgres.ids import new_id
from firstdose.domain.work.role import Role
from tests.oidc_provider import Browser, hidden_fields
from tests.served_desk import ServedDesk, desk_with_buttons, served_desk, settings_for

SESSION = "firstdose"
ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"]


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        yield opened


async def item_of(desk: ServedDesk, role: Role = Role.PHARMACIST, kind: str = "assess_patient") -> str:
    """An open work item that the role may claim."""
    referral_id, item = await desk.refer(), new_id()
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at) VALUES ($1, $2, $3, $4, now(), now())",
        item,
        referral_id,
        kind,
        role,
    )
    return item


async def is_open(desk: ServedDesk, item: str) -> bool:
    return str(await desk.desk.pool.fetchval("SELECT state FROM work_items WHERE id = $1", item)) == "open"


@pytest.mark.parametrize("forged", ["", "x", "A" * 43, "../../etc", "A" * 5000])
async def test_a_forged_session_is_none(browser: Browser, forged: str) -> None:
    browser.http.cookies.set(SESSION, forged)
    answer = await browser.http.get("/work")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fwork")


async def test_what_the_store_holds_opens_no_session(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    secret = browser.http.cookies[SESSION]
    held = await desk.desk.pool.fetchval("SELECT secret_index FROM web_sessions")
    assert secret.encode() not in held
    for guess in (held.hex(), held.hex()[:43]):
        browser.http.cookies.set(SESSION, guess, domain="127.0.0.1", path="/")
        assert (await browser.http.get("/work")).status_code == 303


@pytest.mark.parametrize(
    "over",
    [
        "UPDATE web_sessions SET seen_at = seen_at - interval '16 minutes'",
        "UPDATE web_sessions SET ends_at = now()",
        "UPDATE web_sessions SET ended_at = now()",
        "DELETE FROM web_sessions",
    ],
)
async def test_a_session_that_is_over_reads_and_changes_nothing(desk: ServedDesk, browser: Browser, over: str) -> None:
    item = await item_of(desk)
    await browser.sign_in_locally(Role.PHARMACIST)
    page = await browser.open("/work")
    await desk.desk.pool.execute(over)
    assert (await browser.http.get("/work")).headers["location"].startswith("/sign-in?next=")
    answer = await browser.post(page, f"/work/{item}/claim")
    assert answer.headers["location"].startswith("/sign-in?next=%2Fwork")
    assert await is_open(desk, item)


@pytest.mark.parametrize("given", [None, "", "x" * 43])
async def test_a_form_without_the_sessions_token_changes_nothing(
    desk: ServedDesk, browser: Browser, given: str | None
) -> None:
    item = await item_of(desk)
    await browser.sign_in_locally(Role.PHARMACIST)
    fields = {} if given is None else {"_csrf": given}
    answer = await browser.http.post(f"/work/{item}/claim", data=fields)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert await is_open(desk, item)


async def test_a_token_of_another_session_is_refused(desk: ServedDesk, browser: Browser) -> None:
    item = await item_of(desk)
    async with Browser(desk.url) as other:
        await other.sign_in_locally(Role.PHARMACIST)
        theirs = hidden_fields(await other.open("/work"), f"/work/{item}/claim")
    await browser.sign_in_locally(Role.PHARMACIST)
    assert (await browser.http.post(f"/work/{item}/claim", data=theirs)).status_code == 403
    assert await is_open(desk, item)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_that_another_site_had_sent_is_refused(desk: ServedDesk, browser: Browser, site: str) -> None:
    item = await item_of(desk)
    await browser.sign_in_locally(Role.PHARMACIST)
    fields = hidden_fields(await browser.open("/work"), f"/work/{item}/claim")
    answer = await browser.http.post(f"/work/{item}/claim", data=fields, headers={"sec-fetch-site": site})
    assert answer.status_code == 403
    assert await is_open(desk, item)


async def test_a_form_of_ones_own_is_taken(desk: ServedDesk, browser: Browser) -> None:
    item = await item_of(desk)
    await browser.sign_in_locally(Role.PHARMACIST)
    answer = await browser.post(await browser.open("/work"), f"/work/{item}/claim")
    assert answer.headers["location"] == "/work"
    assert "It is yours now." in (await browser.open("/work")).text
    assert "It is yours now." not in (await browser.open("/work")).text


async def test_another_roles_work_is_refused(desk: ServedDesk, browser: Browser) -> None:
    item = await item_of(desk)
    await browser.sign_in_locally(Role.PHARMACIST)
    page = await browser.open("/work")
    await browser.sign_in_locally(Role.CUSTOMER_SERVICE)
    fields = hidden_fields(page, f"/work/{item}/claim") | {"_csrf": await browser.csrf()}
    answer = await browser.http.post(f"/work/{item}/claim", data=fields)
    assert answer.status_code == 403
    assert "The work item is for the role pharmacist." in answer.text
    assert await is_open(desk, item)


@pytest.mark.parametrize("place", ELSEWHERE)
async def test_signing_in_leads_to_no_other_site(browser: Browser, place: str) -> None:
    page = await browser.http.get(f"/sign-in?next={quote(place, safe='')}")
    assert "evil" not in page.text
    assert "javascript:" not in page.text
    fields = hidden_fields(page, "/sign-in/local") | {"next": place, "user": "pharmacist"}
    assert (await browser.http.post("/sign-in/local", data=fields)).headers["location"] == "/"
    assert (await browser.http.get(f"/sign-in?next={quote(place, safe='')}")).headers["location"] == "/"


async def test_a_forms_page_is_one_of_the_desk(desk: ServedDesk, browser: Browser) -> None:
    item = await item_of(desk)
    await browser.sign_in_locally(Role.PHARMACIST)
    fields = hidden_fields(await browser.open("/work"), f"/work/{item}/claim") | {"_page": "//evil.example"}
    assert (await browser.http.post(f"/work/{item}/claim", data=fields)).headers["location"] == "/"


async def test_who_signs_in_gets_a_new_session_and_the_one_before_ends(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    planted = browser.http.cookies[SESSION]
    await browser.sign_in_locally(Role.SUPERVISOR)
    assert browser.http.cookies[SESSION] != planted
    async with Browser(desk.url) as attacker:
        attacker.http.cookies.set(SESSION, planted)
        assert (await attacker.http.get("/work")).status_code == 303


async def test_a_session_that_was_made_up_is_not_taken_over(desk: ServedDesk, browser: Browser) -> None:
    browser.http.cookies.set(SESSION, "B" * 43, domain="127.0.0.1", path="/")
    await browser.sign_in_locally(Role.PHARMACIST)
    assert browser.http.cookies[SESSION] != "B" * 43


async def test_nobody_is_signed_in_by_another_sites_form(desk: ServedDesk, browser: Browser) -> None:
    page = await browser.http.get("/sign-in")
    fields = hidden_fields(page, "/sign-in/local") | {"user": "pharmacist"}
    for changed, headers in (({"_csrf": ""}, {}), ({}, {"sec-fetch-site": "cross-site"})):
        answer = await browser.http.post("/sign-in/local", data=fields | changed, headers=headers)
        assert answer.status_code == 403
        assert SESSION not in browser.http.cookies


async def test_buttons_are_for_this_machine_by_its_own_name(browser: Browser) -> None:
    """A name that an attacker has pointed at this machine reaches it from this machine's browser."""
    page = await browser.http.get("/sign-in", headers={"host": "rebound.example"})
    assert "Pharmacist" not in page.text
    fields = hidden_fields(await browser.http.get("/sign-in"), "/sign-in/local") | {"user": "pharmacist"}
    answer = await browser.http.post("/sign-in/local", data=fields, headers={"host": "rebound.example"})
    assert answer.status_code == 404
    assert SESSION not in browser.http.cookies


async def test_the_cookie_is_for_the_desk_alone(browser: Browser) -> None:
    answer = await browser.sign_in_locally(Role.PHARMACIST)
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{SESSION}="))
    for part in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Max-Age" not in cookie


async def test_under_https_the_cookie_is_secure(dsn: str, tmp_path: Path) -> None:
    settings = settings_for(dsn, tmp_path, public_url="https://desk.example")
    async with served_desk(settings) as served, Browser(served.url) as browser:
        cookie = (await browser.http.get("/sign-in")).headers["set-cookie"]
        assert cookie.startswith("__Host-firstdose-visitor=")
        assert "Secure" in cookie


async def test_a_page_runs_nothing_that_is_not_the_desks(browser: Browser) -> None:
    policy = (await browser.http.get("/sign-in")).headers["content-security-policy"]
    assert "unsafe" not in policy
    for part in ("default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"):
        assert part in policy


@pytest.mark.parametrize("path", ["/work?role=%3Cscript%3E", "/work?cursor=%3Cscript%3E", "/%3Cscript%3E", "/work/x/y"])
async def test_what_is_asked_for_wrongly_is_not_repeated(browser: Browser, path: str) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    answer = await browser.http.get(path)
    assert answer.status_code in (400, 404)
    assert "text/html" in answer.headers["content-type"]
    assert "<script>" not in answer.text


async def test_a_program_that_misses_an_address_gets_a_problem(desk: ServedDesk, browser: Browser) -> None:
    answer = await browser.http.get("/nothing", headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
