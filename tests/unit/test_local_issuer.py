"""The local issuer: one made-up user per role, for loopback only."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from local.issuer import NotLoopbackError, issue_tokens, require_loopback
from local.state import StateDirectory

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def issued(directory: Path) -> tuple[KeySet, dict[str, str]]:
    with StateDirectory(directory) as state:
        issue_tokens(state, now=NOW)
    keys = KeySet.import_key_set(json.loads((directory / "jwks.json").read_text()))
    return keys, json.loads((directory / "tokens.json").read_text())


def test_each_role_has_a_user_and_supervisors_are_two(tmp_path: Path) -> None:
    keys, tokens = issued(tmp_path)
    claims = {user: jwt.decode(token, keys).claims for user, token in tokens.items()}
    assert {user: claim["roles"] for user, claim in claims.items()} == {
        "intake_coordinator": ["intake_coordinator"],
        "customer_service": ["customer_service"],
        "reimbursement_specialist": ["reimbursement_specialist"],
        "pharmacist": ["pharmacist"],
        "nurse_coordinator": ["nurse_coordinator"],
        "nurse": ["nurse"],
        "supervisor": ["supervisor"],
        "auditor": ["auditor"],
        "supervisor_2": ["supervisor"],
    }
    assert len({claim["sub"] for claim in claims.values()}) == len(tokens)
    pharmacist = claims["pharmacist"]
    assert pharmacist["sub"] == "local-pharmacist"
    assert (pharmacist["iss"], pharmacist["aud"]) == ("https://firstdose.local", "firstdose")
    assert pharmacist["exp"] == (NOW + timedelta(days=30)).timestamp()


def test_a_restart_keeps_the_key_so_that_open_sessions_go_on(tmp_path: Path) -> None:
    _, before = issued(tmp_path)
    keys, _ = issued(tmp_path)
    assert jwt.decode(before["nurse"], keys).claims["roles"] == ["nurse"]


def test_another_stack_s_tokens_are_worth_nothing_here(tmp_path: Path) -> None:
    keys, _ = issued(tmp_path / "here")
    _, foreign = issued(tmp_path / "there")
    with pytest.raises(InvalidKeyIdError):
        jwt.decode(foreign["nurse"], keys)


def test_the_published_keys_hold_no_private_part(tmp_path: Path) -> None:
    issued(tmp_path)
    (key,) = json.loads((tmp_path / "jwks.json").read_text())["keys"]
    assert "d" not in key


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_is_served(host: str) -> None:
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example", ""])  # noqa: S104
def test_any_other_address_is_refused(host: str) -> None:
    with pytest.raises(NotLoopbackError, match="for loopback only"):
        require_loopback(host)
