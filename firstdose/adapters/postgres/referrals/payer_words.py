"""Reading what payers said: everything of one contact, audited, and the remarks that a decision rests on."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from firstdose.adapters.keyring.sealed_texts import SealedTexts, shown
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.paging import is_uuid
from firstdose.adapters.postgres.payers.authorization_requests import requests_of
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.payer_views import AnswerView, PayerAnswersView
from firstdose.adapters.postgres.referrals.remark_view import RemarkView
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.adapters.postgres.referrals.views import LineView
from firstdose.domain.authorization.lines import Line
from firstdose.domain.work.role import Actor

_sql = load("payer_replies")


class PayerWords:
    """Everything raises Unavailable. The caller checks who may see facts."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit
        self._revisions = Revisions(vault)

    async def read(self, contact_id: str, actor: Actor) -> PayerAnswersView | None:
        """What the payer answered to it, audited with the reading; None if there is none, or it was shredded."""
        async with transaction(self._pool) as connection:
            row = await _sql.contact(connection, contact_id=contact_id)
            try:
                view = await self._view(connection, row) if row else None
            except NoDataKey:
                return None
            if view:
                await self._audit.write(
                    connection,
                    view.referral_id,
                    at=datetime.now(UTC),
                    actor=actor.label,
                    action="payer_answers_read",
                    details={"contact": view.contact, "answers": len(view.answers)},
                )
            return view

    async def referral_of(self, contact_id: str) -> str | None:
        """The referral that a contact with a payer is about."""
        async with transaction(self._pool) as connection:
            row = await _sql.contact(connection, contact_id=contact_id)
        return str(row["referral_id"]) if row else None

    async def remarks(
        self, referral_id: str, contacts: Iterable[str], *, problem: str | None = None
    ) -> tuple[RemarkView, ...]:
        """What the payers said last to these contacts.

        Without any, it is the answer of which only a person can judge this problem.
        """
        async with transaction(self._pool) as connection:
            named = [each for each in contacts if is_uuid(each)]
            if not named and problem:
                named = _one(await _sql.unclear_contact(connection, referral_id=referral_id, problem=problem))
            return await last_remarks(connection, self._vault, referral_id, named)

    async def remarks_on_coverage(self, referral_id: str) -> tuple[RemarkView, ...]:
        """Those of the answer about eligibility that came last."""
        async with transaction(self._pool) as connection:
            return await remarks_on_lines(connection, self._vault, referral_id, ())

    async def _view(self, connection: Connection, row: Mapping[str, Any]) -> PayerAnswersView:
        """Raises NoDataKey."""
        referral_id, contact = str(row["referral_id"]), str(row["id"])
        texts = (await self._vault.sealer(connection, referral_id)).texts
        order = (await self._revisions.current(connection, referral_id)).order
        requests = await requests_of(connection, referral_id)
        lines = [Line.model_validate(shown(line, texts)) for line in row["lines"]]
        return PayerAnswersView(
            contact=contact,
            referral_id=referral_id,
            payer=row["payer"],
            purpose=row["purpose"],
            channel=row["channel"],
            trace=row["trace"],
            asked_at=row["created_at"],
            lines=tuple(LineView.of(line, order, requests) for line in lines if line.contact == contact),
            answers=tuple(await _answers(connection, [contact], texts)),
        )


async def remarks_on_lines(
    connection: Connection, vault: Vault, referral_id: str, lines: Iterable[Line]
) -> tuple[RemarkView, ...]:
    """What payers said last about eligibility, and to the requests that carry these lines."""
    carried = [line.contact for line in lines if line.contact and is_uuid(line.contact)]
    verified = _one(await _sql.eligibility_contact(connection, referral_id=referral_id))
    return await last_remarks(connection, vault, referral_id, [*verified, *dict.fromkeys(carried)])


async def last_remarks(
    connection: Connection, vault: Vault, referral_id: str, contacts: list[str]
) -> tuple[RemarkView, ...]:
    """In the order of the contacts; of each its newest answer that was applied. Empty for a shredded referral.

    Where the newest is a refusal, or only a person can judge it, what was understood before stands beside it.
    """
    if not contacts:
        return ()
    try:
        texts = (await vault.sealer(connection, referral_id)).texts
    except NoDataKey:
        return ()
    said = [answer for answer in await _answers(connection, contacts, texts) if answer.applied]
    return tuple(remark for each in contacts for remark in _standing([one for one in said if one.contact == each]))


def _standing(said: list[AnswerView]) -> Iterator[RemarkView]:
    """Of one contact's answers, the newest first."""
    understood = next((one for one in said if one.problem is None), None)
    for answer in said[:1]:
        yield from answer.remarks
        if answer.problem and understood:
            yield from understood.remarks


async def _answers(connection: Connection, contacts: list[str], texts: SealedTexts) -> list[AnswerView]:
    """The newest first."""
    rows = [dict(row) async for row in _sql.said(connection, contacts=contacts)]
    opened = ({name: shown(value, texts) for name, value in row.items()} for row in rows)
    return [AnswerView.of(row) for row in opened]


def _one(contact: object) -> list[str]:
    return [str(contact)] if contact else []
