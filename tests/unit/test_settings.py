"""Settings say what is missing or wrong by name, never by value, and come from files as well."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from firstdose.settings import Settings, SettingsError, child_environment, load_settings, outer_servers, settings_table

REPO = Path(__file__).parents[2]
KEY = base64.b64encode(bytes(32)).decode()
SECRET = "whsec_" + KEY


def test_defaults_need_no_environment() -> None:
    settings = load_settings(environ={})
    assert (settings.host, settings.port, settings.log_format) == ("127.0.0.1", 8080, "json")
    assert settings.sources == {}


@pytest.mark.parametrize("name", ["FIRSTDOSE_KEYS", "DATABASE_URL", "FIRSTDOSE_SOURCES"])
@pytest.mark.parametrize("environ", [{}, {"FIRSTDOSE_KEYS": "", "DATABASE_URL": "", "FIRSTDOSE_SOURCES": ""}])
def test_a_missing_variable_stops_the_start_with_one_line(name: str, environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set: ") as error:
        load_settings(require=[name], environ=environ)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIRSTDOSE_KEYS", "CANARY"),
        ("FIRSTDOSE_KEYS", f"k1:{KEY}CANARY"),
        ("FIRSTDOSE_KEYS", "CANARY:" + base64.b64encode(bytes(31)).decode()),
        ("FIRSTDOSE_KEYS", f"CANARY:{KEY},CANARY:{KEY}"),
        ("FIRSTDOSE_SOURCES", "{CANARY"),
        ("FIRSTDOSE_SOURCES", '["CANARY"]'),
        ("FIRSTDOSE_SOURCES", '{"CANARY": "whsec_Q0FOQVJZ"}'),
        ("FIRSTDOSE_SOURCES", '{"CANARY": []}'),
        ("FIRSTDOSE_SOURCES", '{"CANARY": {"CANARY": 1}}'),
        ("FIRSTDOSE_BILLING_SECRET", "CANARY"),
        ("FIRSTDOSE_PORT", "CANARY"),
        ("FIRSTDOSE_METRICS_PORT", "70000"),
        ("FIRSTDOSE_LOG_LEVEL", "CANARY"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not usable: ") as error:
        load_settings(environ={name: value})
    assert "CANARY" not in str(error.value)
    assert "70000" not in str(error.value)
    assert error.value.__cause__ is None


ADDRESSES = {
    "FIRSTDOSE_SOURCE_CALLBACKS": '{"mercy": "%s"}',
    "FIRSTDOSE_BILLING_URL": "%s",
    "FIRSTDOSE_OIDC_ISSUER": "%s",
    "FIRSTDOSE_OIDC_JWKS_URL": "%s",
    "FIRSTDOSE_PUBLIC_URL": "%s",
    "FIRSTDOSE_TEMPORAL_UI_ORIGIN": "%s",
    "FIRSTDOSE_URL": "%s",
}


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://canary.example", "begins with https://, except on this machine"),
        ("https://user:CANARY@canary.example", "no user or password"),
        ("ftp://canary.example", "begins with https://"),
        ("https://canary.example/a b", "no spaces"),
    ],
)
def test_an_address_of_others_is_safe_or_stops_the_start(name: str, address: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not usable: .*{told}") as error:
        load_settings(environ={name: ADDRESSES[name] % address})
    assert "canary" not in str(error.value).lower()
    assert "mercy" not in str(error.value)


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("address", ["https://receiver.example/x", "http://127.0.0.1:5/x", "http://localhost:5"])
def test_https_and_this_machine_are_good(name: str, address: str) -> None:
    assert load_settings(environ={name: ADDRESSES[name] % address}) is not None


def test_every_address_in_the_settings_is_looked_at() -> None:
    """A new one is to stand in the table above."""
    kept = {"DATABASE_URL", "FIRSTDOSE_SMTP_URL"}
    named = {row.split("`")[1] for row in settings_table().splitlines()[2:]}
    addresses = {name for name in named if name.endswith(("_URL", "_ORIGIN", "_CALLBACKS", "_ISSUER"))}
    assert addresses == ADDRESSES.keys() | kept


@pytest.mark.parametrize(
    "url", ["smtp+plain://user:CANARY@mail.example", "http://user:CANARY@mail.example", "smtp://user:CANARY@"]
)
def test_mail_without_tls_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^FIRSTDOSE_SMTP_URL is not usable: ") as error:
        load_settings(environ={"FIRSTDOSE_SMTP_URL": url})
    assert "CANARY" not in str(error.value)
    assert "mail.example" not in str(error.value)


def test_validating_by_hand_shows_no_value_either() -> None:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate({"port": "CANARY"})
    assert "CANARY" not in str(error.value)


def test_keys_keep_their_order() -> None:
    settings = load_settings(environ={"FIRSTDOSE_KEYS": f"k2:{KEY}, k1:{KEY}"})
    assert list(settings.key_material()) == ["k2", "k1"]
    assert settings.key_material()["k1"] == bytes(32)


def test_a_source_has_one_secret_or_several() -> None:
    settings = load_settings(environ={"FIRSTDOSE_SOURCES": f'{{"a": "{SECRET}", "b": ["{SECRET}", "{SECRET}"]}}'})
    assert {source: len(secrets) for source, secrets in settings.sources.items()} == {"a": 1, "b": 2}


def test_secrets_are_not_shown() -> None:
    environ = {
        "DATABASE_URL": "postgresql://CANARY@db",
        "FIRSTDOSE_KEYS": f"k1:{KEY}",
        "FIRSTDOSE_SOURCES": f'{{"a": "{SECRET}"}}',
        "FIRSTDOSE_TOKEN": "CANARY",
        "TEMPORAL_API_KEY": "CANARY",
    }
    shown = repr(load_settings(environ=environ))
    assert "CANARY" not in shown
    assert KEY not in shown


def test_a_secret_comes_from_its_file_or_the_secrets_directory(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://file\n")
    (tmp_path / "DATABASE_URL").write_text("postgresql://directory\n")
    (tmp_path / "TEMPORAL_API_KEY").write_text("secret\n")
    directory = {"FIRSTDOSE_SECRETS_DIR": str(tmp_path)}
    file = {"DATABASE_URL_FILE": str(tmp_path / "url"), **directory}

    def url(environ: dict[str, str]) -> str | None:
        return outer_servers(environ).database_url

    assert url(directory) == "postgresql://directory"
    assert url(file) == "postgresql://file"
    assert url({"DATABASE_URL": "postgresql://variable", **file}) == "postgresql://variable"
    assert load_settings(environ=directory).temporal["TEMPORAL_API_KEY"].get_secret_value() == "secret"


def test_an_unreadable_secret_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL: its file cannot be read \(FileNotFoundError\)$"):
        load_settings(environ={"DATABASE_URL_FILE": str(tmp_path / "missing")})


def test_a_login_at_a_payer_has_its_password_in_a_file_and_nowhere_else() -> None:
    def credentials(told: str) -> Settings:
        return load_settings(environ={"FIRSTDOSE_PAYER_CREDENTIALS": f'{{"clearinghouse": {{"user": "us", {told}}}}}'})

    given = credentials('"password_file": "/run/secrets/clearinghouse"').payer_credentials["clearinghouse"]
    assert (given.user, given.password_file) == ("us", Path("/run/secrets/clearinghouse"))
    with pytest.raises(SettingsError, match=r"^FIRSTDOSE_PAYER_CREDENTIALS is not usable: ") as refused:
        credentials('"password": "CANARY"')
    assert "CANARY" not in str(refused.value)


def test_only_temporals_variables_reach_temporal() -> None:
    settings = load_settings(environ={"TEMPORAL_ADDRESS": "t:7233", "TEMPORAL_NAMESPACE": "", "HOME": "/root"})
    assert list(settings.temporal) == ["TEMPORAL_ADDRESS"]


def test_outer_servers_are_those_the_environment_names() -> None:
    assert outer_servers({}) == (None, None)
    named = {"DATABASE_URL": "postgresql://db", "TEMPORAL_ADDRESS": "t:7233"}
    assert outer_servers(named) == ("postgresql://db", "t:7233")


def test_child_environment_keeps_ours_and_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "1")
    monkeypatch.setenv("FIRSTDOSE_PORT", "1")
    child = child_environment({"FIRSTDOSE_PORT": "2"})
    assert (child["OURS"], child["FIRSTDOSE_PORT"]) == ("1", "2")


def test_the_table_and_the_example_file_name_every_variable() -> None:
    example = (REPO / ".env.example").read_text()
    rows = settings_table().splitlines()[2:]
    names = [row.split("`")[1].split(",")[0] for row in rows]
    assert {"DATABASE_URL", "FIRSTDOSE_TOKEN", "TEMPORAL_ADDRESS"} <= set(names)
    assert [name for name in names if f"{name}=" not in example] == []


def test_the_example_file_can_be_loaded_as_it_is() -> None:
    lines = (REPO / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert load_settings(environ=given).port == 8080


def test_importing_the_settings_loads_nothing_heavy() -> None:
    script = "import sys, firstdose.settings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"temporalio", "cryptography", "asyncpg", "fastapi", "structlog"} & set(loaded)
