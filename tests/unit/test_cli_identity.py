"""Whose token goes where."""

import base64
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.cli.app import main
from desk.cli.failure import Failure, Misuse
from desk.cli.identity_token import claims, keep_login, login_file, token_for
from firstdose.domain.work.role import Role
from firstdose.settings import Settings, load_settings

DESK = "http://127.0.0.1:8080"


def jwt(**said: object) -> str:
    parts = ({"alg": "none"}, {"sub": "u-17", "roles": ["pharmacist"], **said})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "s"]
    )


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local stack's directory, and an empty home."""
    for name, content in (
        ("addresses", {"desk": DESK}),
        ("tokens", {"supervisor": "the-supervisor's", "nurse": "the-nurse's"}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FIRSTDOSE_STATE", str(tmp_path))
    return tmp_path


def settings(state: Path, **given: str) -> Settings:
    return load_settings(environ={"FIRSTDOSE_STATE": str(state), **given})


def test_a_role_picks_the_local_stacks_user(state: Path) -> None:
    assert token_for(settings(state), DESK, Role.NURSE) == "the-nurse's"
    assert token_for(settings(state), DESK, None) == "the-supervisor's"


def test_a_given_token_is_used_unless_a_role_is_asked_for(state: Path) -> None:
    given = settings(state, FIRSTDOSE_TOKEN="mine")
    assert token_for(given, DESK, None) == "mine"
    assert token_for(given, DESK, Role.NURSE) == "the-nurse's"


def test_the_local_stacks_tokens_go_to_no_other_desk(state: Path) -> None:
    with pytest.raises(Misuse):
        token_for(settings(state), "https://desk.example", Role.NURSE)
    with pytest.raises(Failure, match="nobody is logged in"):
        token_for(settings(state), "https://desk.example", None)


def test_a_login_is_kept_for_its_owner_alone(state: Path) -> None:
    kept = keep_login("mine")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert token_for(settings(state), "https://desk.example", None) == "mine"
    keep_login("mine, renewed")
    assert kept.read_text() == "mine, renewed"


def test_login_takes_a_token_from_a_file(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = state / "token"
    file.write_text(jwt(exp=4_000_000_000) + "\n")
    with pytest.raises(SystemExit) as leaving:
        main(["login", str(file)])
    assert not leaving.value.code
    assert login_file().read_text() == file.read_text().strip()
    assert "u-17" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("token", "said"), [(jwt(exp=1), "expired"), ("nonsense", "not a JWT"), ("a.b.c", "not a JWT")]
)
def test_login_takes_no_useless_token(state: Path, token: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "token").write_text(token)
    with pytest.raises(SystemExit) as leaving:
        main(["login", str(state / "token")])
    printed = capsys.readouterr().err
    assert leaving.value.code == 1
    assert said in printed
    assert token not in printed
    assert not login_file().exists()


def test_whoami_shows_subject_roles_and_expiry(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTDOSE_TOKEN", jwt(exp=4_000_000_000))
    with pytest.raises(SystemExit):
        main(["whoami", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["desk"], said["subject"], said["roles"]) == (DESK, "u-17", ["pharmacist"])
    assert datetime.fromisoformat(said["expires_at"]) == datetime.fromtimestamp(4_000_000_000, UTC)
    with pytest.raises(SystemExit):
        main(["whoami"])
    assert "pharmacist" in capsys.readouterr().out


def test_claims_of_what_is_no_jwt() -> None:
    with pytest.raises(Failure):
        claims(f"a.{base64.urlsafe_b64encode(b'[]').decode()}.c")
