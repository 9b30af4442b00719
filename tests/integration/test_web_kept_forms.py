"""What somebody typed is theirs again after signing in: the session was over, or the act needed a recent sign-in."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.responses import JSONResponse, Response

from desk.http.app import create_routes
from desk.http.app_context import open_desk
from desk.web.flash import Flash
from desk.web.page import StaffPage
from desk.web.route import page_router
from firstdose.domain.work.role import Role
from tests.oidc_provider import Browser, browser_settings, oidc_provider
from tests.served_desk import ServedDesk, served, token

router = page_router()
TYPED = {"reason": ["<b>O'Hara</b> called"], "who": ["patient", "caregiver"], "open": [""]}


@router.get("/try")
async def show(page: StaffPage) -> Response:
    form = page.form_view("reason", {"reason": "none yet"})
    shown = {"values": form.values, "csrf": page.csrf, "kept": form.kept, "page": page.address}
    return JSONResponse(shown)


@router.post("/try")
async def act(page: StaffPage) -> Response:
    await page.require_recent_sign_in()
    return await page.done("/work", Flash.APPLIED)


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[str]:
    async with oidc_provider() as address:
        yield address


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, issuer: str) -> AsyncIterator[ServedDesk]:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({role.value: token(role) for role in Role}))
    async with open_desk(browser_settings(dsn, tmp_path, issuer)) as context:
        app = create_routes(context)
        app.include_router(router)
        async with served(app) as url:
            yield ServedDesk(url, context)


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        yield opened


async def sign_in(browser: Browser, subject: str, start: str = "/sign-in/start") -> httpx2.Response:
    asked = await browser.http.get(start)
    back = await browser.authorize(asked.headers["location"], subject)
    return await browser.http.get(back.replace("http://127.0.0.1:8080", browser.desk))


async def post(browser: Browser, **changes: str) -> httpx2.Response:
    """The form of the page, filled in."""
    shown = (await browser.http.get("/try?tab=2")).json()
    return await send(browser, shown, **changes)


async def send(browser: Browser, shown: dict[str, str], **changes: str) -> httpx2.Response:
    ours = {"_csrf": shown["csrf"], "_form": "reason", "_page": shown["page"], "_kept": shown["kept"]}
    return await browser.http.post("/try", data={**TYPED, **ours, **changes})


async def over(desk: ServedDesk) -> None:
    await desk.desk.pool.execute("UPDATE web_sessions SET seen_at = seen_at - interval '16 minutes'")


async def ask_to_sign_in(browser: Browser, answer: httpx2.Response) -> str:
    """Where the button of the sign-in page leads."""
    page = await browser.follow(answer)
    assert page.url.path == "/sign-in"
    assert "What you typed is kept" in page.text
    assert "O'Hara" not in page.text
    return f"/sign-in/start?{page.url.query.decode()}"


async def test_a_form_is_filled_in_again_after_the_session_was_over(desk: ServedDesk, browser: Browser) -> None:
    await sign_in(browser, "pharmacist")
    shown = (await browser.http.get("/try?tab=2")).json()
    await over(desk)
    start = await ask_to_sign_in(browser, await send(browser, shown))
    back = await sign_in(browser, "pharmacist", start)
    assert back.headers["location"].startswith("/try?tab=2&kept=")
    again = (await browser.http.get(back.headers["location"])).json()
    assert again["values"] == TYPED
    assert again["page"] == "/try?tab=2"
    assert (await send(browser, again)).headers["location"] == "/work"
    assert await desk.desk.pool.fetchval("SELECT count(*) FROM kept_forms") == 0


async def test_what_was_typed_is_sealed_in_the_store(desk: ServedDesk, browser: Browser) -> None:
    await sign_in(browser, "pharmacist")
    shown = (await browser.http.get("/try")).json()
    await over(desk)
    await send(browser, shown)
    row = await desk.desk.pool.fetchrow("SELECT * FROM kept_forms")
    assert row is not None
    assert b"Hara" not in row["sealed"]
    assert "Hara" not in str(dict(row))


async def test_somebody_else_does_not_get_what_was_typed(desk: ServedDesk, browser: Browser) -> None:
    await sign_in(browser, "pharmacist")
    shown = (await browser.http.get("/try")).json()
    await over(desk)
    start = await ask_to_sign_in(browser, await send(browser, shown))
    kept = httpx2.URL(start).params["kept"]
    assert (await sign_in(browser, "nurse", start)).headers["location"] == "/try"
    assert (await browser.http.get(f"/try?kept={kept}")).json()["values"] == {"reason": ["none yet"]}


@pytest.mark.parametrize("changes", [{"_csrf": "x" * 43}, {"_csrf": ""}])
async def test_what_another_site_posted_is_not_kept(
    desk: ServedDesk, browser: Browser, changes: dict[str, str]
) -> None:
    await sign_in(browser, "pharmacist")
    shown = (await browser.http.get("/try")).json()
    await over(desk)
    assert (await send(browser, shown, **changes)).headers["location"] == "/sign-in?next=%2Ftry"
    assert await desk.desk.pool.fetchval("SELECT count(*) FROM kept_forms") == 0


async def test_what_was_kept_is_forgotten(desk: ServedDesk, browser: Browser) -> None:
    await sign_in(browser, "pharmacist")
    shown = (await browser.http.get("/try")).json()
    await over(desk)
    start = await ask_to_sign_in(browser, await send(browser, shown))
    await desk.desk.pool.execute("UPDATE kept_forms SET kept_until = now() - interval '1 second'")
    assert (await sign_in(browser, "pharmacist", start)).headers["location"] == "/try"
    assert await desk.desk.pool.fetchval("SELECT count(*) FROM kept_forms") == 0


async def test_an_act_that_needs_it_asks_to_sign_in_again(desk: ServedDesk, browser: Browser) -> None:
    await sign_in(browser, "supervisor")
    assert (await post(browser)).headers["location"] == "/work"
    await desk.desk.pool.execute("UPDATE web_sessions SET authenticated_at = now() - interval '6 minutes'")
    answer = await post(browser)
    assert "fresh=1" in answer.headers["location"]
    start = await ask_to_sign_in(browser, answer)
    asked = httpx2.URL((await browser.http.get(start)).headers["location"]).params
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    back = await sign_in(browser, "supervisor", start)
    again = (await browser.http.get(back.headers["location"])).json()
    assert again["values"] == TYPED
    assert (await send(browser, again)).headers["location"] == "/work"


async def test_another_person_cannot_answer_for_who_was_asked(desk: ServedDesk, browser: Browser) -> None:
    await sign_in(browser, "supervisor")
    await desk.desk.pool.execute("UPDATE web_sessions SET authenticated_at = now() - interval '6 minutes'")
    start = await ask_to_sign_in(browser, await post(browser))
    assert (await sign_in(browser, "second", start)).status_code == 401
    assert "supervisor" in (await browser.open("/work")).text
