"""What each kind of journal entry does to the store: each one becomes an audit record, some also move something."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from firstdose.adapters.postgres.audit import AuditRecord
from firstdose.adapters.postgres.keys.vault import RecordSealer
from firstdose.adapters.postgres.messages.claims import claim_message
from firstdose.adapters.postgres.messages.mails import escalation_mail
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.payers.authorization_requests import keep_requests
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.authorization.requests import RequestEvent
from firstdose.domain.quantity.ordered_units import BILLING_UNITS, with_its_units
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.fact_groups import groups_changed
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.signature import SIGNED_ON, with_its_signature
from firstdose.domain.referral.today import latest_today
from firstdose.domain.referral.versions import keeping
from firstdose.domain.sealed_text import opened_texts
from firstdose.domain.work.journal import (
    Amended,
    AnyEntry,
    Entry,
    Escalated,
    HandedOver,
    Noted,
    Opened,
    Resolved,
    Told,
    Withdrawn,
)
from firstdose.domain.work.permissions import may_amend
from firstdose.domain.work.resolutions import split
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind, WorkItemState

_sql = load("journal")


BRINGING_FACTS = (Resolved, Amended)
"""The entries whose message may contain new facts of the referral."""


class EntryContext(NamedTuple):
    """Where entries belong: the referral, whose row is locked. Without a sealer it was shredded."""

    connection: Connection
    referral_id: str
    number: str
    """The one for people."""
    source: str
    sealer: RecordSealer | None
    audited: list[AuditRecord]
    """What the entries of the batch leave for the audit trail, in their order."""


class JournalEntries:
    """Applies entries, each in the caller's transaction. `mailboxes` are the addresses of the roles.

    The caller writes to the audit trail, in the same transaction, what they leave in `Place.audited`.
    """

    def __init__(
        self,
        revisions: Revisions,
        messages: Messages,
        outbox: Outbox,
        staff: StaffDirectory,
        mailboxes: Mapping[str, str],
    ) -> None:
        self._revisions = revisions
        self._messages = messages
        self._outbox = outbox
        self._staff = staff
        self._mailboxes = mailboxes

    async def apply(self, context: EntryContext, key: str, entry: AnyEntry) -> str | None:
        """Apply an entry that is new; what it sends is known by `key`. A code if it cannot be applied as it is."""
        match entry:
            case Opened():
                return await self._open(context, entry)
            case Resolved():
                await self._resolve(context, entry)
            case Withdrawn():
                await self._withdraw(context, entry)
            case Escalated():
                await self._escalate(context, key, entry)
            case Told():
                await self._tell_source(context, key, entry)
            case Amended():
                await self._amend(context, entry)
            case HandedOver():
                await self._hand_over(context, key, entry)
            case Noted():
                await self._note(context, entry)
        return None

    async def repeat(self, context: EntryContext, entry: AnyEntry) -> None:
        """An entry that was applied before: only an item's question and due time may have become others."""
        if isinstance(entry, Opened):
            item = entry.item
            asks = item.model_dump(mode="json")["asks"]
            await _sql.move_item(
                context.connection, id=item.id, referral_id=context.referral_id, asks=asks, due_at=item.due_at
            )

    async def _open(self, context: EntryContext, entry: Opened) -> str | None:
        item = entry.item
        member = await self._staff.owner(context.connection, context.referral_id, item)
        opened = await _sql.open_item(
            context.connection,
            **item.model_dump(mode="python", exclude={"kind", "asks"}),
            referral_id=context.referral_id,
            kind=item.kind,
            role=item.role,
            assignee=member,
            asks=item.model_dump(mode="json")["asks"],
        )
        if opened is None:
            return "item_of_another_referral"
        details = {"item": item.id, "kind": item.kind, "role": item.role, "due_at": item.due_at, "assignee": member}
        _write(context, entry, "work_item.opened", details)
        return None

    async def _resolve(self, context: EntryContext, entry: Resolved) -> None:
        kind = entry.kind or await _sql.kind_of_item(context.connection, id=entry.item_id)
        # A signal from the outside may carry what belongs under seal: only the open part is kept here.
        answer, _ = split(WorkItemKind(kind), entry.resolution) if kind else ({}, {})
        await self._close(context, entry.item_id, WorkItemState.RESOLVED, entry.at, answer)
        details = {"item": entry.item_id, "kind": kind, "outcome": answer.get("outcome")}
        _write(context, entry, "work_item.resolved", details)
        await self._take_over(context, entry)

    async def _withdraw(self, context: EntryContext, entry: Withdrawn) -> None:
        kind = await self._close(context, entry.item_id, WorkItemState.WITHDRAWN, entry.at, None)
        _write(context, entry, "work_item.withdrawn", {"item": entry.item_id, "kind": kind, "why": entry.why})

    async def _escalate(self, context: EntryContext, key: str, entry: Escalated) -> None:
        kind = await _sql.escalate_item(
            context.connection,
            id=entry.item_id,
            referral_id=context.referral_id,
            level=entry.level,
            escalated_at=entry.at,
        )
        if kind and (address := self._mailboxes.get(Role.SUPERVISOR)):
            mail = escalation_mail(address, context.number, WorkItemKind(kind), entry.level)
            await self._send(context, entry, f"escalated:{key}", "mail", Role.SUPERVISOR, mail)
        _write(context, entry, "work_item.escalated", {"item": entry.item_id, "kind": kind, "level": entry.level})

    async def _tell_source(self, context: EntryContext, key: str, entry: Told) -> None:
        referral = await self._revisions.current(context.connection, context.referral_id)
        milestone = _milestone(context, entry, referral)
        await self._send(context, entry, f"told:{key}", "source", context.source, milestone)
        code = {"business_status": entry.milestone, "visit_at": entry.visit_at}
        _write(context, entry, "source.told", code)

    async def _amend(self, context: EntryContext, entry: Amended) -> None:
        _write(context, entry, "referral.amended", {})
        await self._take_over(context, entry)

    async def _hand_over(self, context: EntryContext, key: str, entry: HandedOver) -> None:
        referral = await self._revisions.current(context.connection, context.referral_id)
        row = await _sql.accepted_responsibility(context.connection, referral_id=context.referral_id)
        agreed = dict(row) if row else None
        lines = entry.lines
        if context.sealer:
            lines = tuple(opened_texts(line, context.sealer.texts) for line in lines)
        claim = claim_message(context.referral_id, referral, lines, entry.served_on, agreed)
        await self._send(context, entry, f"handed_over:{key}", "billing", "billing", claim)
        billed = [record["line"] for record in claim["data"]["records"]]
        _write(context, entry, "billing.handed_over", {"lines": billed, "served_on": entry.served_on})

    async def _note(self, context: EntryContext, entry: Noted) -> None:
        _write(context, entry, entry.action, entry.details)
        await keep_requests(
            context.connection, context.referral_id, RequestEvent(entry.at, entry.action, entry.details)
        )

    async def _take_over(self, context: EntryContext, entry: Entry) -> None:
        """The facts that came with the entry's message, or the new version of them, become what holds."""
        payload = await self._payload(context, entry)
        if not payload or not payload.keys() & {"facts", "referral"}:
            return
        known = await self._revisions.current(context.connection, context.referral_id)
        try:
            referral = _merged(known, payload, latest_today(entry.at))
        except ValidationError:
            # The door checked them already, so this is a version of ours that reads them in another way.
            _write(context, entry, "facts_refused", {})
            return
        if isinstance(entry, Amended) and not may_amend(entry.actor, groups_changed(known, referral)):
            # The facts are others than when the door judged what this version changes.
            _write(context, entry, "facts_refused", {})
            return
        await self._revisions.add(
            context.connection, context.referral_id, referral, message_id=entry.message_id, at=entry.at
        )

    async def _payload(self, context: EntryContext, entry: Entry) -> dict[str, Any] | None:
        if entry.message_id is None:
            return None
        return await self._messages.sealed_part(context.connection, entry.message_id, of=context.referral_id)

    async def _close(
        self, context: EntryContext, item_id: str, state: WorkItemState, at: datetime, answer: dict[str, Any] | None
    ) -> str | None:
        """The item's kind; None if it was answered before, or is not there."""
        kind: str | None = await _sql.close_item(
            context.connection,
            id=item_id,
            referral_id=context.referral_id,
            state=state,
            closed_at=at,
            resolution=answer,
        )
        return kind

    async def _send(
        self,
        context: EntryContext,
        entry: Entry,
        what: str,
        channel: str,
        recipient: str,
        body: Mapping[str, Any],
    ) -> None:
        await self._outbox.put(
            context.connection,
            key=f"{context.referral_id}:{what}",
            referral_id=context.referral_id,
            channel=channel,
            recipient=recipient,
            body=body,
            at=entry.at,
            sealer=context.sealer,
        )


def _write(context: EntryContext, entry: Entry, action: str, details: Mapping[str, Any]) -> None:
    context.audited.append(AuditRecord(entry.at, entry.actor.label, action, details, entry.message_id))


def _merged(known: Referral, payload: Mapping[str, Any], today: date) -> Referral:
    """Raises ValidationError."""
    if "referral" in payload:
        new = keeping(known, Referral.read(payload["referral"], today=today))
        return with_its_units(known, with_its_signature(known, new))
    facts = payload["facts"]
    new = with_its_signature(known, with_facts(known, facts, today=today), newly_signed=SIGNED_ON in facts)
    return new if any(path.endswith(BILLING_UNITS) for path in facts) else with_its_units(known, new)


def _milestone(context: EntryContext, entry: Told, referral: Referral) -> dict[str, Any]:
    data = {
        "referral_id": context.referral_id,
        "number": context.number,
        "source_referral_id": referral.source_referral_id,
        "business_status": entry.milestone.value,
        "name": entry.milestone.name.lower(),
    }
    if entry.visit_at:
        data["visit_at"] = entry.visit_at.isoformat()
    return {"type": "referral.milestone", "timestamp": entry.at.isoformat(), "data": data}
