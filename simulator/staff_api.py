"""The desk's HTTP API as the simulated staff use it: one user per role, each action with an idempotency key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict

from firstdose.domain.work.message import MessageState
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind, WorkItemState

_WHOLE_PAGE = "200"


class DeskAway(Exception):
    """The desk does not answer now; it may later."""


class DeskRefused(Exception):
    """The desk does not accept it. The text is its reason."""


class Item(BaseModel):
    """A work item as the desk shows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    referral_id: str
    kind: WorkItemKind
    role: Role
    state: WorkItemState
    asks: dict[str, Any]
    opened_at: datetime

    @property
    def number(self) -> int:
        """Which one it is among the items of its referral."""
        return int(self.id.rpartition("-")[2])


class Row(BaseModel):
    """A referral in the list."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    number: str = ""
    source: str
    stage: str
    closing: str | None
    authorization: str
    waiting_for: tuple[str, ...]


class StaffApi:
    """Every method raises DeskAway, and DeskRefused. `tokens` by role; `http` has the desk as its base URL."""

    def __init__(self, http: httpx2.AsyncClient, tokens: Mapping[str, str]) -> None:
        self._http = http
        self._tokens = tokens

    async def open_items(self) -> list[Item]:
        """The whole worklist, the first due first."""
        return [Item.model_validate(row) for row in await self._pages("/api/work-items")]

    async def referrals(self, stage: str | None = None) -> list[Row]:
        """The newest first."""
        return [
            Row.model_validate(row)
            for row in await self._pages("/api/referrals", **({"stage": stage} if stage else {}))
        ]

    async def facts(self, referral_id: str) -> dict[str, Any]:
        """What is known of the patient and the order. The supervisor reads it, for a nurse sees no offer's patient."""
        found = await self._ask("GET", f"/api/referrals/{referral_id}", Role.SUPERVISOR)
        return dict(found["facts"] or {})

    async def opened_before(self, item: Item) -> int:
        """How many items of its kind the referral had before this one."""
        entries = await self._ask("GET", f"/api/referrals/{item.referral_id}/timeline", Role.AUDITOR)
        opened = [entry["details"] for entry in entries if entry["what"] == "work_item.opened"]
        same = [each["item"] for each in opened if each["kind"] == item.kind]
        return same.index(item.id) if item.id in same else len(same)

    async def resolve(self, item: Item, answer: dict[str, Any], attempt: int = 0) -> bool:
        """Whether it is applied by now. The same attempt counts once, however often this is called with its answer."""
        key = f"sim-{item.id}-{attempt}" if attempt else f"sim-{item.id}"
        path = f"/api/work-items/{item.id}/resolve"
        return bool((await self._ask("POST", path, item.role, json=answer, key=key))["status"] == MessageState.APPLIED)

    async def _pages(self, path: str, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            # An auditor sees every role's work and no fact about a person, and leaves no trace by looking.
            page = await self._ask("GET", path, Role.AUDITOR, params={**query, "limit": _WHOLE_PAGE})
            rows += page["items"]
            if not page.get("cursor"):
                return rows
            query["cursor"] = page["cursor"]

    async def _ask(self, method: str, path: str, role: Role, *, key: str | None = None, **content: Any) -> Any:
        headers = {"authorization": f"Bearer {self._tokens[role]}", **({"idempotency-key": key} if key else {})}
        return await ask(self._http, method, path, headers=headers, **content)


async def ask(http: httpx2.AsyncClient, method: str, path: str, **content: Any) -> Any:
    """The JSON that the desk answers. Raises DeskAway, DeskRefused."""
    try:
        response = await http.request(method, path, **content)
    except httpx2.TransportError:
        raise DeskAway(f"{method} {path}: no answer") from None
    if response.is_server_error or response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        raise DeskAway(f"{method} {path}: {response.status_code}")
    if not response.is_success:
        raise DeskRefused(f"{method} {path}: {response.status_code} {_reason(response)}")
    return response.json()


def _reason(response: httpx2.Response) -> str:
    """The desk's words for a problem (RFC 9457); they name fields and never repeat a value."""
    try:
        problem = response.json()
    except ValueError:
        return "without a reason"
    return "; ".join(
        [str(problem.get("detail")), *(f"{each['path']}: {each['problem']}" for each in problem.get("errors", ()))]
    )


def desk_client(url: str) -> httpx2.AsyncClient:
    """For one desk; no proxy stands between it and the simulated world."""
    return httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False)
