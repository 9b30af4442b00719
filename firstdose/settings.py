"""The only reader of the environment: every variable by name, meaning and default.

Light on purpose (no Temporal, no database, no cryptography): the staff CLI imports it at every start.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from firstdose.adapters.networks import ProxyNetwork
from firstdose.browser_settings import BrowserSettings
from firstdose.setting_values import BuildId, FromJson, Keys, MailAddress, SourceSecrets, WebAddress, WebhookSecret

SECRETS_DIR = "FIRSTDOSE_SECRETS_DIR"
_TEMPORAL_API_KEY = "TEMPORAL_API_KEY"
_MAKE_KEY = "`python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'`"

# Read by temporalio.envconfig, listed here for the table in docs/settings.md.
_TEMPORAL_TABLE = (
    ("TEMPORAL_ADDRESS", "host:port of Temporal's frontend", "localhost:7233", False),
    ("TEMPORAL_NAMESPACE", "Temporal namespace", "default", False),
    (_TEMPORAL_API_KEY, "Temporal Cloud API key; switches TLS on", "", True),
    ("TEMPORAL_TLS, TEMPORAL_TLS_*", "TLS and client certificates, as Temporal's own tools read them", "", True),
    ("TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE", "Temporal's profile file and the profile to take from it", "", False),
)


class SettingsError(Exception):
    """One line that names the variable, says what is wrong and never shows its value."""


class OuterServers(NamedTuple):
    """Servers that the environment already names; None where the local stack is to start its own."""

    database_url: str | None
    temporal_address: str | None


class PayerCredential(BaseModel):
    """Where one of our credentials at payers lies: paths of files, never what is in them; and who logs in with one."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    private_key_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    authority_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None


