"""Notes about a referral: who writes and reads them, that they stay as they are, and where their words are found."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg
import pytest

from desk.http.notes import LONGEST_NOTE
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.work.role import Role
from tests.integration.test_http_reading import put
from tests.integration.test_pg_canary import CANARY, readable
from tests.served_desk import ServedDesk, served_desk, settings_for

TEXT: Final = f"{CANARY}'s daughter called:\nshe is <b>home</b> on Friday"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


@pytest.fixture
async def path(desk: ServedDesk) -> str:
    return f"/api/referrals/{await desk.refer()}/notes"


async def test_a_note_has_author_role_and_time_and_the_newest_comes_first(desk: ServedDesk, path: str) -> None:
    async with desk.as_staff(Role.SUPERVISOR, subject="sue") as person:
        written = [(await person.post(path, json={"text": f" {TEXT} {number} "})).json() for number in range(3)]
        first = (await person.get(path, params={"limit": 2})).json()
        rest = (await person.get(path, params={"limit": 2, "cursor": first["cursor"]})).json()
    assert [*first["items"], *rest["items"]] == list(reversed(written))
    assert rest["cursor"] is None
    assert written[0]["text"] == f"{TEXT} 0"
    assert (written[0]["author"], written[0]["roles"]) == ("staff:sue", ["supervisor"])


async def test_notes_are_read_and_written_as_facts_are_read(desk: ServedDesk, pool: Pool) -> None:
    referral_id = await desk.refer()
    path = f"/api/referrals/{referral_id}/notes"
    await put(pool, referral_id, "assess_patient", "pharmacist")
    for role in Role:
        async with desk.as_staff(role) as person:
            statuses = (
                (await person.post(path, json={"text": TEXT})).status_code,
                (await person.get(path)).status_code,
            )
        allowed = role in (Role.SUPERVISOR, Role.PHARMACIST)
        assert statuses == ((201, 200) if allowed else (403, 403)), role


async def test_the_same_key_is_the_same_note(desk: ServedDesk, path: str) -> None:
    async with desk.as_staff(Role.SUPERVISOR) as person:
        key = {"idempotency-key": "k"}
        once, again = [(await person.post(path, json={"text": TEXT}, headers=key)).json() for _ in range(2)]
        other = await person.post(path, json={"text": "another"}, headers=key)
        listed = (await person.get(path)).json()["items"]
    assert (once, listed) == (again, [once])
    assert other.status_code == 409


@pytest.mark.parametrize("text", ["", "  \n", "x" * (LONGEST_NOTE + 1), "a\x00b", "a\x1bb"])
async def test_what_is_no_note_is_refused_without_repeating_it(desk: ServedDesk, path: str, text: str) -> None:
    async with desk.as_staff(Role.SUPERVISOR) as person:
        answer = await person.post(path, json={"text": text})
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["errors"]] == ["text"]
    assert "xx" not in answer.text


async def test_a_note_is_sealed_and_audited_and_stands_in_the_timeline(desk: ServedDesk, pool: Pool, path: str) -> None:
    async with desk.as_staff(Role.SUPERVISOR, subject="sue") as person:
        note = (await person.post(path, json={"text": TEXT})).json()
        await person.get(path)
        told = [each for each in (await person.get(path.replace("notes", "timeline"))).json() if each["note"]]
    assert await readable(pool) == []
    assert [(each["what"], each["actor"], each["note"]) for each in told] == [("note_written", "staff:sue", TEXT)]
    audited = await pool.fetch("SELECT action, details FROM audit WHERE action LIKE 'note%' ORDER BY seq")
    written, read = (tuple(row) for row in audited)
    assert written == ("note_written", {"note": note["id"], "roles": ["supervisor"], "characters": len(TEXT)})
    assert read == ("notes_read", {"notes": 1})


async def test_an_auditor_sees_that_and_not_what_was_written(desk: ServedDesk, path: str) -> None:
    async with desk.as_staff(Role.SUPERVISOR) as person, desk.as_staff(Role.AUDITOR) as auditor:
        await person.post(path, json={"text": TEXT})
        timeline = await auditor.get(path.replace("notes", "timeline"))
    assert "note_written" in timeline.text
    assert CANARY not in timeline.text


async def test_a_shredded_referrals_notes_are_gone(desk: ServedDesk, pool: Pool, vault: Vault, path: str) -> None:
    async with desk.as_staff(Role.SUPERVISOR) as person:
        await person.post(path, json={"text": TEXT})
        async with transaction(pool) as connection:
            await vault.shred(connection, path.split("/")[3])
        answers = [await person.get(path), await person.post(path, json={"text": TEXT})]
        timeline = await person.get(path.replace("notes", "timeline"))
    assert [each.status_code for each in answers] == [404, 404]
    assert CANARY not in timeline.text


async def test_a_referral_that_is_none_has_no_notes(desk: ServedDesk) -> None:
    async with desk.as_staff(Role.SUPERVISOR) as person:
        path = f"/api/referrals/{uuid4()}/notes"
        assert {(await person.get(path)).status_code, (await person.post(path, json={"text": TEXT})).status_code} == {
            404
        }


@pytest.mark.parametrize(
    "statement", ["UPDATE referral_notes SET author = 'x'", "DELETE FROM referral_notes", "TRUNCATE referral_notes"]
)
async def test_a_note_is_never_changed(desk: ServedDesk, pool: Pool, path: str, statement: str) -> None:
    async with desk.as_staff(Role.SUPERVISOR) as person:
        await person.post(path, json={"text": TEXT})
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute(statement)


async def test_a_note_without_its_audit_is_not_stored(desk: ServedDesk, pool: Pool, path: str) -> None:
    await pool.execute("ALTER TABLE audit ADD CONSTRAINT none CHECK (action <> 'note_written')")
    async with desk.as_staff(Role.SUPERVISOR) as person:
        assert (await person.post(path, json={"text": TEXT})).status_code == 500
    assert await pool.fetchval("SELECT count(*) FROM referral_notes") == 0
