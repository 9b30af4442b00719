"""`python -m tests.browser.screenshots`: pictures of the desk's pages, from the local stack that runs.

Its people are synthetic; a desk that is not of this machine is refused. docs/desk-pages.md says how to use it.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import httpx2
from playwright.async_api import Browser, FloatRect, Page

from desk.cli.local_stack import LocalStackFiles
from desk.web.local_identities import sign_in_link
from firstdose.domain.address import is_loopback
from firstdose.domain.work.role import Role
from firstdose.settings import load_settings
from tests.browser.pages import DESKTOP, PHONE, chromium

OUT: Final = Path("docs/pictures/desk")
_WINDOWS: Final = 4
_QUALITY: Final = 60

Tokens = Mapping[str, str]
Scheme = Literal["light", "dark"]


class Picture(NamedTuple):
    """One page as one person sees it. `path` may have `{referral}` and `{item}`: what that role has to do first."""

    name: str
    role: Role
    path: str
    on_phone: bool = False
    key: str | None = None
    """Pressed before the picture is made."""
    scheme: Scheme = "light"


PICTURES: Final = (
    Picture("work", Role.PHARMACIST, "/work"),
    Picture("work-dark", Role.PHARMACIST, "/work", scheme="dark"),
    Picture("work-phone", Role.CUSTOMER_SERVICE, "/work?view=role", on_phone=True),
    Picture("work-keys", Role.PHARMACIST, "/work", key="?"),
    Picture("work-waiting", Role.SUPERVISOR, "/work?view=waiting&waiting_for=payer"),
    Picture("work-all", Role.SUPERVISOR, "/work?view=all&sort=urgency"),
    Picture("case", Role.PHARMACIST, "/referrals/{referral}"),
    Picture("case-dark", Role.PHARMACIST, "/referrals/{referral}", scheme="dark"),
    Picture("case-phone", Role.PHARMACIST, "/referrals/{referral}", on_phone=True),
    Picture("facts", Role.PHARMACIST, "/referrals/{referral}/facts/clinical"),
    Picture("hold-phone", Role.PHARMACIST, "/referrals/{referral}/hold", on_phone=True),
    Picture("item", Role.PHARMACIST, "/work-items/{item}"),
    Picture("item-payer", Role.REIMBURSEMENT_SPECIALIST, "/work-items/{item}"),
    Picture("visits", Role.NURSE, "/visits", on_phone=True),
    Picture("visit", Role.NURSE, "/visits/{item}", on_phone=True),
    Picture("audit", Role.AUDITOR, "/audit"),
    Picture("audit-codes", Role.AUDITOR, "/audit?codes=1"),
)


async def take_pictures(
    desk: str, tokens: Tokens, out: Path, pictures: Sequence[Picture] = PICTURES
) -> AsyncIterator[tuple[str, str]]:
    """The name of each picture in `out`, and what became of it; a page that is not there has none."""
    work = {role: await _first_work(desk, tokens, role) for role in {picture.role for picture in pictures}}
    async with chromium() as browser:
        yield "sign-in", await _sign_in_page(browser, desk, out)
        for picture in pictures:
            yield picture.name, await _take(browser, desk, tokens, picture, work[picture.role], out)


async def _first_work(desk: str, tokens: Tokens, role: Role) -> dict[str, str]:
    """The `referral` and `item` that the role has first in its list; empty if it has none."""
    if role is Role.AUDITOR:
        return {}
    async with httpx2.AsyncClient(base_url=desk, trust_env=False) as http:
        answer = await http.get(
            "/api/work", params={"view": "role"}, headers={"authorization": f"Bearer {tokens[role]}"}
        )
    rows: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return {"referral": rows[0]["referral_id"], "item": rows[0]["item"]} if rows else {}


async def _sign_in_page(browser: Browser, desk: str, out: Path) -> str:
    page = await browser.new_page(**_window(on_phone=False))
    await page.goto(f"{desk}/sign-in")
    said = await _saved(page, out / "sign-in.jpg")
    await page.close()
    return said


def _window(*, on_phone: bool, scheme: Scheme = "light") -> dict[str, Any]:
    return {"viewport": PHONE if on_phone else DESKTOP, "color_scheme": scheme}


async def _take(
    browser: Browser, desk: str, tokens: Tokens, picture: Picture, work: Mapping[str, str], out: Path
) -> str:
    try:
        path = picture.path.format_map(work)
    except KeyError:
        return "left out: this role has nothing to do"
    page = await browser.new_page(**_window(on_phone=picture.on_phone, scheme=picture.scheme))
    await page.goto(sign_in_link(desk, picture.role, tokens[picture.role]))
    answer = await page.goto(f"{desk}{path}")
    if answer is None or not answer.ok:
        said = f"left out: the desk answered {answer.status if answer else 'nothing'}"
    else:
        if picture.key:
            await page.keyboard.press(picture.key)
        said = await _saved(page, out / f"{picture.name}.jpg", whole=picture.key is None)
    await page.close()
    return said


async def _saved(page: Page, file: Path, *, whole: bool = True) -> str:
    """As long as the page is, but at most some windows."""
    window = page.viewport_size or DESKTOP
    high = await page.evaluate("document.documentElement.scrollHeight") if whole else window["height"]
    clip: FloatRect = {"x": 0, "y": 0, "width": window["width"], "height": min(high, _WINDOWS * window["height"])}
    await page.screenshot(path=file, type="jpeg", quality=_QUALITY, full_page=whole, clip=clip, animations="disabled")
    return str(file)


async def _run(desk: str, tokens: Tokens, out: Path) -> None:
    async for name, said in take_pictures(desk, tokens, out):
        print(f"{name:14}{said}")


def main() -> None:
    asked = argparse.ArgumentParser(prog="screenshots", description=__doc__)
    asked.add_argument("--out", type=Path, default=OUT, help=f"the folder, {OUT} if not given")
    folder = asked.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    local = LocalStackFiles.running(load_settings().state)
    desk = local.address("desk")
    if desk is None or not is_loopback(urlsplit(desk).hostname):
        sys.exit("no local stack runs: start `firstdose demo` or `firstdose dev`")
    asyncio.run(_run(desk, {role: local.token(role) for role in Role}, folder))


if __name__ == "__main__":
    main()