class Settings(BrowserSettings):
    """What the processes are told from outside; aliases are the variables' names.

    `temporal` holds the TEMPORAL_* variables for `temporalio.envconfig`.
    """

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    temporal: dict[str, SecretStr] = Field(default_factory=dict, repr=False)

    database_url: SecretStr | None = Field(
        None,
        alias="DATABASE_URL",
        description="PostgreSQL 15 or newer, `postgresql://user:password@host:port/database`",
    )
    keys: Keys | None = Field(
        None,
        alias="FIRSTDOSE_KEYS",
        description="keys that seal PHI, `k2:<base64>,k1:<base64>`: the first is active, the last is the root of "
        f"indexes and seals and stays for good; 32 random bytes each, make one with {_MAKE_KEY}",
    )
    sources: Annotated[SourceSecrets, FromJson] = Field(
        default_factory=dict,
        alias="FIRSTDOSE_SOURCES",
        description='referral sources and their webhook secrets, JSON `{source: "whsec_…"}` or a list while rotating',
    )
    source_callbacks: Annotated[dict[str, WebAddress], FromJson] = Field(
        default_factory=dict,
        alias="FIRSTDOSE_SOURCE_CALLBACKS",
        description="where each source hears of milestones, JSON `{source: url}`",
    )
    pharmacy: Annotated[dict[str, str], FromJson] | None = Field(
        None,
        alias="FIRSTDOSE_PHARMACY",
        description='who we are to payers, JSON `{"name": …, "npi": …, "originator": …}`; the originator numbers our '
        "requests (X12 TRN03)",
    )
    payer_credentials: Annotated[dict[str, PayerCredential], FromJson] = Field(
        default_factory=dict,
        alias="FIRSTDOSE_PAYER_CREDENTIALS",
        description="files of our credentials at payers, JSON `{name: {purpose: file}}` as payers' rows name them: "
        "`private_key_file` signs for access tokens (RSA or P-384, PEM or JWK), `certificate_file` and `key_file` are "
        "for mutual TLS, `authority_file` if the payer's own certificate comes from a private authority; "
        "`password_file` beside the name `user` logs in to a clearinghouse",
    )
    billing_url: WebAddress | None = Field(
        None, alias="FIRSTDOSE_BILLING_URL", description="where the billing system takes its signed webhook"
    )
    billing_secret: WebhookSecret | None = Field(
        None, alias="FIRSTDOSE_BILLING_SECRET", description="webhook secret shared with the billing system, `whsec_…`"
    )
    smtp_url: MailAddress | None = Field(
        None,
        alias="FIRSTDOSE_SMTP_URL",
        description="`smtp://user:password@host:port` (STARTTLS is required), `smtps://…` (TLS from the beginning) or, "
        "on this machine alone, `smtp+plain://…`; unset: mail is only logged",
    )
    mail_from: str = Field("firstdose@localhost", alias="FIRSTDOSE_MAIL_FROM", description="sender address of our mail")
    role_mailboxes: Annotated[dict[str, str], FromJson] = Field(
        default_factory=dict,
        alias="FIRSTDOSE_ROLE_MAILBOXES",
        description="mailbox of each role, JSON `{role: address}`",
    )
    policy_file: Path | None = Field(
        None, alias="FIRSTDOSE_POLICY_FILE", description="the pharmacy's policy, YAML; unset: the built-in one"
    )
    oidc_issuer: WebAddress | None = Field(None, alias="FIRSTDOSE_OIDC_ISSUER", description="issuer of staff tokens")
    oidc_audience: str = Field("firstdose", alias="FIRSTDOSE_OIDC_AUDIENCE", description="audience a token must name")
    oidc_jwks_url: WebAddress | None = Field(
        None, alias="FIRSTDOSE_OIDC_JWKS_URL", description="the issuer's public keys"
    )
    oidc_jwks_file: Path | None = Field(
        None, alias="FIRSTDOSE_OIDC_JWKS_FILE", description="the issuer's public keys as a file, instead of the URL"
    )
    oidc_roles_claim: str = Field("roles", alias="FIRSTDOSE_OIDC_ROLES_CLAIM", description="claim that lists the roles")
    oidc_max_age: int = Field(
        24 * 3600,
        gt=0,
        alias="FIRSTDOSE_OIDC_MAX_AGE",
        description="the longest that a token may be valid and old, in seconds",
    )
    host: str = Field("127.0.0.1", alias="FIRSTDOSE_HOST", description="address that the servers listen on")
    port: int = Field(8080, ge=0, le=65535, alias="FIRSTDOSE_PORT", description="port of the desk")
    public_url: WebAddress = Field(
        "http://127.0.0.1:8080", alias="FIRSTDOSE_PUBLIC_URL", description="how the outside reaches the desk"
    )
    trusted_proxies: Annotated[tuple[ProxyNetwork, ...], FromJson] = Field(
        default=(),
        alias="FIRSTDOSE_TRUSTED_PROXIES",
        description="networks of the proxies whose `X-Forwarded-For` says who is asking, "
        'JSON `["10.0.0.0/8"]`; unset: nobody\'s',
    )
    temporal_ui_origin: WebAddress | None = Field(
        None,
        alias="FIRSTDOSE_TEMPORAL_UI_ORIGIN",
        description="origin of the Temporal Web UI, for the codec server's CORS",
    )
    codec_trusts_loopback: bool = Field(
        default=False,
        alias="FIRSTDOSE_CODEC_TRUSTS_LOOPBACK",
        description="local stack only: its Web UI on this machine needs no token to read payloads",
    )
    plain_payloads: bool = Field(
        default=False,
        alias="FIRSTDOSE_PLAIN_PAYLOADS",
        description="local stack only: workflows take messages that nobody sealed, from whoever they say",
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, alias="FIRSTDOSE_METRICS_PORT", description="the worker's Prometheus port, 0 for none"
    )
    build_id: BuildId | None = Field(
        None,
        alias="FIRSTDOSE_BUILD_ID",
        description="the build that a worker is of, another for each change of the code: it gets work once "
        "`firstdose make-current` was run; unset: builds are not told apart",
    )
    reconcile_every: int = Field(
        300,
        ge=0,
        alias="FIRSTDOSE_RECONCILE_EVERY",
        description="seconds between the desk's reconciliations, 0 for never",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="FIRSTDOSE_LOG_LEVEL", description="`debug`, `info`, `warning` or `error`"
    )
    log_format: Literal["json", "console"] = Field(
        "json", alias="FIRSTDOSE_LOG_FORMAT", description="`json` lines or `console`"
    )
    operator: str | None = Field(
        None,
        max_length=64,
        alias="FIRSTDOSE_OPERATOR",
        description="who runs commands of operation, for the audit; unset: the user's name on this machine",
    )
    state: Path = Field(
        Path(".firstdose"),
        alias="FIRSTDOSE_STATE",
        description="directory of the local stack, with its addresses and tokens",
    )
    url: WebAddress | None = Field(
        None, alias="FIRSTDOSE_URL", description="the desk that the CLI talks to; unset: the local stack's"
    )
    token: SecretStr | None = Field(
        None, alias="FIRSTDOSE_TOKEN", description="the CLI's staff token; unset: the local stack's"
    )

    def key_material(self) -> dict[str, bytes]:
        """The keys by id, active first, for the keyring."""
        return {key_id: key.get_secret_value() for key_id, key in (self.keys or {}).items()}


