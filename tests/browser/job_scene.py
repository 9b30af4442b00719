"""How somebody works with a page, by its labels alone, and what then lies in the store."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from playwright.async_api import Page, expect

from desk.web.words import words
from firstdose.adapters.postgres.pool import transaction
from firstdose.domain.work.work_item import WorkItemKind
from tests.served_desk import ServedDesk

STAFF: Final = ZoneInfo("America/Chicago")
"""The zone in which a desk names times, unless it is the patient's."""


def day(days: int, zone: ZoneInfo = STAFF) -> str:
    """So many days from today, as a field for a day takes it."""
    return (datetime.now(UTC).astimezone(zone) + timedelta(days=days)).date().isoformat()


def moment(day: str, time: str, zone: ZoneInfo = STAFF) -> datetime:
    """What is meant by the day and the time on the screen."""
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=zone)


async def number_of(desk: ServedDesk, referral_id: str) -> str:
    """`FD-` and six characters."""
    return str(await desk.desk.pool.fetchval("SELECT referral_number FROM referrals WHERE id = $1", referral_id))


async def open_work(page: Page, desk: ServedDesk, kind: WorkItemKind, referral_id: str) -> None:
    """From the list of work to the case, on which the form stands."""
    await page.get_by_role("link", name=words(kind), exact=True).click()
    await expect_case(page, desk, referral_id)
    await expect(page.get_by_role("region", name="Next").get_by_role("link", name=words(kind))).to_be_visible()


async def expect_case(page: Page, desk: ServedDesk, referral_id: str) -> None:
    await expect(page).to_have_url(f"{desk.url}/referrals/{referral_id}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(await number_of(desk, referral_id))


async def choose(page: Page, question: str, answer: str) -> None:
    group = page.get_by_role("group", name=question, exact=True)
    await group.get_by_role("radio", name=answer, exact=True).check()


async def fill(page: Page, label: str, text: str) -> None:
    """Into a field that is in sight."""
    await page.get_by_role("textbox", name=label).fill(text)


async def send(page: Page, button: str = "Send", says: str = "Stored.") -> None:
    await page.get_by_role("button", name=button, exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text(says)


async def sealed_of(desk: ServedDesk, referral_id: str, kind: str) -> list[dict[str, Any]]:
    """What the messages of a kind have sealed, in their order."""
    ids = await desk.desk.pool.fetch(
        "SELECT id FROM messages WHERE referral_id = $1 AND kind = $2 ORDER BY ordinal", referral_id, kind
    )
    async with transaction(desk.desk.pool) as connection:
        return [await desk.desk.messages.sealed_part(connection, str(row["id"])) or {} for row in ids]


async def audited_acts(desk: ServedDesk, referral_id: str, actor: str) -> list[str]:
    """What the audit of a referral has of somebody, in its order."""
    rows = await desk.desk.pool.fetch(
        "SELECT action FROM audit WHERE chain = $1 AND actor = $2 ORDER BY seq", referral_id, actor
    )
    return [row["action"] for row in rows]
