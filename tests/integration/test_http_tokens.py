"""Which tokens prove who is asking: type, algorithm, audience, age; and what a subject cannot pass itself off as."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from desk.http import actions
from desk.http.issuer import Issuer, Unidentified
from firstdose.domain.work.role import SOURCE, SYSTEM, ActorKind, Role
from tests.served_desk import ISSUER, KEY, ServedDesk, served_desk, settings_for

NOW = datetime.now(UTC)
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "firstdose", "sub": "s", "roles": ["nurse"]}


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(settings_for("", tmp_path), lambda: NOW)


@pytest.fixture
async def served(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as desk:
        yield desk


def _signed(header: dict[str, Any], key: Any = KEY, **claims: Any) -> str:
    usual = {**CLAIMS, "iat": NOW, "exp": NOW + timedelta(hours=1)}
    told = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": KEY.kid, **header}, told, key, default_type=None)


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
async def test_access_tokens_are_taken(issuer: Issuer, kind: str | None) -> None:
    actor = await issuer.identify(_signed({"typ": kind} if kind else {}))
    assert (actor.kind, actor.id, actor.roles) == (ActorKind.STAFF, "s", (Role.NURSE,))


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", ""])
async def test_tokens_for_another_purpose_are_not(issuer: Issuer, kind: str) -> None:
    with pytest.raises(Unidentified):
        await issuer.identify(_signed({"typ": kind}))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://another.example"},
        {"iat": None},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 201},
        {"sub": "a\nb"},
        {"exp": NOW - timedelta(minutes=1)},
        {"exp": NOW + timedelta(days=2)},
        {"iat": NOW - timedelta(days=2)},
        {"iat": NOW + timedelta(minutes=5), "exp": NOW + timedelta(minutes=10)},
        {"nbf": NOW + timedelta(minutes=5)},
    ],
)
async def test_claims_that_prove_nothing(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(Unidentified):
        await issuer.identify(_signed({}, **claims))


@pytest.mark.parametrize("claims", [{"iat": NOW + timedelta(seconds=20)}, {"exp": NOW - timedelta(seconds=20)}])
async def test_clocks_may_be_a_little_apart(issuer: Issuer, claims: dict[str, Any]) -> None:
    assert (await issuer.identify(_signed({}, **claims))).id


async def test_another_key_under_a_known_id_proves_nothing(issuer: Issuer) -> None:
    forged = ECKey.generate_key("P-256")
    with pytest.raises(Unidentified):
        await issuer.identify(_signed({}, forged))
    with pytest.raises(Unidentified):
        await issuer.identify(_signed({"alg": "RS256"}, RSAKey.generate_key(2048)))


async def test_a_shared_secret_proves_nothing(issuer: Issuer) -> None:
    with pytest.raises(Unidentified):
        await issuer.identify(_signed({"alg": "HS256"}, OctKey.generate_key(256)))


@pytest.mark.parametrize("subject", ["system", "source", "staff", "payer:acme", "operator:root", "local-web-ui"])
async def test_no_subject_is_taken_for_another_kind_of_actor(issuer: Issuer, subject: str) -> None:
    actor = await issuer.identify(_signed({}, sub=subject, roles=["supervisor"]))
    assert actor not in (SYSTEM, SOURCE)
    assert actor.label == f"staff:{subject}"


async def test_a_person_called_like_the_source_does_not_speak_for_it(
    served: ServedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their amendment would otherwise be taken for the source's newest word, and the source's own for a duplicate."""
    monkeypatch.setattr(actions, "PATIENCE", timedelta())
    told = {"source_referral_id": "R-1", "patient": {"family_name": "Testperson"}}
    referral_id = await served.refer(**told)
    changed = {**told, "patient": {"family_name": "Testperson", "given_name": "Ada"}}
    async with served.as_staff(Role.INTAKE_COORDINATOR, subject="source") as client:
        assert (await client.post(f"/api/referrals/{referral_id}/amend", json=changed)).status_code == 202
    answer = await served.send({"type": "referral.received", "timestamp": "2026-03-02T09:30:00Z", "data": changed})
    assert answer.json()["status"] == "accepted"
    async with served.desk.pool.acquire() as connection:
        actors = [row["actor"] for row in await connection.fetch("SELECT actor FROM audit ORDER BY at")]
    assert "staff:source" in actors