def load_settings(*, require: Iterable[str] = (), environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; `require` names the variables without which this process cannot work.

    An empty variable counts as unset. Raises SettingsError.
    """
    env = os.environ if environ is None else environ
    values = _read(env)
    for name in require:
        if name not in values:
            raise SettingsError(f"{name} is not set: {_meaning(name)}")
    try:
        return Settings.model_validate({**values, "temporal": _temporal(env)})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        # Only the variable's name: deeper parts of the location are the value's own keys.
        raise SettingsError(f"{first['loc'][0]} is not usable: {first['msg'].removeprefix('Value error, ')}") from None


def outer_servers(environ: Mapping[str, str] | None = None) -> OuterServers:
    """What the environment says about PostgreSQL and Temporal, for the local stack. Raises SettingsError."""
    env = os.environ if environ is None else environ
    return OuterServers(_secret(env, "DATABASE_URL"), env.get("TEMPORAL_ADDRESS") or None)


def child_environment(overlay: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `overlay` on top, for the local stack's child processes."""
    return {**os.environ, **overlay}


def settings_table() -> str:
    """Every variable as a Markdown table, for docs/settings.md."""
    rows = [
        (name, field.description or "", _shown(field.default), _is_secret(name)) for name, field in _variables().items()
    ]
    rows.append((SECRETS_DIR, "directory with one file per secret, named like its variable", "", False))
    lines = ["| variable | meaning | default | secret |", "|---|---|---|---|"]
    for name, meaning, default, secret in [*rows, *_TEMPORAL_TABLE]:
        lines.append(f"| `{name}` | {meaning} | {f'`{default}`' if default else ''} | {'yes' if secret else ''} |")
    return "\n".join(lines) + "\n"


def _read(env: Mapping[str, str]) -> dict[str, str]:
    """Values by variable name: from the variable itself and, for a secret, from a file."""
    read = {name: _secret(env, name) if _is_secret(name) else env.get(name) for name in _variables()}
    return {name: value for name, value in read.items() if value}


def _temporal(env: Mapping[str, str]) -> dict[str, str]:
    given = {name: value for name, value in env.items() if name.startswith("TEMPORAL_") and value}
    api_key = _secret(env, _TEMPORAL_API_KEY)
    return {**given, _TEMPORAL_API_KEY: api_key} if api_key else given


def _secret(env: Mapping[str, str], name: str) -> str | None:
    """The variable, else the file that `<name>_FILE` names, else the file of this name in the secrets directory."""
    if value := env.get(name):
        return value
    try:
        if file := env.get(f"{name}_FILE"):
            return Path(file).read_text().strip()
        if (directory := env.get(SECRETS_DIR)) and (secret := Path(directory, name)).is_file():
            return secret.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: its file cannot be read ({type(error).__name__})") from None
    return None


def _variables() -> dict[str, FieldInfo]:
    return {field.alias: field for field in Settings.model_fields.values() if field.alias}


def _is_secret(name: str) -> bool:
    # Its type says so: SecretStr or SecretBytes somewhere in it.
    return "Secret" in repr(_variables()[name].annotation)


def _meaning(name: str) -> str:
    return _variables()[name].description or ""


def _shown(default: object) -> str:
    return str(default) if isinstance(default, str | int | Path) else ""
