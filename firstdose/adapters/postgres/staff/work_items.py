"""The worklist: open work items as people see them. Who does one and when it is seen again is decided here alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Conflict
from firstdose.adapters.postgres.paging import Cursor, Page, is_uuid, page_of
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.shown_rows import shown_row
from firstdose.domain.work.permissions import permit_item
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItem, WorkItemKind, WorkItemState

_sql = load("worklist")


class WorkItemView(BaseModel):
    """A work item with what the worklist adds to it. `resolution` is its open part."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    id: str
    referral_id: str
    number: str = Field(validation_alias="referral_number")
    """The referral's, for people."""
    kind: WorkItemKind
    role: Role
    state: WorkItemState
    assignee: str | None = None
    offered_to: str | None = None
    asks: dict[str, Any]
    opened_at: datetime
    due_at: datetime
    escalated_at: datetime | None = None
    level: int = 0
    snoozed_until: datetime | None = None
    closed_at: datetime | None = None
    resolution: dict[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        return self.state in (WorkItemState.OPEN, WorkItemState.CLAIMED)

    @property
    def as_asked(self) -> WorkItem:
        """What the workflow asks."""
        return WorkItem(
            id=self.id, kind=self.kind, asks=self.asks, opened_at=self.opened_at, due_at=self.due_at, level=self.level
        )

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "WorkItemView":
        return cls.model_validate(dict(row))


class StaleView(Conflict):
    """The item has changed since the actor saw it; `item` is its present state."""

    def __init__(self, item: WorkItemView) -> None:
        super().__init__(f"the work item is {item.state}")
        self.item = item


class WorklistStore:
    """Everything raises Unavailable. What changes an item is audited in the same transaction."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit

    async def list(
        self,
        *,
        role: Role | None = None,
        assignee: str | None = None,
        overdue: bool | None = None,
        referral: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[WorkItemView]:
        """Open items, the first due first, without the snoozed. Raises BadCursor."""
        after = Cursor.read(cursor)
        if referral is not None and not is_uuid(referral):
            return Page(items=())
        async with transaction(self._pool) as connection:
            rows = _sql.page(
                connection,
                role=role,
                assignee=assignee,
                overdue=overdue,
                referral_id=referral,
                now=datetime.now(UTC),
                after_due=after.at if after else None,
                after_id=after.id if after else None,
                size=limit + 1,
            )
            items = [await self._shown(connection, row) for row in [row async for row in rows]]
        return page_of(items, limit, lambda item: Cursor(item.due_at, item.id))

    async def get(self, item_id: str) -> WorkItemView | None:
        async with transaction(self._pool) as connection:
            row = await _sql.one(connection, id=item_id)
            return await self._shown(connection, row) if row else None

    async def knows_nurse(self, nurse: str) -> bool:
        """Whether the roster has somebody of this id."""
        async with reachable():
            return bool(await _sql.knows_nurse(self._pool, nurse=nurse))

    async def claim(self, item_id: str, actor: Actor) -> WorkItemView:
        """Make it the actor's, who joins the referral's team if it has nobody for the role.

        Raises:
            LookupError: there is no such item.
            Refused: it is another role's work, or a visit that was offered to somebody else.
            StaleView: it is closed, or somebody else has claimed it.
        """
        async with transaction(self._pool) as connection:
            item = await self._locked(connection, item_id, actor)
            if item.state is WorkItemState.CLAIMED:
                if item.assignee != actor.id:
                    raise StaleView(item)
                return item
            claimed = await self._shown(connection, await _sql.claim(connection, id=item_id, assignee=actor.id))
            if item.role in actor.roles:
                await _sql.join_team(connection, referral_id=item.referral_id, role=item.role, member=actor.id)
            await self._write(connection, claimed, actor, "work_item.claimed")
        return claimed

    async def release(self, item_id: str, actor: Actor) -> WorkItemView:
        """Give it back to everybody of the role: by who claimed it, or by a supervisor.

        Raises:
            LookupError, Refused: as for `claim`.
            StaleView: it is closed, or somebody else's.
        """
        async with transaction(self._pool) as connection:
            item = await self._locked(connection, item_id, actor, to_do=False)
            if item.assignee is None:
                return item
            if item.assignee != actor.id and Role.SUPERVISOR not in actor.roles:
                raise StaleView(item)
            released = await self._shown(connection, await _sql.release(connection, id=item_id))
            await self._write(connection, released, actor, "work_item.released")
        return released

    async def assign(self, item_id: str, person: str, actor: Actor) -> WorkItemView:
        """Give it to somebody who has signed in with its role: by who has it, while it is nobody's, or by a supervisor.

        They do the role's work of this referral from then on.

        Raises:
            LookupError: there is no such item.
            Refused: it is another role's work, or they do not have its role.
            StaleView: it is closed, or somebody else's.
        """
        async with transaction(self._pool) as connection:
            item = await self._locked(connection, item_id, actor, to_do=False)
            if item.assignee not in (None, actor.id) and Role.SUPERVISOR not in actor.roles:
                raise StaleView(item)
            if item.offered_to is not None:
                raise Refused("a visit is offered to a nurse of the roster: decline it, and it is offered to the next")
            if not await _sql.has_role(connection, subject=person, role=item.role):
                raise Refused(f"assignee: nobody of this id has signed in as {item.role}")
            assigned = await self._shown(connection, await _sql.claim(connection, id=item_id, assignee=person))
            await _sql.set_team(connection, referral_id=item.referral_id, role=item.role, member=person)
            await self._write(connection, assigned, actor, "work_item.assigned", assignee=person)
        return assigned

    async def snooze(self, item_id: str, until: datetime, actor: Actor) -> WorkItemView:
        """Keep it off the list until then, at most until it is due. Its clock goes on.

        Raises:
            LookupError, Refused: as for `claim`.
            StaleView: it is closed, or somebody else has claimed it.
        """
        async with transaction(self._pool) as connection:
            item = await self._locked(connection, item_id, actor, to_do=False)
            if item.state is WorkItemState.CLAIMED and item.assignee != actor.id:
                raise StaleView(item)
            snoozed = await self._shown(connection, await _sql.snooze(connection, id=item_id, until=until))
            await self._write(connection, snoozed, actor, "work_item.snoozed", until=until)
        return snoozed

    async def _shown(self, connection: Connection, row: Mapping[str, Any]) -> WorkItemView:
        return WorkItemView.of(await shown_row(connection, self._vault, row))

    async def _locked(self, connection: Connection, item_id: str, actor: Actor, *, to_do: bool = True) -> WorkItemView:
        """The open item, locked, if the actor may do it."""
        # The referral first, as the journal does: the other way round the two could wait for each other.
        await _sql.lock_referral(connection, id=item_id)
        row = await _sql.one(connection, id=item_id)
        if row is None:
            raise LookupError("no such work item")
        item = await self._shown(connection, row)
        permit_item(actor, item, to_do=to_do)
        if not item.is_open:
            raise StaleView(item)
        return item

    async def _write(
        self, connection: Connection, item: WorkItemView, actor: Actor, action: str, **details: object
    ) -> None:
        await self._audit.write(
            connection,
            item.referral_id,
            at=datetime.now(UTC),
            actor=actor.label,
            action=action,
            details={"item": item.id, "kind": item.kind, **details},
        )
