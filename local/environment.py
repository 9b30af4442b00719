"""What the local stack tells its processes: addresses and secrets, as settings variables."""

import json
from dataclasses import dataclass

from local.issuer import AUDIENCE, ISSUER, LIFETIME, ROLES_CLAIM
from local.ports import LOOPBACK
from local.state import StateDirectory

# An embedded server knows no API key, no TLS and no profile: what the caller has set for another one must not apply.
_EMBEDDED_TEMPORAL = dict.fromkeys(
    (
        "TEMPORAL_API_KEY",
        "TEMPORAL_API_KEY_FILE",
        "TEMPORAL_CONFIG_FILE",
        "TEMPORAL_PROFILE",
        "TEMPORAL_TLS",
        "TEMPORAL_TLS_CLIENT_CERT_PATH",
        "TEMPORAL_TLS_CLIENT_KEY_PATH",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
    ),
    "",
)


_PHARMACY = {"name": "Local Home Infusion", "npi": "1234567893", "originator": "9000000001"}
"""Who the local stack is to its simulated payers; the NPI is the example of the NPI standard."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the parts of a running stack answer, as in `addresses.json`; None for what this stack does not run."""

    desk: str
    temporal: str
    temporal_ui: str | None
    database: str
    payer: str | None
    namespace: str


def product_environment(state: StateDirectory, addresses: Addresses, *, desk_port: int) -> dict[str, str]:
    """The settings of worker, desk, simulator and of the commands that prepare them."""
    secrets = state.secrets()
    return {
        **(_EMBEDDED_TEMPORAL if addresses.temporal_ui else {}),
        "DATABASE_URL": addresses.database,
        "TEMPORAL_ADDRESS": addresses.temporal,
        "TEMPORAL_NAMESPACE": addresses.namespace,
        "FIRSTDOSE_STATE": str(state.path),
        # One build, which gets the work without anybody's word.
        "FIRSTDOSE_BUILD_ID": "",
        "FIRSTDOSE_HOST": LOOPBACK,
        "FIRSTDOSE_PORT": str(desk_port),
        "FIRSTDOSE_PUBLIC_URL": addresses.desk,
        "FIRSTDOSE_TEMPORAL_UI_ORIGIN": addresses.temporal_ui or "",
        "FIRSTDOSE_CODEC_TRUSTS_LOOPBACK": "true" if addresses.temporal_ui else "",
        "FIRSTDOSE_PLAIN_PAYLOADS": "true",
        "FIRSTDOSE_KEYS": secrets.keys,
        "FIRSTDOSE_SOURCES": "",
        "FIRSTDOSE_SOURCES_FILE": str(state.path / "sources.json"),
        "FIRSTDOSE_PHARMACY": json.dumps(_PHARMACY),
        "FIRSTDOSE_BILLING_SECRET": secrets.billing,
        "FIRSTDOSE_OIDC_ISSUER": ISSUER,
        "FIRSTDOSE_OIDC_AUDIENCE": AUDIENCE,
        "FIRSTDOSE_OIDC_JWKS_URL": "",
        "FIRSTDOSE_OIDC_JWKS_FILE": str(state.path / "jwks.json"),
        "FIRSTDOSE_OIDC_ROLES_CLAIM": ROLES_CLAIM,
        "FIRSTDOSE_OIDC_CLIENT_ID": "",
        "FIRSTDOSE_LOCAL_IDENTITIES": str(state.path / "tokens.json"),
        "FIRSTDOSE_OIDC_MAX_AGE": str(int(LIFETIME.total_seconds())),
        **_receivers(addresses.payer, list(secrets.sources)),
    }


def _receivers(payer: str | None, sources: list[str]) -> dict[str, str]:
    """Where milestones and bills go: to the simulator, when there is one."""
    if payer is None:
        return {}
    callbacks = {source: f"{payer}/receiver/sources/{source}" for source in sources}
    return {
        "FIRSTDOSE_BILLING_URL": f"{payer}/receiver/billing",
        "FIRSTDOSE_SOURCE_CALLBACKS": json.dumps(callbacks),
    }
